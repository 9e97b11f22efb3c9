"""What holds for account facts in every course of events.

One customer's facts depend on what was known then, on nothing else: not on the order
of rows, on duplicates, on what became known later, or on the way to the moment.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.account import (
    FACT_NAMES,
    account_facts,
    debt_table,
    fact_row,
    fact_table,
    facts_over_time,
)
from features.account.account import Account
from features.account.columns import fact_values
from features.account.history import account_columns, history_of
from features.account.standing import Rules
from features.events import Events
from features.moments import DAY_US, microseconds
from features.portfolio import Portfolio
from features.reading.rows import read_events
from features.settings import PortfolioSettings

Row: TypeAlias = dict[str, Any]
Tables: TypeAlias = dict[str, list[Row]]
MakePortfolio: TypeAlias = Callable[[Mapping[str, Any], PortfolioSettings], Portfolio]

START = datetime(2024, 3, 1, tzinfo=UTC)
N_DAYS = 90
COMMON = ["customers", "payments", "disputes", "contacts"]
BILLED = frozenset([*COMMON, "invoices", "subscriptions", "usage"])
REPORTED = frozenset([*COMMON, "ageing"])

days = st.integers(0, N_DAYS)
hours = st.sampled_from([0, 0, 9, 22, 23])
money = st.decimals(1, 300, places=2).map(str)
lags = st.sampled_from([0, 0, 0, 1, 4, 30])


@st.composite
def happened(draw: st.DrawFn, /, **more: Any) -> Row:  # noqa: ANN401
    """A row with its times, some known late, a few taken back later."""
    at = START + timedelta(days=draw(days), hours=draw(hours))
    row = {name: draw(value) for name, value in more.items()}
    row["event_at"] = at.isoformat()
    row["known_at"] = (at + timedelta(days=draw(lags))).isoformat()
    return {name: value for name, value in row.items() if value is not None}


def maybe(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *values])


def some(row: st.SearchStrategy[Row], most: int = 6) -> st.SearchStrategy[list[Row]]:
    return st.lists(row, max_size=most)


date_text = st.integers(-10, N_DAYS + 20).map(
    lambda day: (START + timedelta(days=day)).date().isoformat()
)
invoices = happened(
    invoice_id=st.sampled_from("ABCDE"),
    due_at=date_text,
    amount=money,
    kind=maybe("invoice", "credit_note", "write_off"),
    applies_to=maybe("A", "B", "C"),
    subscription_id=maybe("S", "T"),
)
payments = happened(
    payment_id=st.sampled_from("PQRS"),
    status=st.sampled_from(
        ["pending", "succeeded", "succeeded", "failed", "returned", "refunded"]
    ),
    amount=money,
    method=maybe("card", "direct_debit", "cheque"),
    invoice_id=maybe("A", "B", "X"),
)
disputes = happened(
    dispute_id=st.sampled_from("DE"),
    kind=st.sampled_from(["billing", "chargeback_fraud"]),
    status=st.sampled_from(["opened", "opened", "won", "withdrawn", "lost"]),
    amount=st.one_of(st.none(), money),
    invoice_id=maybe("A", "B"),
    payment_id=maybe("P", "Q"),
)
contacts = happened(
    kind=st.sampled_from(
        [
            "notice_sent",
            "notice_delivered",
            "promise_made",
            "promise_kept",
            "promise_broken",
        ]
    ),
    notice=maybe("warning"),
    notice_id=maybe("1", "2"),
    promise_id=maybe("a", "b"),
    amount=st.one_of(st.none(), money),
    until=st.one_of(st.none(), date_text),
    invoice_id=maybe("A", "B", "X"),
)
subscriptions = happened(
    subscription_id=st.sampled_from("ST"),
    kind=st.sampled_from(
        ["started", "quantity_changed", "renewed", "cancelled", "ended"]
    ),
    effective_at=st.one_of(st.none(), date_text),
    billing=maybe("license", "usage"),
    quantity=maybe("2", "0.5"),
    unit_price=st.one_of(st.none(), money),
    commitment_ends_at=st.one_of(st.none(), date_text),
)
usage = happened(cost=money, subscription_id=maybe("S"))
ageing = happened(
    balance=st.decimals(-50, 300, places=2).map(str), days_past_due=st.integers(0, 90)
)

plain_histories = st.fixed_dictionaries(
    {
        "invoices": some(invoices),
        "payments": some(payments, 8),
        "disputes": some(disputes, 4),
        "contacts": some(contacts),
        "subscriptions": some(subscriptions, 5),
        "usage": some(usage, 5),
        "ageing": some(ageing, 4),
    }
)
moments = st.builds(
    lambda day, hour: microseconds(START + timedelta(days=day, hours=hour)),
    st.integers(-5, N_DAYS + 40),
    hours,
)
portfolios = st.sampled_from([BILLED, REPORTED]).map(
    lambda present: PortfolioSettings(timezone="Europe/Brussels", tables=present)
)


@st.composite
def some_taken_back(draw: st.DrawFn, tables: Tables) -> Tables:
    """Some rows are corrected away some days after they were known."""
    full = {}
    for name, rows in tables.items():
        full[name] = list(rows)
        for row in rows:
            if draw(st.integers(0, 5)) == 0:
                known_at = datetime.fromisoformat(row["known_at"]) + timedelta(days=5)
                gone = {"known_at": known_at.isoformat(), "retracted": True}
                full[name].append(row | gone)
    return full


histories = plain_histories.flatmap(some_taken_back)


def events_of(tables: Tables, stated: PortfolioSettings) -> Events:
    customer = {"event_at": START.isoformat(), "created_at": START.isoformat()}
    rows = {"customers": [customer], **tables}
    present = {name: rows[name] for name in stated.tables}
    return read_events("c", present, stated)[0]


def same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Equal to the last bit; unknown equals unknown."""
    assert one.keys() == other.keys()
    return all(a == other[n] or (isnan(a) and isnan(other[n])) for n, a in one.items())


