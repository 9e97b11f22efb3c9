"""Everybody is billed on the first: the day of the month is no change of anything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advice.population import present_population, with_reference
from features.catalogue import feature_set
from features.moments import microseconds, to_datetime
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from monitoring.same_day import PopulationComparison, compared, same_day_before
from scoring.bundle import Bundle
from tests.monitoring.conftest import known_until, model_of

ENDED = datetime(2025, 6, 30, 18, tzinfo=UTC)
BETWEEN = datetime(2025, 7, 17, 18, tzinfo=UTC)  # some are paid, others overdue
CHANGED = datetime(2025, 7, 1, tzinfo=UTC)
N = 400
MONTHS = [datetime(2024, 1 + m, 1, 6, tzinfo=UTC) for m in range(12)] + [
    datetime(2025, 1 + m, 1, 6, tzinfo=UTC) for m in range(8)
]


def tables(later_from_july: int = 0, every: int = 1) -> dict[str, pa.Table]:
    """Bills on the first, due on the 15th, paid from the 8th to the 20th.

    Of every month, or of every so many.
    """
    rng = np.random.default_rng(5)
    stops = rng.integers(0, 60, N)  # the month from which one pays no more
    bills, money = [], []
    for month, at in list(enumerate(MONTHS))[::every]:
        for who in range(N):
            name, amount = f"{who}-{month}", rng.uniform(50, 500)
            bills.append((f"c{who}", at, name, at + timedelta(days=14), amount))
            days = rng.uniform(7, 19) + (later_from_july if at >= CHANGED else 0)
            paid_at = at + timedelta(days=days)
            if month < stops[who]:
                money.append((f"c{who}", paid_at, name, "succeeded", amount, name))
    start = datetime(2023, 12, 1, tzinfo=UTC)
    people = [(f"c{n}", start) for n in range(N)]
    return {
        "customers": table("customer_id event_at", people),
        "invoices": table("customer_id event_at invoice_id due_at amount", bills),
        "payments": table(
            "customer_id event_at payment_id status amount invoice_id", money
        ),
    }


def table(names: str, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        {n: pa.array(list(c)) for n, c in zip(names.split(), columns, strict=True)}
    )


def portfolio_at(moment: datetime, whole: dict[str, pa.Table]) -> Portfolio:
    known = {name: known_until(table, moment) for name, table in whole.items()}
    settings = PortfolioSettings(observed_until=moment, tables=frozenset(known))
    return Portfolio.from_tables(known, settings)


@pytest.fixture(scope="module")
def trained() -> Bundle:
    return model_of(portfolio_at(ENDED, tables()), ENDED.date())


def look(trained: Bundle, portfolio: Portfolio) -> PopulationComparison:
    assert trained.reference is not None
    population = present_population(portfolio, trained)
    return compared(portfolio, trained, trained.reference, population)


def test_another_day_of_the_month_rings_nothing(trained: Bundle) -> None:
    seen = look(trained, portfolio_at(BETWEEN, tables()))
    assert seen.inputs.same_day_at is not None, "against the last day it moved"
    assert not seen.has_moved


def test_what_changes_rings_on_any_day_of_the_month(trained: Bundle) -> None:
    """In July hardly anybody has paid by the 23rd, on which all have otherwise."""
    unpaid = portfolio_at(BETWEEN + timedelta(days=6), tables(10))
    assert look(trained, unpaid).has_moved
    paid = portfolio_at(BETWEEN + timedelta(days=6), tables())
    assert not look(trained, paid).has_moved


def test_another_day_of_the_quarter_rings_nothing() -> None:
    """Billed in April and July: on 17 July all is as on 17 April, not as in June."""
    quarterly = tables(every=3)
    trained = model_of(portfolio_at(ENDED, quarterly), ENDED.date())
    seen = look(trained, portfolio_at(BETWEEN, quarterly))
    april = datetime(2025, 4, 17, 18, tzinfo=UTC)
    assert seen.inputs.same_day_at == microseconds(april)
    assert not seen.has_moved


def reading_quarters(portfolio: Portfolio, learnt: Bundle | None = None) -> Bundle:
    """A model that what was billed in 90 days moves most."""
    learnt = learnt or model_of(portfolio, to_datetime(portfolio.observed_until).date())
    weights = {"invoices_paid_share_90d": 0.5, "invoices_amount_90d": 0.5}
    read = feature_set(portfolio.settings).subset([*learnt.feature_set.names, *weights])
    seen = with_reference(portfolio, replace(learnt, feature_set=read))
    assert seen.reference is not None
    return replace(seen, reference=replace(seen.reference, importance=weights))


def test_the_end_of_a_long_quarter_rings_nothing() -> None:
    """On 30 June the bill of 1 April lies 90.5 days back, as on no day of winter."""
    quarterly = tables(every=3)
    trained = reading_quarters(
        portfolio_at(datetime(2025, 5, 20, tzinfo=UTC), quarterly)
    )
    portfolio = portfolio_at(ENDED, quarterly)
    seen = look(trained, portfolio)
    year_before = microseconds(datetime(2024, 6, 30, 18, tzinfo=UTC))
    assert seen.inputs.same_day_at == year_before
    assert not seen.has_moved
    # unknown of everybody on that day, and known some weeks before it
    assert seen.inputs.calendar["invoices_paid_share_90d"].unknown_before == 1.0


def test_what_was_no_feature_on_the_same_day_excuses_nothing(trained: Bundle) -> None:
    """All were billed in June alone: not before, and by 17 October not for long."""
    june = pa.scalar(MONTHS[17]), pa.scalar(MONTHS[18])
    whole = tables()
    for name in ("invoices", "payments"):
        at = pc.field("event_at")
        whole[name] = whole[name].filter((at >= june[0]) & (at < june[1]))
    model = reading_quarters(portfolio_at(ENDED, whole), trained)
    seen = look(model, portfolio_at(datetime(2025, 10, 17, 18, tzinfo=UTC), whole))
    lost = [c.subject for c in seen.inputs.causes() if c.code == "unknown_values"]
    assert "invoices_paid_share_90d" in lost


def test_where_no_day_explains_it_the_report_tells_of_the_months(
    trained: Bundle,
) -> None:
    """The month's last day before 30 July is the end of the training itself."""
    changed = portfolio_at(ENDED + timedelta(days=30), tables(40))
    seen = look(trained, changed)
    assert seen.has_moved
    assert seen.inputs.same_day_at is None, "and not the 30th of April"


