"""`forbear policy simulate` and `forbear policy tune`, as a person would run them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import simulation
from cli.main import main
from decisions.policy_file.load import SHIPPED, load_policy
from features.portfolio import Portfolio
from scoring.bundle import Bundle
from scoring.shelf import publish_bundle

POLICY = SHIPPED / "reseller-default.yaml"
Run = Callable[..., int]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's portfolio again, as a folder with its oracle beside it."""
    out = tmp_path_factory.mktemp("commands") / "small"
    simulation.simulate("recession", 80, 14, 7, out)
    return out


@pytest.fixture
def forbear(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    portfolio: Portfolio,
    bundle_of: Callable[[str], Bundle],
) -> Run:
    home = tmp_path / "state"
    for target in ("fraud", "nonpayment"):
        publish_bundle(bundle_of(target).save(tmp_path / target), home, target)
    monkeypatch.setenv("FORBEAR_HOME", str(home))

    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["forbear", "policy", *map(str, words)])
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return run


def test_simulate_writes_a_report_and_prints_the_price_of_guard_rails(
    forbear: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    period = ("--from", "2025-06-01", "--to", "2025-06-30", "--every", 3)
    code = forbear("simulate", folder, "--policy", POLICY, *period, "--out", out)
    said = capsys.readouterr().out
    assert code == 0
    assert "does not react to the new policy" in said
    assert "price on an average day" in said
    assert sorted(path.name for path in out.iterdir()) == [
        "days.parquet",
        "decisions.parquet",
        "guard_rails.parquet",
        "report.html",
    ]
    assert "By the oracle" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("--from", "2025-06-01", "--to", "soon"), "YYYY", id="no day"),
        pytest.param(
            ("--from", "2025-06-01", "--to", "2027-01-01"),
            "observe until",
            id="beyond the data",
        ),
        pytest.param(
            ("--from", "2025-06-02", "--to", "2025-06-01"),
            "backtest_period",
            id="backwards",
        ),
    ],
)
def test_a_period_that_cannot_be_lived_through_is_refused(
    forbear: Run,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
) -> None:
    out = tmp_path / "out"
    code = forbear("simulate", folder, "--policy", POLICY, *words, "--out", out)
    assert code == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_tune_writes_a_draft_that_passes_its_check(
    forbear: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "draft.yaml"
    assert forbear("tune", folder, "--policy", POLICY, "--out", out) == 0
    assert "in force for nobody" in capsys.readouterr().out
    assert load_policy(out).document.mode == "thresholds"
    assert forbear("check", out) == 0
