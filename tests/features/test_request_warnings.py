"""What is odd in rows is said by requests and by portfolios alike."""

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.portfolio import Portfolio
from features.reading import masked
from features.reading.request_warnings import noticed
from features.reading.rows import read_rows
from features.settings import PortfolioSettings

Row = dict[str, object]
SETTINGS = PortfolioSettings(timezone="Europe/Brussels")
DAY = "2026-06-10"
INVOICE: Row = {"invoice_id": "a", "event_at": "2026-05-01", "due_at": "2026-05-31"}
INVOICE |= {"amount": 100}
PAYMENT: Row = {"payment_id": "p", "event_at": DAY, "status": "succeeded"}
PAYMENT |= {"amount": 60, "invoice_id": "a"}
REFUND: Row = {**PAYMENT, "status": "refunded", "amount": 5}
STOP: Row = {"event_at": DAY, "action": "suspend", "reason": "nonpayment"}
STARTED: Row = {"subscription_id": "s", "kind": "started", "event_at": DAY}
FRAUD: Row = {"event_at": DAY, "kind": "fraud"}
PROMISE: Row = {"kind": "promise_made", "event_at": DAY, "until": "2026-06-20"}

ODD = [
    pytest.param(
        {"payments": [PAYMENT, {**PAYMENT, "amount": 50}]},
        "same_key:payments: 1, such as payment_id p, status succeeded",
        "payments: keys with rows of one known_at and different content: 1",
        id="one payment, two amounts",
    ),
    pytest.param(
        {"contacts": [{**PROMISE, "amount": 50}, {**PROMISE, "amount": 60}]},
        "same_key:contacts: 1, such as kind promise_made",
        "contacts: keys with rows of one known_at and different content: 1",
        id="two promises that nothing tells apart",
    ),
    pytest.param(
        {"invoices": [INVOICE, {**INVOICE, "kind": "credit_note"}]},
        "two_kinds_of_document:invoices: 1, such as a",
        "invoices: numbers borne by two kinds of document: 1, such as a",
        id="a credit note with its invoice's number",
    ),
    pytest.param(
        {"payments": [PAYMENT, REFUND, REFUND]},
        "refunds_add_up:payments: 2, such as those of payment_id p",
        "payments: refunds without refund_id that share their payment and moment: 2",
        id="two refunds of one day",
    ),
    pytest.param(
        {"payments": [{**PAYMENT, "invoice_id": "z"}, PAYMENT | {"payment_id": "q"}]},
        "unknown_id:payments.invoice_id: 1 (60.00 in all), such as z",
        "payments: rows whose invoice_id is not in `invoices`: 1 (60.00 in all)",
        id="a payment of an invoice nobody knows",
    ),
    pytest.param(
        {"payments": [{**PAYMENT, "invoice_id": "z", "status": "failed"}]},
        "unknown_id:payments.invoice_id: 1, such as z",
        "payments: rows whose invoice_id is not in `invoices`: 1, such as z",
        id="a payment that failed moved no money",
    ),
    pytest.param(
        {"invoices": [INVOICE, {**INVOICE, "invoice_id": "c", "kind": "credit_note"}]}
        | {"payments": [{**PAYMENT, "invoice_id": "c"}]},
        "unknown_id:payments.invoice_id: 1 (60.00 in all), such as c",
        "payments: rows whose invoice_id is not in `invoices`: 1 (60.00 in all)",
        id="a payment that names a credit note",
    ),
    pytest.param(
        {"payments": [{**PAYMENT, "invoice_id": "z"}, PAYMENT | {"payment_id": "q"}]},
        "unknown_id:payments.invoice_id: 1 (60.00 in all), such as z; not in "
        "`invoices`, they act on nothing",
        "payments: rows whose invoice_id is not in `invoices`: 1 (60.00 in all), such "
        "as z; they act on nothing",
        id="who names an invoice nobody knows acts on nothing",
    ),
    pytest.param(
        {"subscriptions": [STARTED], "invoices": [INVOICE | {"subscription_id": "t"}]},
        "unknown_id:invoices.subscription_id: 1 (100.00 in all), such as t; not in "
        "`subscriptions`, they count, but for no subscription",
        "invoices: rows whose subscription_id is not in `subscriptions`: 1 (100.00 in "
        "all), such as t; they count, but for no subscription",
        id="an invoice of a subscription nobody knows is owed all the same",
    ),
    pytest.param(
        {"actions": [STOP, {**STOP, "action": "reactivate"}]},
        "undone_at_once:actions: suspend or block and reactivate of one moment: 1",
        "actions: suspend or block and reactivate of one customer and moment: 1",
        id="access taken and given back on one day",
    ),
    pytest.param(
        {"payments": [PAYMENT | {"instrument_id": "****4242"}]},
        "masked:payments.instrument_id: 1, such as ****4242; they link nobody",
        "payments: rows whose instrument_id is masked or a placeholder: 1, such as",
        id="a card of which only the end was exported",
    ),
    pytest.param(
        {"access": [{"event_at": DAY, "kind": "sign_in", "ip_id": "81.244.12.0"}]},
        "masked:access.ip_id: 1, such as 81.244.12.0; they link nobody",
        "access: rows whose ip_id is masked or a placeholder: 1, such as 81.244.12.0",
        id="an address cut short",
    ),
    pytest.param(
        {"outcomes": [FRAUD, {**FRAUD, "kind": "fraud_cleared"}]},
        "undone_at_once:outcomes: fraud and fraud_cleared of one moment: 1",
        "outcomes: fraud and fraud_cleared of one customer and moment: 1",
        id="fraud said and cleared on one day",
    ),
    pytest.param(
        {
            "invoices": [
                {**INVOICE, "invoice_id": number, "due_at": due}
                for number, due in (("a", "2026-04-30"), ("b", "2026-05-01"))
            ]
        },
        "implausible:invoices.due_at: rows with a due date before their issue: 1",
        "invoices: rows with a due date before their issue: 1",
        id="due before it was issued",
    ),
    pytest.param(
        {
            "subscriptions": [
                {**STARTED, "quantity": -5},
                {**STARTED, "subscription_id": "t", "quantity": 1e308},
            ]
        },
        "implausible:subscriptions.quantity: rows with a quantity outside [0, 1e9]: 2",
        "subscriptions: rows with a quantity outside [0, 1e9]: 2",
        id="more than anybody buys, and less than nothing",
    ),
    pytest.param(
        {
            "actions": [
                {**STOP, "event_at": f"2026-06-0{day}", "propensity": propensity}
                for day, propensity in enumerate((0.0, 0.5, 1.0, 1.01), 1)
            ]
        },
        "implausible:actions.propensity: rows with a propensity outside (0, 1]: 2",
        "actions: rows with a propensity outside (0, 1]: 2",
        id="no probability",
    ),
]
PLAIN: dict[str, list[Row]] = {
    "customers": [{"event_at": "2026-01-01"}],
    "invoices": [INVOICE],
    "payments": [PAYMENT],
    "contacts": [
        PROMISE,
        {**PROMISE, "kind": "promise_kept", "event_at": "2026-06-11"},
    ],
    "actions": [STOP, {**STOP, "action": "reactivate", "event_at": "2026-06-11"}],
}