@given(histories, portfolios, moments)
def test_what_is_known_later_changes_nothing(
    tables: Tables, stated: PortfolioSettings, as_of: int
) -> None:
    def is_known(row: Row) -> bool:
        return microseconds(datetime.fromisoformat(row["known_at"])) <= as_of

    cut = {name: list(filter(is_known, rows)) for name, rows in tables.items()}
    then, now = events_of(cut, stated), events_of(tables, stated)
    assert same(fact_row(then, as_of, stated), fact_row(now, as_of, stated))
    assert account_facts(then, as_of, stated) == account_facts(now, as_of, stated)


def _told_apart(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.get("status") != "refunded"]


@given(histories, portfolios, moments, st.data())
def test_order_and_duplicates_change_nothing(
    tables: Tables, stated: PortfolioSettings, as_of: int, data: st.DataObject
) -> None:
    """But for refunds: those that no refund_id tells apart add up."""
    mixed = {
        name: data.draw(st.permutations(rows + _told_apart(rows)[:2]))
        for name, rows in tables.items()
    }
    one, other = events_of(tables, stated), events_of(mixed, stated)
    assert same(fact_row(one, as_of, stated), fact_row(other, as_of, stated))
    assert account_facts(one, as_of, stated) == account_facts(other, as_of, stated)


@given(histories, portfolios)
def test_moving_on_equals_starting_anew(
    tables: Tables, stated: PortfolioSettings
) -> None:
    """Through every moment at which something became known, and each day after."""
    events = events_of(tables, stated)
    account = Account(history_of(events, account_columns(stated)), Rules(stated))
    told = {int(m) for rows in events.tables.values() for m in rows["known_at"]}
    first, last = min(told), max(told)
    for as_of in sorted(told | set(range(first, last + 30 * DAY_US, 7 * DAY_US))):
        moved = dict(zip(FACT_NAMES, fact_values(account.at(as_of)), strict=True))
        assert same(moved, fact_row(events, as_of, stated))
    some = sorted(told)
    moved_on = list(facts_over_time(events, some, stated))
    assert moved_on == [account_facts(events, as_of, stated) for as_of in some]