def test_a_change_at_the_end_of_a_long_quarter_rings() -> None:
    """All are billed in June as well, which was so in no year."""
    quarterly = tables(every=3)
    trained = reading_quarters(
        portfolio_at(datetime(2025, 5, 20, tzinfo=UTC), quarterly)
    )
    june = pc.field("event_at") == pc.scalar(MONTHS[17])
    more = tables()["invoices"].filter(june)
    whole = quarterly | {"invoices": pa.concat_tables([quarterly["invoices"], more])}
    assert look(trained, portfolio_at(ENDED, whole)).has_moved


def test_a_past_that_was_written_anew_is_no_measure(trained: Bundle) -> None:
    """All payments are told a fortnight later: the 17th of June moved, too."""
    whole = tables()
    payments = whole["payments"]
    late = pc.add(payments["event_at"], pa.scalar(timedelta(days=13)))
    place = payments.column_names.index("event_at")
    whole["payments"] = payments.set_column(place, "event_at", late)
    seen = look(trained, portfolio_at(BETWEEN, whole))
    assert seen.has_moved
    assert seen.inputs.same_day_at is None


@given(
    st.integers(1_704_067_200, 1_893_456_000),
    st.integers(1_672_531_200, 1_704_067_200),
    st.sampled_from(["UTC", "America/Santiago", "Asia/Kathmandu"]),
)
def test_the_same_day_is_the_latest_one(now: int, end: int, zone: str) -> None:
    place = ZoneInfo(zone)
    then = same_day_before(now * 10**6, end * 10**6, place)
    assert (end - 62 * 86_400) * 10**6 < then <= end * 10**6
    day = to_datetime(then).astimezone(place)
    wanted = to_datetime(now * 10**6).astimezone(place)
    is_last = (day + timedelta(days=1)).day == 1
    assert day.day == wanted.day or (is_last and day.day < wanted.day)