def warnings_of_a_request(tables: dict[str, list[Row]]) -> list[str]:
    read = read_rows("c1", tables, SETTINGS)
    assert read.broken == []
    return [*read.warnings, *noticed(read.events, tables.keys())]


def warnings_of_a_portfolio(tables: dict[str, list[Row]]) -> list[str]:
    columns = {}
    for name, rows in tables.items():
        blank: Row = dict.fromkeys(column for row in rows for column in row)
        filled = [{"customer_id": "c1"} | blank | row for row in rows]
        columns[name] = pa.Table.from_pylist(filled)
    return list(Portfolio.from_tables(columns, SETTINGS).warnings)


@pytest.mark.parametrize(("odd", "in_request", "in_portfolio"), ODD)
@pytest.mark.parametrize("is_turned", [False, True])
def test_what_is_odd_is_said(
    odd: dict[str, list[Row]], in_request: str, in_portfolio: str, is_turned: bool
) -> None:
    tables = {**PLAIN, **odd}
    if is_turned:
        tables = {name: rows[::-1] for name, rows in tables.items()}
    [said] = warnings_of_a_request(tables)
    assert said.startswith(in_request)
    [said] = warnings_of_a_portfolio(tables)
    assert said.startswith(in_portfolio)


def test_nothing_is_said_of_what_is_not_odd() -> None:
    tables = {**PLAIN, "payments": [PAYMENT, PAYMENT, {**REFUND, "refund_id": "1"}]}
    assert warnings_of_a_request(tables) == []
    assert warnings_of_a_portfolio(tables) == []


def test_an_id_of_a_table_that_was_not_sent_may_be_right() -> None:
    tables = {name: rows for name, rows in PLAIN.items() if name != "invoices"}
    assert warnings_of_a_request(tables) == []


@given(st.text(st.sampled_from("xXmasked0379.:_/-*#[n/a] é"), max_size=12))
def test_no_masked_value_is_taken_for_a_plain_one(value: str) -> None:
    """What is let past without a closer look would have passed it."""
    is_masked = re.search(masked.PATTERN, value) or re.search(masked.ADDRESS, value)
    assert masked._MAY_BE.search(value) or not is_masked


@pytest.mark.parametrize(
    "value", ["masked1", "redacted-7", "7-anonymised", "127.0.0.1", "n/a", "0-0_0"]
)
def test_words_that_hide_a_value_are_looked_at(value: str) -> None:
    assert masked._MAY_BE.search(value)