@given(histories, portfolios, moments)
def test_facts_agree_with_each_other(
    tables: Tables, stated: PortfolioSettings, as_of: int
) -> None:
    facts = account_facts(events_of(tables, stated), as_of, stated)
    if facts.open is None:
        return
    assert facts.contested is not None
    assert facts.overdue is not None
    assert facts.actionable is not None
    assert facts.days_overdue is not None
    assert 0 <= facts.actionable <= facts.overdue <= facts.open - facts.contested
    assert facts.overdue == 0 or facts.overdue > stated.materiality_money
    assert facts.overdue > 0 or facts.days_overdue == 0
    assert (facts.episode_started_at is not None) == (facts.days_overdue > 0)
    if facts.days_overdue == 0:
        issued = min((item.issued_at for item in facts.items), default=facts.as_of)
        assert all(notice.sent_at >= issued for notice in facts.notices)
    if facts.episode_started_at is not None:
        assert facts.episode_started_at <= facts.as_of
    if facts.source == "invoices":
        assert facts.open == sum(item.remainder for item in facts.items)
        assert facts.contested == sum(item.contested for item in facts.items)
        assert facts.days_overdue == max(
            (i.days_overdue for i in facts.items), default=0
        )
        assert facts.in_flight == sum(item.in_flight for item in facts.items)
        assert facts.promised == sum(item.promised for item in facts.items)
        covers = sum(promise.covers for promise in facts.promises)
        assert covers <= facts.promised <= facts.open - facts.contested
        assert facts.unallocated is not None
        assert facts.unallocated >= 0
    for item in facts.items:
        assert min(item.contested, item.in_flight, item.promised, item.uncovered) >= 0
    pending = sum(payment.amount for payment in facts.pending)
    assert 0 <= (facts.in_flight or 0) <= pending


@pytest.mark.slow
@settings(max_examples=8)
@given(
    st.lists(histories, min_size=1, max_size=8),
    portfolios,
    st.lists(moments, min_size=1, max_size=4),
)
def test_a_table_equals_its_customers_one_by_one(
    make_portfolio: MakePortfolio,
    customers: list[Tables],
    stated: PortfolioSettings,
    stops: list[int],
) -> None:
    """Through DuckDB and whole tables, to the last bit. Ids are the customer's own."""
    tables: Tables = {name: [] for name in stated.tables}
    for number, theirs in enumerate(customers):
        created = {"event_at": START.isoformat(), "created_at": START.isoformat()}
        for name, rows in {"customers": [created], **theirs}.items():
            for row in rows if name in tables else ():
                tables[name].append({"customer_id": f"c{number}", **_own(row, number)})
    loose = make_portfolio(tables, stated)
    asked = pa.table(
        {
            "customer_id": [f"c{n}" for n in range(len(customers)) for _ in stops],
            "as_of": [stop for _ in customers for stop in stops],
        }
    )
    facts = fact_table(loose, asked)
    debts = debt_table(loose, asked)
    for name in ("open", "days_overdue"):
        assert np.array_equal(debts[name], facts[name], equal_nan=True)
    for found in facts.to_pylist():
        events = loose.events(found.pop("customer_id"))
        as_of = found.pop("as_of")
        assert same(found, fact_row(events, as_of, loose.settings))


def _own(row: Row, number: int) -> Row:
    ids = ("invoice_id", "applies_to", "payment_id", "dispute_id", "subscription_id")
    return {n: f"{v}{number}" if n in ids else v for n, v in row.items()}
