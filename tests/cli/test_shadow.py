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
    written = json.loads(out.read_text())
    for example in written["content"]["examples"]:
        assert example["decision_id"] in made
        [row] = [r for r in again.out.splitlines() if example["decision_id"] in r]
        keys = ("decision_id", "champion", "challenger")
        assert row.split()[:3] == [example[key] for key in keys]
        assert float(row.split()[3].replace(",", "")) == example["open"]
    assert len(written["content"]["examples"]) == 2
    assert (written["n"], written["n_different"], written["n_failed"]) == (2, 2, 0)
    assert set(written["content"]["moves"]) == {"fraud", "nonpayment"}


def test_where_it_began_is_said_to_who_would_begin_elsewhere(
    asking: Client, forbear: Run, home: Path, tmp_path: Path
) -> None:
    decided(asking)
    folder = a_bundle("nonpayment", intercept=-9.0).save(tmp_path)
    run = "shadow", "run", "--bundle", folder, "--from"
    nothing = forbear(*run, "2099-01-01")
    assert "no decision of what is in force could be compared" in nothing.out
    assert "1 decision from" in forbear(*run, "2020-01-01").out
    late = forbear(*run, "2021-01-01")
    assert late.code == 0, late.err
    assert "--from has no effect: this shadow began with 2020-01-01" in late.out


def test_where_nothing_differs_from_what_is_in_force_there_is_no_challenger(
    asking: Client, forbear: Run, home: Path
) -> None:
    """The night after its promotion: the unit counts this exit code as success."""
    decided(asking)
    in_force = next(home.rglob("manifest.json")).parent
    ran = forbear("shadow", "run", "--bundle", in_force)
    assert ran.code == 1
    assert "there is no challenger" in ran.out + ran.err
    unit = Path(__file__).parents[2] / "deploy/systemd/forbear-shadow.service"
    assert "SuccessExitStatus=1" in unit.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "name a challenger"),
        (["run", "--model", "fraud"], "the registry has no challenger of"),
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
