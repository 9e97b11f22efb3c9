"""A small reseller's first hour: three CSVs, first the starter, then a model."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from advice.assembly import DEFAULT_POLICY, assemble, ids_in_force
from advice.portfolio_run import advise_portfolio
from decisions.policy_file.load import load_policy
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots
from scoring.metrics import auc
from tests.end_to_end.plain import write_plain
from training.train import TrainingResult, train

pytestmark = pytest.mark.slow  # trains

STOPS = {"suspend", "block"}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def habits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_plain(tmp_path_factory.getbasetemp() / "plain", 400, 5)


@pytest.fixture(scope="module")
def plain(
    habits: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Portfolio:
    return Portfolio.open(tmp_path_factory.getbasetemp() / "plain")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def scored(home: Path, plain: Portfolio) -> Rows:
    advisor = assemble(home, ids_in_force(home), load_policy(DEFAULT_POLICY))
    rows: Rows = advise_portfolio(advisor, plain, latest_snapshots(plain)).to_pylist()
    return rows


@pytest.fixture(scope="module")
def before(home: Path, plain: Portfolio) -> Rows:
    return scored(home, plain)


@pytest.fixture(scope="module")
def trained(before: Rows, home: Path, plain: Portfolio) -> list[TrainingResult]:
    return train(plain, home=home)


@pytest.fixture(scope="module")
def after(trained: list[TrainingResult], home: Path, plain: Portfolio) -> Rows:
    return scored(home, plain)


def test_the_starter_puts_the_worse_habits_first(
    before: Rows, habits: dict[str, str]
) -> None:
    import numpy as np

    label = np.array(
        [habits[r["customer_id"]] in ("erratic", "sinking") for r in before]
    )
    p = np.array([r["p_nonpayment"] for r in before])
    assert auc(label.astype(np.float64), p) > 0.7


def test_before_training_nobody_is_stopped_without_a_person(before: Rows) -> None:
    assert before
    for row in before:
        assert row["action"] not in STOPS or row["requires_person"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_everybody_gets_a_sensible_decision(
    when: str, request: pytest.FixtureRequest
) -> None:
    rows: Rows = request.getfixturevalue(when)
    assert Counter(row["no_decision"] for row in rows) == {None: len(rows)}
    for row in rows:
        if row["overdue"] == 0.0:
            assert row["action"] in ("none", "review"), row["customer_id"]
        if (row["days_overdue"] or 0) > 120:
            assert row["proposed_action"] != "none", row["customer_id"]
        assert row["action"] not in STOPS  # no notice was ever recorded
    calm = [row for row in rows if row["overdue"] == 0.0]
    assert sum(row["action"] == "none" for row in calm) > 0.9 * len(calm)


def test_training_gives_what_the_outcomes_bear(trained: list[TrainingResult]) -> None:
    [result] = trained
    assert result.target == "nonpayment"
    assert result.bundle is not None
    assert result.learnt is not None
    assert result.learnt.judgement.metrics["auc"].value > 0.72
    assert result.outlook is None or result.outlook.expected_on is not None
