"""What `forbear validate` says will be possible, question by question."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from features.labels import labels
from features.outlook import OutlookAnswer, counts, learning, outlook
from features.outlook.counts import LabelCount, nonpayment_labels
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import snapshots

START = datetime(2025, 1, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
Rows = list[dict[str, Any]]


def plain(n: int = 8, months: int = 12) -> dict[str, Rows]:
    """Monthly invoices of 100; every fourth customer stops paying after six months."""
    customers, invoices, payments = [], [], []
    for i in range(n):
        customer = {"customer_id": f"c{i:03}"}
        customers.append(customer | {"event_at": START})
        for month in range(months):
            issued = START + 30 * month * DAY
            invoice = customer | {"invoice_id": f"{i}-{month}", "amount": 100.0}
            due = issued + 14 * DAY
            invoices.append(invoice | {"event_at": issued, "due_at": due})
            if i % 4 or month < 6:
                paid = invoice | {"payment_id": f"{i}-{month}", "status": "succeeded"}
                payments.append(paid | {"event_at": due})
    return {"customers": customers, "invoices": invoices, "payments": payments}


def portfolio(tables: dict[str, Any], **said: Any) -> Portfolio:  # noqa: ANN401
    read = {
        name: rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
        for name, rows in tables.items()
    }
    return Portfolio.from_tables(read, PortfolioSettings(**said))


def said(tables: dict[str, Any], question: str, **settings: Any) -> OutlookAnswer:  # noqa: ANN401
    [found] = [
        prospect
        for prospect in outlook(portfolio(tables, **settings))
        if prospect.question == question
    ]
    return found


def empty(*names: str) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in names})


def test_a_report_does_not_know_who_paid_since() -> None:
    report = {"customer_id": "c000", "event_at": START, "balance": 90.0}
    tables: dict[str, Any] = {
        "customers": [{"customer_id": "c000", "event_at": START}],
        "ageing": [report | {"days_past_due": 40.0}],
    }
    found = said(tables, "payments")
    assert "payments are unknown" in found.answer
    assert "`none: {payments: 2025-01-01}`" in found.improve
    assert "paid since the report" in found.takes_away


def test_invoices_without_payments_tell_nobody_who_paid() -> None:
    tables = plain()
    assert said(tables, "money owed").answer.startswith("known")
    del tables["payments"]
    found = said(tables, "money owed")
    assert found.answer.startswith("unknown")
    assert found.improve.startswith("payments.csv: payment_id")


def test_money_that_is_assumed_is_counted() -> None:
    tables = plain(n=8)
    tables["customers"].append({"customer_id": "new", "event_at": START})
    accruing = said(tables, "money still to accrue")
    assert "assumed for 8 " in accruing.answer
    assert "unknown for 1 of whom no invoice" in accruing.answer
    assert accruing.improve.startswith("subscriptions.csv")
    worth = said(tables, "worth of a customer", defaults={"margin_share": 0.3})
    assert "30% of what recurs, over 24 months" in worth.answer
    assert worth.answer.startswith("given for 0; assumed")
    assert "margin_share: 0.3" in worth.improve
    both = {"margin_share": 0.3, "lifetime_months": 24}
    worth = said(tables, "worth of a customer", defaults=both)
    assert "as `defaults` say" in worth.answer
    assert "defaults" not in worth.improve


def test_licenses_without_a_price_are_counted() -> None:
    tables = plain(n=4)
    row = {"kind": "started", "event_at": START, "billing": "license"}
    tables["subscriptions"] = [
        row | {"customer_id": "c000", "subscription_id": "a", "unit_price": 9.0},
        row | {"customer_id": "c001", "subscription_id": "b", "unit_price": 9.0},
        row | {"customer_id": "c001", "subscription_id": "c"},
        row | {"customer_id": "c002", "subscription_id": "d", "billing": "usage"},
    ]
    accruing = said(tables, "money still to accrue")
    assert accruing.answer.startswith("prices given for 2 of 4; of 1 a license")
    assert accruing.improve
    del tables["subscriptions"][2]
    accruing = said(tables, "money still to accrue")
    assert (accruing.answer, accruing.improve) == ("prices given for 2 of 4", "")


def test_a_margin_that_everybody_states_needs_no_improvement() -> None:
    tables = plain()
    for row in tables["customers"]:
        row["monthly_margin"] = 12.5
    assert said(tables, "worth of a customer").improve == ""


def test_labels_are_counted_by_the_rules_of_training() -> None:
    read = portfolio(plain(n=40, months=18))
    found = nonpayment_labels(read)
    known = labels(read, snapshots(read), "nonpayment").to_pylist()
    mature = [row for row in known if row["mature_at"] <= read.observed_until]
    assert found.n_positive == sum(row["label"] == 1.0 for row in mature) > 0
    assert found.n_known == sum(row["label"] is not None for row in mature)
    assert found.n_customers == 10
    assert found.n_looked_at == 40


def test_of_many_customers_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "_IN_A_BLOCK", 8)
    read = portfolio(plain(n=80, months=18))
    found = nonpayment_labels(read)
    assert found.n_looked_at == 32
    assert found.n_customers == 20  # every fourth, in each block as among all
    assert (
        "estimated from 32 of 80"
        in said(plain(n=80, months=18), "labels of non-payment").answer
    )


def test_too_short_a_history_says_how_long_it_must_be() -> None:
    found = said(plain(months=3), "labels of non-payment")
    assert "none is known yet" in found.answer
    assert "216 days of history" in found.improve
    assert "the starter" in said(plain(months=3), "models").answer


def test_notices_that_nobody_recorded_permit_no_suspension() -> None:
    tables: dict[str, Any] = plain()
    found = said(tables, "notices")
    assert found.answer.startswith("not looked at: no suspension for non-payment")
    assert "forbear score --notices" in found.improve
    sent = {"customer_id": "c000", "kind": "notice_sent", "notice": "reminder_1"}
    tables["contacts"] = [sent | {"event_at": START}]
    assert "1 sent, 0 recorded as delivered" in said(tables, "notices").answer
    tables["contacts"].append(
        sent | {"kind": "notice_delivered", "event_at": START + DAY}
    )
    assert said(tables, "notices").improve == ""
    del tables["contacts"][0]
    delivered = said(tables, "notices")
    assert "1 recorded as delivered, which counts as sent" in delivered.answer
    assert delivered.improve == ""


@pytest.mark.parametrize("table", ["disputes", "holds"])
def test_what_was_not_looked_at_says_the_line_and_its_price(table: str) -> None:
    tables: dict[str, Any] = plain()
    found = said(tables, table)
    assert found.answer.startswith("not looked at")
    assert f"`none: {{{table}: 2025-12-" in found.improve
    assert "can be suspended" in found.takes_away
    tables[table] = empty("customer_id", "event_at", "kind", "dispute_id", "status")
    looked_at = said(tables, table)
    assert looked_at.answer.startswith("none")
    assert looked_at.improve == looked_at.takes_away == ""


def test_none_that_was_said_holds_until_it_lapses() -> None:
    tables: dict[str, Any] = plain()
    last = max(row["event_at"] for row in tables["payments"])
    fresh = said(tables, "disputes", none={"disputes": last.date()})
    assert fresh.answer.startswith("none, as portfolio.yaml says; that lapses after")
    assert fresh.takes_away == ""
    stale = said(tables, "disputes", none={"disputes": (last - 300 * DAY).date()})
    assert "does not count" in stale.answer
    assert "none: {disputes: 2025-12-" in stale.improve


def test_rejected_rows_say_whom_they_keep_from_what() -> None:
    tables = plain()
    tables["payments"].append(dict(tables["payments"][0], payment_id="x", amount=-1.0))
    found = said(tables, "rejected rows")
    assert "of 1 customer, who get no stop; of 1 of them" in found.answer
    assert not [p for p in outlook(portfolio(plain())) if p.question == "rejected rows"]


def test_the_table_that_was_looked_at_least_lately_is_named() -> None:
    tables = plain()
    until = {"payments": START + 200 * DAY, "invoices": START + 340 * DAY}
    found = said(tables, "observed until", observed_until=until)
    assert "2025-07-20" in found.answer
    assert "(payments)" in found.answer


def test_the_steps_of_training_are_training_s() -> None:
    few = pytest.importorskip("training.few")
    steps = learning.LOGISTIC_FROM, learning.TREES_FROM, learning.ENOUGH
    assert steps == (few.LOGISTIC_FROM, few.TREES_FROM, few.ENOUGH)


def test_fraud_that_was_recorded_is_counted_by_customer() -> None:
    tables: dict[str, Any] = plain()
    assert "fraud rests on evidence" in said(tables, "labels of fraud").answer
    fraud = {"customer_id": "c001", "kind": "fraud", "event_at": START + 90 * DAY}
    tables["outcomes"] = [fraud, fraud | {"event_at": START + 95 * DAY}]
    assert said(tables, "labels of fraud").answer == "of 1 customer"


def test_where_no_fraud_was_recorded_the_starter_stands_in() -> None:
    tables: dict[str, Any] = plain()
    assert said(tables, "models").answer.endswith("fraud: none")
    tables["outcomes"] = [
        {"customer_id": "c001", "kind": "nonpayment", "event_at": START + 90 * DAY}
    ]
    assert "fraud: the starter" in said(tables, "models").answer


def test_a_flat_portfolio_states_its_money() -> None:
    tables = {"customers": [{"customer_id": "a", "event_at": START}]}
    found = said(tables, "money owed", exposure={"open": 100})
    assert "exposure" in found.answer
    assert said(tables, "money owed").answer.startswith("unknown")


def holds(*customers: str) -> Rows:
    exempt = {"event_at": START, "kind": "exemption", "until": START + 400 * DAY}
    return [exempt | {"customer_id": customer} for customer in customers]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        pytest.param(
            [row | {"kind": "holiday"} for row in holds("c000", "c001")],
            "not known: none of its rows could be read",
            id="no row is as the contract says",
        ),
        pytest.param(
            holds("c000", "c001", ""),
            "not known: no suspension for non-payment can be recommended, because some"
            " of its rows do not say whose they are",
            id="a row names nobody",
        ),
    ],
)
def test_rows_that_cannot_be_read_are_not_said_to_be_none(rows: Rows, why: str) -> None:
    found = said(plain() | {"holds": rows}, "holds")
    assert found.answer == why
    assert found.improve == "the corrections that are listed above"
    assert not found.takes_away  # nobody is led to write `none: {holds: …}`


def test_notices_and_money_that_cannot_be_read_ask_for_corrections() -> None:
    sent = {"event_at": START, "kind": "notice_sent", "notice": "reminder_1"}
    notices = said(
        plain() | {"contacts": [sent | {"customer_id": c} for c in ("c000", "")]},
        "notices",
    )
    tables = plain()
    tables["payments"][0]["customer_id"] = ""
    owed = said(tables, "money owed")
    for found in (notices, owed):
        assert "some of its rows do not say whose they are" in found.answer
        assert found.improve == "the corrections that are listed above"


def test_what_rejected_payments_keep_unknown_is_not_laid_on_time() -> None:
    tables = plain()
    tables["payments"] = [row | {"status": "arrived"} for row in tables["payments"]]
    owed = said(tables, "money owed")
    assert owed.answer == "unknown: payments: none of its rows could be read"
    labels_of = said(tables, "labels of non-payment")
    assert "rows of every customer were rejected" in labels_of.answer
    assert "corrections" in labels_of.improve
    observed = said(tables, "observed until")
    assert "1970" not in observed.answer
    assert "none of its rows could be read" in observed.answer


def test_no_model_is_promised_where_it_happened_in_every_snapshot() -> None:
    unpaid = LabelCount(130, 130, 86, 1, 200)
    found = learning._models(unpaid, 0, has_starter=True)
    assert found.answer.startswith("non-payment: none, for it happened in every")
