"""Drawn rows of one customer's money, and the books that they make."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from features.account.disputes import disputes
from features.account.ledger_as_of import LedgerAsOf
from features.account.rows import DisputeRow, InvoiceRow, PaymentRow
from features.events import FOREVER, MISSING
from features.moments import DAY_US, days_of

UTC_DAYS = days_of(ZoneInfo("UTC"))
IDS = st.sampled_from("ABCDEF")
DAYS = st.integers(0, 60)
MONEY = st.integers(1, 300)
LAGS = st.sampled_from([0, 0, 0, 1, 5, 40])


@st.composite
def invoice_rows(draw: st.DrawFn) -> list[InvoiceRow]:
    """Documents, some known late, some corrected or taken back."""
    rows: list[InvoiceRow] = []
    for name in draw(st.lists(IDS, unique=True, max_size=6)):
        kind = draw(
            st.sampled_from([None, "invoice", "invoice", "credit_note", "write_off"])
        )
        at = draw(DAYS)
        known_at = (at + draw(LAGS)) * DAY_US
        ends_at = draw(st.sampled_from([FOREVER, FOREVER, known_at + 7 * DAY_US]))
        due = at + draw(st.integers(-5, 20))
        names = draw(st.one_of(st.none(), IDS))
        event = (at * DAY_US, name, kind)
        about = (names, due * DAY_US, due)
        rows.append(InvoiceRow(known_at, ends_at, *event, draw(MONEY), *about, None))
        if ends_at != FOREVER and draw(st.booleans()):
            rows.append(InvoiceRow(ends_at, FOREVER, *event, draw(MONEY), *about, None))
    return rows


@st.composite
def payment_rows(draw: st.DrawFn) -> list[PaymentRow]:
    rows: list[PaymentRow] = []
    for name in draw(st.lists(st.sampled_from("PQRSTU"), unique=True, max_size=6)):
        at, amount = draw(DAYS), draw(MONEY)
        names = draw(st.one_of(st.none(), IDS))
        statuses = draw(
            st.lists(
                st.sampled_from(
                    ["pending", "succeeded", "failed", "returned", "refunded"]
                ),
                unique=True,
                min_size=1,
                max_size=3,
            )
        )
        if "refunded" in statuses:
            statuses += ["refunded"] * draw(st.integers(0, 2))
        for status in statuses:
            at += draw(st.integers(0, 8))
            known_at = (at + draw(LAGS)) * DAY_US
            money = draw(MONEY) if status == "refunded" else amount
            event = (known_at, FOREVER, at * DAY_US)
            rows.append(PaymentRow(*event, name, status, money, "card", names))
    return rows


@st.composite
def dispute_rows(draw: st.DrawFn) -> list[DisputeRow]:
    rows: list[DisputeRow] = []
    for name in draw(st.lists(st.sampled_from("XYZ"), unique=True, max_size=3)):
        at = draw(DAYS)
        terms = (
            draw(st.one_of(st.just(MISSING), MONEY)),
            draw(st.one_of(st.none(), IDS)),
            draw(st.one_of(st.none(), st.sampled_from("PQR"))),
        )
        kind = draw(st.sampled_from(["billing", "billing", "chargeback_other"]))
        for status in draw(
            st.sampled_from([["opened"], ["opened", "won"], ["opened", "lost"]])
        ):
            known_at = (at + draw(LAGS)) * DAY_US
            event = (known_at, FOREVER, at * DAY_US)
            rows.append(DisputeRow(*event, name, kind, status, *terms))
            at += draw(st.integers(0, 30))
    return rows


def books_at(
    invoices: list[InvoiceRow],
    payments: list[PaymentRow],
    as_of: int,
    about: Sequence[DisputeRow] = (),
) -> LedgerAsOf:
    books = LedgerAsOf(invoices, payments, UTC_DAYS)
    books.move_to(as_of, disputes(row for row in about if row.known_at <= as_of))
    return books
