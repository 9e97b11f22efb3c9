"""A policy is tried and tuned on every shape of portfolio, before it is live."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from backtest.tuning import EXPOSURE_TIERS
from decisions.policy_file.load import SHIPPED, load_policy
from features.moments import to_datetime
from features.portfolio import Portfolio
from tests.end_to_end.conftest import World, forbear

pytestmark = pytest.mark.slow


def policy_of(world: World) -> Path:
    return world.policy or SHIPPED / "reseller-default.yaml"


@pytest.fixture(autouse=True)
def home(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORBEAR_HOME", str(world.home))


def test_a_policy_is_tried_against_itself(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = to_datetime(Portfolio.open(world.folder).observed_until)
    period = [str((last - timedelta(days=n)).date()) for n in (45, 16)]
    policy, out = policy_of(world), tmp_path / "tried"
    code = forbear(
        *("policy", "simulate", world.folder, "--policy", policy, "--against", policy),
        *("--from", period[0], "--to", period[1], "--every", 3, "--out", out),
    )
    assert code == 0
    said = capsys.readouterr().out
    name = load_policy(policy).reference
    assert f"as much as {name} (old)" in said
    has_contacts = "contacts" in Portfolio.open(world.folder).settings.tables
    assert ("no table contacts" in said) is not has_contacts
    days = pq.read_table(out / "days.parquet")
    assert set(days["policy"].to_pylist()) == {f"{name} (new)", f"{name} (old)"}
    if not has_contacts:
        assert sum(days["without_access"].to_pylist()) == 0


def test_a_draft_is_made_of_any_book(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "draft.yaml"
    told = ("--policy", policy_of(world), "--out", out)
    assert forbear("policy", "tune", world.folder, *told) == 0
    assert "drafted" in capsys.readouterr().out
    tiers = load_policy(out).document.thresholds
    assert 1 <= len({tier.exposure_from for tier in tiers}) <= max(EXPOSURE_TIERS)
    assert forbear("policy", "check", out) == 0
