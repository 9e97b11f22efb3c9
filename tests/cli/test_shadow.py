"""`forbear shadow run` and `report`."""

import json
from pathlib import Path

import pytest
from httpx import Client

from decisions.policy_file.load import SHIPPED
from tests.cli.conftest import Run
from tests.cli.test_replay import asking, decided
from tests.serving.conftest import a_bundle

__all__ = ["asking"]  # fixture


def test_a_bundle_is_asked_and_the_report_says_what_would_change(
    asking: Client, forbear: Run, home: Path, tmp_path: Path
) -> None:
    made = [decided(asking), decided(asking, "other")]
    folder = a_bundle("nonpayment", intercept=-9.0).save(tmp_path)
    policy = SHIPPED / "plain-timeline.yaml"
    ran = forbear("shadow", "run", "--bundle", folder, "--policy", policy)
    assert ran.code == 0, ran.err
    assert "2 decisions from" in ran.out
    assert f"nonpayment: {folder.name} beside" in ran.out
    out = tmp_path / "shadow.json"
    again = forbear("shadow", "report", "--out", out)
    assert again.code == 0
    assert made[0] in again.out
    written = json.loads(out.read_text())
    assert (written["n"], written["n_different"], written["n_failed"]) == (2, 2, 0)
    assert set(written["content"]["moves"]) == {"fraud", "nonpayment"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "name a challenger"),
        (["run", "--model", "churn"], "--model is fraud or nonpayment"),
        (["report"], "there is no shadow yet"),
        (["report", "abc"], "there is no shadow of this id"),
    ],
)
def test_it_is_said_what_to_do(
    asking: Client, forbear: Run, words: list[str], said: str
) -> None:
    decided(asking)
    ran = forbear("shadow", *words)
    assert ran.code == 2
    assert said in ran.err
