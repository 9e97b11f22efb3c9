"""Everybody is billed on the first: a month's arrears are known on one day."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from features.arrays import FloatArray
from features.portfolio import Portfolio
from monitoring.batches import swing, usual_range
from monitoring.early_outcomes import early_outcomes
from scoring.bundle import Bundle
from tests.monitoring.conftest import model_of
from tests.monitoring.test_same_day import portfolio_at, table

N, MONTHS = 1_500, 26
ENDED = datetime(2025, 6, 30, 18, tzinfo=UTC)
# a month's arrears turn sixty days old on the 13th to 16th, and are known on the 18th
LOOKS = [
    datetime(2025, month, day, 18, tzinfo=UTC)
    for month, day in [(7, 5), (7, 17), (7, 20), (7, 28), (8, 16), (8, 17), (9, 1)]
]


def tables(changed: datetime | None = None, every: int = 1) -> dict[str, pa.Table]:
    """Two in a hundred pay a bill 100 days late; from `changed` on, six in a hundred.

    By the first of a month on which they were billed: of every one, or every so many.
    """
    rng = np.random.default_rng(8)
    bills, money = [], []
    for month in range(0, MONTHS, every):
        at = datetime(2023 + (7 + month) // 12, (7 + month) % 12 + 1, 1, 6, tzinfo=UTC)
        share = 0.06 if changed is not None and at >= changed else 0.02
        for who in range(N):
            name, is_late = f"{who}-{month}", rng.random() < share
            paid_at = at + timedelta(days=rng.uniform(3, 13) + 100 * is_late)
            bills.append((f"c{who}", at, name, at + timedelta(days=14), 300.0))
            money.append((f"c{who}", paid_at, name, "succeeded", 300.0, name))
    people = [(f"c{n}", datetime(2023, 7, 1, tzinfo=UTC)) for n in range(N)]
    return {
        "customers": table("customer_id event_at", people),
        "invoices": table("customer_id event_at invoice_id due_at amount", bills),
        "payments": table(
            "customer_id event_at payment_id status amount invoice_id", money
        ),
    }


@pytest.fixture(scope="module")
def calm() -> dict[str, pa.Table]:
    return tables()


@pytest.fixture(scope="module")
def trained(calm: dict[str, pa.Table]) -> Bundle:
    return model_of(portfolio_at(ENDED, calm), ENDED.date())


def rings(portfolio: Portfolio, bundle: Bundle) -> list[str]:
    cohorts = early_outcomes(portfolio, bundle)
    assert cohorts
    return [cause.why for one in cohorts for cause in one.causes()]


@pytest.mark.parametrize("moment", LOOKS, ids=lambda moment: f"{moment:%d %B}")
def test_the_day_of_the_month_rings_nothing(
    moment: datetime, calm: dict[str, pa.Table], trained: Bundle
) -> None:
    """Fifteen days hold a month's arrears or none of them."""
    assert rings(portfolio_at(moment, calm), trained) == []


def test_three_times_as_many_ring_on_the_day_they_are_known(trained: Bundle) -> None:
    """Billed from June on, so known in the middle of August."""
    changed = tables(datetime(2025, 6, 1, tzinfo=UTC))
    seen = [
        rings(portfolio_at(datetime(2025, 8, day, 18, tzinfo=UTC), changed), trained)
        for day in (17, 20)
    ]
    assert seen[0] == []
    assert any("15 days" in why for why in seen[1]), seen[1]


QUARTER_LOOKS = [
    datetime(2025, month, day, 18, tzinfo=UTC)
    for month, day in [(7, 5), (7, 16), (8, 14), (10, 20)]
]


@pytest.fixture(scope="module")
def trained_by_the_quarter() -> Bundle:
    return model_of(portfolio_at(ENDED, tables(every=3)), ENDED.date())


def test_the_day_of_the_quarter_rings_nothing(trained_by_the_quarter: Bundle) -> None:
    """Billed on 1 August and known on 17 October: nothing for weeks, then all."""
    calm = tables(every=3)
    for moment in QUARTER_LOOKS:
        assert rings(portfolio_at(moment, calm), trained_by_the_quarter) == []


def test_three_times_as_many_of_a_quarter_ring(trained_by_the_quarter: Bundle) -> None:
    changed = portfolio_at(
        QUARTER_LOOKS[-1], tables(datetime(2025, 8, 1, tzinfo=UTC), every=3)
    )
    assert any("15 days" in why for why in rings(changed, trained_by_the_quarter))


def test_what_swings_in_one_quarter_of_three_is_no_batch() -> None:
    quarter = np.zeros(91)
    quarter[40] = 30.0
    events = np.concatenate([np.full(182, 0.3), quarter])
    assert usual_range(events, np.full(273, 500.0), 30) is None
    again = np.tile(quarter, 4)[30:]
    assert usual_range(again, np.full(len(again), 500.0), 30) is not None


def test_single_outcomes_are_no_batch() -> None:
    """Of a hundred portfolios in which sixteen a month come by chance, few are one."""
    rng = np.random.default_rng(3)
    days = rng.poisson(16 / 30, (100, 330)).astype(np.float64)
    found = [usual_range(one, np.full(330, 500.0), 30) for one in days]
    assert sum(one is not None for one in found) <= 6


def test_growth_is_no_batch() -> None:
    customers = np.linspace(100, 500, 330)
    events = np.random.default_rng(5).poisson(customers / 50).astype(np.float64)
    assert usual_range(events, customers, 15) is None
    assert swing(events, np.ones(330)) > 1.0


CALM = np.random.default_rng(6).poisson(0.5, 330).astype(np.float64)
RISEN = np.concatenate([CALM[:285], 3 * CALM[285:]])
INCIDENT = CALM + np.where(np.arange(330) // 7 == 22, 6.0, 0.0)


@pytest.mark.parametrize("length", [15, 30, 45])
@pytest.mark.parametrize(
    "events", [CALM, RISEN, INCIDENT], ids=["calm", "a rise", "one week"]
)
def test_what_happened_once_is_no_batch(events: FloatArray, length: int) -> None:
    assert usual_range(events, np.full(330, 2_000.0), length) is None


def test_batches_allow_for_themselves_and_not_for_an_incident() -> None:
    """A month with five times as many among eleven does not raise what is usual."""
    monthly = np.tile([20.0] + [0.0] * 29, 11)
    once = monthly.copy()
    once[120] = 100.0
    customers = np.full(330, 2_000.0)
    for length in (15, 30, 45):
        usual = usual_range(monthly, customers, length)
        assert usual is not None
        assert usual_range(once, customers, length) == usual
