"""Rows of a stream whose numbers are shared are judged as those of a portfolio."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.reading.shared_numbers import NumberedRow, numbers_of, shared_numbers
from tests.features.test_rows_together import SETTINGS, portfolio

Row = Mapping[str, object]
CUSTOMERS = st.sampled_from(["c1", "c2", "c3"])
NUMBERS = st.sampled_from(["1", "2", None])
DAYS = st.sampled_from(["2026-05-01", "2026-05-02", "2026-05-03"])


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, Row]:
    table = draw(st.sampled_from(["invoices", "payments", "disputes", "contacts"]))
    number, named = draw(st.sampled_from(["1", "2"])), draw(NUMBERS)
    row: dict[str, object] = {
        "customer_id": draw(CUSTOMERS),
        "event_at": "2026-05-01",
        "known_at": draw(DAYS),
    }
    if draw(st.integers(0, 5)) == 0:
        row["retracted"] = True
    if table == "invoices":
        kind = draw(st.sampled_from(["invoice", "invoice", "credit_note"]))
        row |= {"invoice_id": number, "kind": kind, "due_at": "2026-05-31"}
        row |= {"amount": "5", "applies_to": None if kind == "invoice" else named}
    elif table == "payments":
        status = draw(st.sampled_from(["succeeded", "pending"]))
        row |= {"payment_id": number, "status": status, "amount": "5"}
        row |= {"invoice_id": named}
    elif table == "disputes":
        row |= {"dispute_id": number, "kind": "billing", "status": "opened"}
        row |= {"invoice_id": named}
    else:
        row |= {"kind": "replied", "invoice_id": named}
    if draw(st.integers(0, 9)) == 0:
        row["known_at"] = "someday"  # a row that cannot be read
    return table, row


@pytest.mark.slow
@settings(max_examples=150)
@given(listed=st.lists(rows(), max_size=9))
def test_they_are_judged_as_in_a_portfolio(listed: Sequence[tuple[str, Row]]) -> None:
    tables: dict[str, list[Row]] = {}
    for table, row in listed:
        tables.setdefault(table, []).append(row)
    found = portfolio(SETTINGS, **tables)
    numbered = [
        NumberedRow(str(row["customer_id"]), table, b"%d" % n, row)
        for n, (table, row) in enumerate(listed)
    ]
    shared = shared_numbers(numbered, SETTINGS)
    rules = Counter[tuple[str, str, str]]()
    for (_, table, _), why in shared.broken.items():
        rules[table, why.rule, why.column] += 1
    between = {"key_of_two_customers", "other_customers_invoice"}
    assert rules == {
        (r.table, r.rule, r.column): r.n for r in found.rejects if r.rule in between
    }
    if rules.keys() == {(r.table, r.rule, r.column) for r in found.rejects}:
        assert shared.incomplete == {
            (customer_id, table)
            for customer_id, rejected in found.rejected.items()
            for table in rejected
        }
    # whatever a rule is about shares a number with another customer's row
    for customer_id, table, row_id in shared.broken:
        own = set(numbers_of(table, listed[int(row_id)][1]))
        others = [
            set(numbers_of(kind, row))
            for kind, row in listed
            if row["customer_id"] != customer_id
        ]
        assert any(own & theirs for theirs in others)
