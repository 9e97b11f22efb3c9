"""What a measure is worth beside an action of the same horizon."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backtest.day_decisions import DayDecisions
from backtest.savings import Savings
from decisions import default_policy
from decisions.actions import NONE, REMIND, SUSPEND
from decisions.case import BudgetUse
from decisions.money.measures import measure_costs
from decisions.policy.measures import Measure
from decisions.steps.choose_columns import run
from decisions.steps.columns import columns_of_plain
from decisions.terms import Terms
from features.money import UNITS

FIRST_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIXED, RUN_UP = 1.0, 900.0
CAN_BE_LOST = 0.7 * RUN_UP  # the policy's loss given non-payment


@pytest.fixture(scope="module")
def terms() -> Terms:
    """The shipped policy, with a measure that avoids three fifths of what is left."""
    terms = default_policy().latest
    costs = terms.document.costs
    assert costs is not None
    measure = Measure(fixed=FIXED, stop=(0.6, 0.6))
    with_it = costs.model_copy(update={"measures": {"restrict": measure}})
    return replace(terms, measures=measure_costs(with_it))


def decided(terms: Terms, days: int, action: int, measure: int) -> DayDecisions:
    """One customer who will not pay, about whom this was decided so many days on."""
    moment = FIRST_DAY + timedelta(days=days)
    amounts = {"clv": 0.0, "run_up": RUN_UP}
    names = "open", "recurring_monthly", "recurring_committed", "usage_daily_cost"
    money = {n: np.zeros(1) for n in (*names, "committed")}
    columns = columns_of_plain(
        terms,
        np.array(["acme"], dtype=object),
        {
            "p_fraud": np.zeros(1),
            "p_nonpayment": np.ones(1),
            "nonpayment_given_fraud": np.ones(1),
        },
        money | {name: np.array([x * UNITS]) for name, x in amounts.items()},
        np.array(["legal_person"], dtype=object),
    )
    x = {"run_up": np.array([RUN_UP]), "stoppable": np.array([RUN_UP])}
    x["measure_ways"] = np.array([1])
    columns = replace(columns, inputs=columns.inputs._replace(**x))
    answer: Any = replace(
        run(columns, terms, moment, BudgetUse()),
        recommended=np.array([action]),
        measure=np.array([measure]),
    )
    today: Any = SimpleNamespace(
        at=moment, money=np.zeros((1, 1)), customers=np.array([0])
    )
    return DayDecisions(
        today=today,
        terms=terms,
        budget_use=BudgetUse(),
        customers=np.array([0]),
        cases=(),
        columns=columns,
        answer=answer,
        is_rested=np.array([False]),
        is_executed=np.array([action > NONE]),
        notified=np.array([], dtype=np.int64),
        n_restored=0,
    )


def saved(terms: Terms, *days: tuple[int, int, int]) -> float:
    """What actions and measures of one horizon save together."""
    assert terms.model is not None
    savings = Savings(terms.model, 1, horizon_days=90)
    for day, action, measure in days:
        decisions = decided(terms, day, action, measure)
        savings.record(decisions, decisions.answer.costs)
        savings.record_measures(decisions)
    return float(savings.per_customer[0])


def test_a_measure_after_a_stop_saves_nothing_that_the_stop_saved(
    terms: Terms,
) -> None:
    """Access came back after the stop; the horizon of its saving still runs."""
    stop = saved(terms, (1, SUSPEND, -1))
    assert stop > 0.0
    assert saved(terms, (1, SUSPEND, -1), (10, NONE, 0)) == stop - FIXED
    # in a new horizon it counts again
    alone = saved(terms, (1, NONE, 0))
    assert saved(terms, (1, SUSPEND, -1), (95, NONE, 0)) == stop + alone
    assert stop + alone > CAN_BE_LOST  # so it must not count beside the stop


def test_a_measure_after_a_reminder_is_worth_what_it_is_beside_it(
    terms: Terms,
) -> None:
    beside = saved(terms, (1, REMIND, 0))
    assert saved(terms, (1, REMIND, -1), (10, NONE, 0)) == pytest.approx(beside)
    assert beside < saved(terms, (1, REMIND, -1)) + saved(terms, (1, NONE, 0))
