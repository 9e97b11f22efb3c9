"""What answers of Kill Bill's API become: the same as its tables would."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import UnreadableFileError
from tests.importing import killbill_answers as kb
from tests.importing.killbill_answers import ACCOUNT, Thing
from tests.importing.tables import facts_of, rows_of

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)
BILL = kb.new_id()
Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(**answers: list[Thing]) -> ImportReport:
        files = [
            kb.write(tmp_path / f"{name}.json", *things)
            for name, things in ({"accounts": [kb.account()]} | answers).items()
        ]
        settings = ImportSettings(exported_at=EXPORTED, currency="EUR")
        return import_files(
            SOURCES["killbill"], files, tmp_path / "portfolio", settings
        )

    return _run


def facts(portfolio: Path, *names: str) -> dict[str, float | None]:
    return facts_of(portfolio, ACCOUNT, "2026-06-01", *names)


def bill(*items: Thing, **values: object) -> Thing:
    return kb.invoice(BILL, "2026-03-01", *items, **values)


def recurring(amount: float) -> Thing:
    return kb.item("RECURRING", amount, "2026-03-01T00:05:00.000Z")


def test_a_payment_pays_the_invoice_that_it_names(run: Import, portfolio: Path) -> None:
    paid = kb.transaction("PURCHASE", "2026-03-02T08:00:00.000Z", 100)
    report = run(
        invoices=[bill(recurring(100), kb.item("TAX", 21, "2026-03-01T00:05:00.000Z"))],
        invoice_payments=[kb.payment(kb.new_id(), BILL, paid)],
    )

    assert facts(portfolio, "open") == {"open": 21}
    (document,) = rows_of(portfolio, "invoices")
    # the account's day in Brussels is over at 23:00 UTC
    assert document["due_at"] == datetime(2026, 3, 1, 22, 59, 59, 999999, tzinfo=UTC)
    assert report.is_clean


def test_only_the_audit_log_tells_a_later_adjustment_from_an_early_one(
    run: Import, portfolio: Path
) -> None:
    run(
        invoices=[
            bill(
                recurring(100),
                kb.item("ITEM_ADJ", -10, "2026-03-01T00:05:00.000Z"),
                kb.item("ITEM_ADJ", -40, "2026-03-15T10:00:00.000Z"),
            )
        ],
        invoice_payments=[
            kb.payment(
                kb.new_id(),
                BILL,
                kb.transaction("PURCHASE", "2026-03-20T08:00:00.000Z", 10),
            )
        ],
    )

    bills = rows_of(portfolio, "invoices")
    told = [(i["kind"], i["amount"], i["known_at"].day) for i in bills]
    assert told == [("invoice", 90, 1), ("credit_note", 40, 15)]
    assert facts(portfolio, "open") == {"open": 40}


def test_answers_without_an_audit_log_are_refused(run: Import, portfolio: Path) -> None:
    item = recurring(100)
    for silent in (bill(item, auditLogs=[]), bill(item | {"auditLogs": []})):
        with pytest.raises(UnreadableFileError, match=r"invoices\.json, entry 1.*FULL"):
            run(invoices=[silent])
    assert not portfolio.exists()


def test_a_chargeback_and_its_reversal_and_a_refund(
    run: Import, portfolio: Path
) -> None:
    lost = kb.transaction("CHARGEBACK", "2026-03-10T08:00:00.000Z", 100)
    won = lost | {
        "transactionId": kb.new_id(),
        "status": "PAYMENT_FAILURE",
        "effectiveDate": "2026-03-20T08:00:00.000Z",
        "auditLogs": kb.audit("2026-03-20T08:00:00.000Z"),
    }
    run(
        invoices=[bill(recurring(100))],
        invoice_payments=[
            kb.payment(
                kb.new_id(),
                BILL,
                kb.transaction("PURCHASE", "2026-03-02T08:00:00.000Z", 100),
                kb.transaction("REFUND", "2026-03-05T08:00:00.000Z", 30),
                lost,
                won,
            )
        ],
    )

    assert [d["status"] for d in rows_of(portfolio, "disputes")] == ["opened", "won"]
    paid = [(p["status"], p["amount"]) for p in rows_of(portfolio, "payments")]
    assert paid == [("succeeded", 100), ("refunded", 30)]


def test_what_failed_and_what_is_under_way(run: Import, portfolio: Path) -> None:
    failed = kb.transaction(
        "PURCHASE", "2026-03-02T08:00:00.000Z", 100, status="PAYMENT_FAILURE",
        processedAmount=0, gatewayErrorCode="INSUFFICIENT_FUNDS",
    )  # fmt: skip
    pending = kb.transaction(
        "PURCHASE", "2026-03-03T08:00:00.000Z", 100, status="PENDING"
    )
    run(
        invoices=[bill(recurring(100))],
        invoice_payments=[kb.payment(kb.new_id(), BILL, failed, pending)],
    )

    told = [
        (p["status"], p["amount"], p["failure_code"])
        for p in rows_of(portfolio, "payments")
    ]
    assert told == [("failed", 100, "insufficient_funds"), ("pending", 100, None)]


def test_a_subscription_begins_changes_and_ends(run: Import, portfolio: Path) -> None:
    def event(kind: str, at: str, plan: str) -> Thing:
        return kb.checked(
            "EventSubscription",
            eventId=kb.new_id(),
            eventType=kind,
            effectiveDate=at,
            plan=plan,
            auditLogs=kb.audit(at),
        )

    sold = kb.checked(
        "Subscription",
        accountId=ACCOUNT,
        bundleId=kb.new_id(),
        subscriptionId=kb.new_id(),
        startDate="2026-01-10T00:00:00.000Z",
        productName="disk",
        productCategory="BASE",
        billingPeriod="MONTHLY",
        priceList="DEFAULT",
        planName="large",
        quantity=2,
        events=[
            event("START_ENTITLEMENT", "2026-01-10T00:00:00.000Z", "small"),
            event("START_BILLING", "2026-01-10T00:00:00.000Z", "small"),
            event("CHANGE", "2026-02-10T00:00:00.000Z", "large"),
            event("STOP_ENTITLEMENT", "2026-09-10T00:00:00.000Z", "large"),
        ],
        auditLogs=kb.audit("2026-01-10T00:00:00.000Z"),
    )
    run(bundles=[kb.bundle(sold) | {"bundleId": sold["bundleId"]}])

    told = [(s["kind"], s["product"]) for s in rows_of(portfolio, "subscriptions")]
    assert ("started", "small") in told
    assert ("quantity_changed", "large") in told
    assert len(told) == 3


def test_tags_and_blocking_are_exemptions_and_actions(
    run: Import, portfolio: Path
) -> None:
    """An exemption that was taken away ended; a write-off that was has never been."""
    run(
        invoices=[bill(recurring(70))],
        invoice_payments=[],
        tags=[
            kb.tag(3, ACCOUNT, "ACCOUNT", kb.audit(
                "2026-05-02T00:00:00.000Z", "2026-05-09T00:00:00.000Z", last="DELETE")),
            kb.tag(4, BILL, "INVOICE", kb.audit("2026-05-20T00:00:00.000Z")),
        ],
        blocking_states=[
            kb.blocking("OD1", "2026-04-11T00:00:00.000Z", is_blocked=True),
            kb.blocking("CLEAR", "2026-05-01T00:00:00.000Z", is_blocked=False),
        ],
    )  # fmt: skip

    (hold,) = rows_of(portfolio, "holds")
    assert (hold["kind"], hold["until"].day) == ("exemption", 9)
    acts = [a["action"] for a in rows_of(portfolio, "actions")]
    assert acts == ["suspend", "reactivate"]
    gone = [
        i["amount"] for i in rows_of(portfolio, "invoices") if i["kind"] == "write_off"
    ]
    assert gone == [Decimal(70)]


def test_a_child_whose_parent_pays_is_left_out(run: Import, portfolio: Path) -> None:
    parent = kb.new_id()
    child = kb.account(parentAccountId=parent, isPaymentDelegatedToParent=True)
    report = run(
        accounts=[child, kb.account(parent)],
        invoices=[
            bill(recurring(100)),
            kb.invoice(
                kb.new_id(),
                "2026-03-01",
                kb.item("PARENT_SUMMARY", 100, "2026-03-01T00:05:00.000Z"),
                accountId=parent,
            ),
        ],
    )

    assert [i["customer_id"] for i in rows_of(portfolio, "invoices")] == [parent]
    assert any("whose parent pays" in note.text for note in report.notes)


def test_an_empty_answer_was_looked_at_and_pages_may_overlap(
    run: Import, portfolio: Path
) -> None:
    page = [bill(recurring(100))]
    report = run(invoices_0=page, invoices_1=page, tags=[], invoicePayments=[])

    assert [i["amount"] for i in rows_of(portfolio, "invoices")] == [100]
    assert {"customers", "holds", "invoices", "payments"} <= report.observed.keys()
    assert rows_of(portfolio, "holds") == []


def test_an_empty_answer_under_the_name_of_the_docs_was_looked_at(
    run: Import, portfolio: Path
) -> None:
    report = run(invoices=[bill(recurring(100))], **{"blocking-states-a1": []})

    assert "actions" in report.observed


def test_a_value_that_cannot_be_read_is_named(run: Import, portfolio: Path) -> None:
    other = kb.new_id()
    odd = recurring(100) | {"amount": "much", "invoiceId": other}
    report = run(
        invoices=[
            bill(recurring(20)),
            bill() | {"invoiceId": other, "items": [odd]},
        ]
    )

    (bad,) = report.bad_rows
    assert (bad.file, bad.row, bad.column) == ("invoices.json", 2, "amount")


def test_answers_of_something_else_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "kittens.json"
    other.write_text('[{"kitten": 1}]', encoding="utf-8")

    with pytest.raises(UnreadableFileError, match=r"kittens\.json, entry 1: none of"):
        import_files(SOURCES["killbill"], [other], tmp_path / "p", ImportSettings())
