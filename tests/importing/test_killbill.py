"""What Kill Bill's tables become; a PostgreSQL with its own DDL writes them."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import UnreadableFileError
from importing.killbill.columns import TABLES
from tests.importing.killbill_database import (
    ACCOUNT,
    OVERDUE_ENFORCEMENT_OFF,
    WRITTEN_OFF,
    KillBillDatabase,
)
from tests.importing.tables import facts_of, rows_of

pytestmark = pytest.mark.slow
EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)
Run = Callable[[], ImportReport]


@pytest.fixture
def run(killbill: KillBillDatabase, tmp_path: Path) -> Run:
    def _run() -> ImportReport:
        files = killbill.write_csv(tmp_path, list(TABLES))
        settings = ImportSettings(exported_at=EXPORTED, currency="EUR")
        return import_files(
            SOURCES["killbill"], files, tmp_path / "portfolio", settings
        )

    return _run


def facts(
    portfolio: Path, *names: str, customer: str = ACCOUNT
) -> dict[str, float | None]:
    return facts_of(portfolio, customer, "2026-06-01", *names)


def test_an_invoice_is_its_charges_and_a_payment_pays_it(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100), ("TAX", 21))
    killbill.payment(bill, "2026-03-02", 100)
    run()

    assert facts(portfolio, "open") == {"open": 21}


def test_a_repair_is_credit_that_the_next_invoice_uses(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    """Kill Bill moves 30 by CBA_ADJ +30 and -30; counted, it would be there twice."""
    killbill.account()
    first = killbill.invoice("2026-03-01", ("RECURRING", 100))
    killbill.payment(first, "2026-03-02", 100)
    killbill.invoice("2026-03-10", ("REPAIR_ADJ", -30), ("CBA_ADJ", 30))
    killbill.invoice("2026-04-01", ("RECURRING", 100), ("CBA_ADJ", -30))
    run()

    assert facts(portfolio, "open", "credit") == {"open": 70, "credit": 0}


def test_an_item_adjusted_later_reduces_its_invoice(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100))
    killbill.item(bill, "ITEM_ADJ", -40, "2026-03-15 10:00")
    killbill.payment(None, "2026-03-20", 10)
    run()

    note = next(i for i in rows_of(portfolio, "invoices") if i["kind"] == "credit_note")
    assert (note["applies_to"], note["amount"]) == (bill, Decimal(40))
    assert facts(portfolio, "open") == {"open": 50}


def test_credit_of_the_account_is_credit(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    killbill.invoice("2026-03-01", ("CREDIT_ADJ", -25), ("CBA_ADJ", 25))
    killbill.payment(None, "2026-03-20", 10)
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 35}


def test_each_attempt_is_a_payment_of_its_own(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100))
    payment = killbill.payment(bill, "2026-03-02", 100)
    killbill.transaction(
        payment,
        "PURCHASE",
        "2026-03-01 08:00",
        100,
        status="PAYMENT_FAILURE",
        processed_amount=0,
    )
    run()

    tried = rows_of(portfolio, "payments")
    assert [(p["status"], p["invoice_id"], p["amount"]) for p in tried] == [
        ("failed", bill, 100),
        ("succeeded", bill, 100),
    ]
    assert facts(portfolio, "open") == {"open": 0}


def test_what_was_pending_is_under_way_until_it_changed(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    payment = killbill.put("payments", account_id=ACCOUNT)
    killbill.transaction(
        payment, "PURCHASE", "2026-03-02", 100, updated_date="2026-03-06"
    )
    run()

    known = [(p["status"], p["known_at"].day) for p in rows_of(portfolio, "payments")]
    assert known == [("pending", 2), ("succeeded", 6)]


def test_a_refund_opens_nothing_adjusted_or_not(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    for day, is_adjusted in (("2026-03-01", False), ("2026-04-01", True)):
        bill = killbill.invoice(day, ("RECURRING", 100))
        payment = killbill.payment(bill, f"{day} 12:00", 100)
        killbill.transaction(payment, "REFUND", f"{day} 18:00", 40)
        killbill.link(payment, bill, "REFUND", f"{day} 18:00", -40, "SUCCESS")
        if is_adjusted:
            killbill.item(bill, "ITEM_ADJ", -40, f"{day} 18:00")
    report = run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}
    assert any("unpaid again" in note.text for note in report.notes)


def test_a_chargeback_disputes_the_payment_and_its_reversal_wins(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100))
    payment = killbill.payment(bill, "2026-03-02", 100)
    back = {"transaction_external_key": "cb-1"}
    killbill.transaction(payment, "CHARGEBACK", "2026-04-01", 100, **back)
    killbill.transaction(
        payment, "CHARGEBACK", "2026-04-20", 100, status="PAYMENT_FAILURE", **back
    )
    run()

    assert [d["status"] for d in rows_of(portfolio, "disputes")] == ["opened", "won"]
    assert facts(portfolio, "open") == {"open": 0}


def test_a_child_owes_nothing_where_the_parent_pays(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    parent = killbill.account()
    child = killbill.account(
        "00000000-0000-0000-0000-0000000003ea",
        parent_account_id=parent,
        is_payment_delegated_to_parent=True,
    )
    killbill.invoice("2026-03-01", ("RECURRING", 100), account=child)
    killbill.invoice("2026-03-01", ("PARENT_SUMMARY", 100), parent_invoice=True)
    killbill.payment(None, "2026-03-20", 10)
    report = run()

    assert facts(portfolio, "open") == {"open": 90}
    assert {i["customer_id"] for i in rows_of(portfolio, "invoices")} == {parent}
    assert any("parent pays" in note.text for note in report.notes)


def test_an_invoice_is_due_when_its_day_is_over_where_the_customer_lives(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    """The last Sunday of March has 23 hours in Brussels."""
    killbill.account(time_zone="Europe/Brussels")
    killbill.invoice("2026-03-29", ("RECURRING", 100))
    run()

    due = rows_of(portfolio, "invoices")[0]["due_at"]
    assert due == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)


def test_what_was_written_off_is_not_owed(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100))
    killbill.payment(bill, "2026-03-02", 30)
    killbill.tag(WRITTEN_OFF, bill, "INVOICE", "2026-05-01")
    run()

    assert facts(portfolio, "open", "written_off") == {"open": 0, "written_off": 70}


def test_void_invoices_and_drafts_are_not_owed(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    killbill.invoice("2026-03-01", ("RECURRING", 100), status="VOID")
    killbill.invoice("2026-03-01", ("RECURRING", 100), status="DRAFT")
    killbill.payment(None, "2026-03-20", 10)
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 10}


def test_overdue_states_and_the_exemption_are_told(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    for day, state, is_blocked in (
        ("2026-04-01", "OD1", False),
        ("2026-04-11", "OD2", True),
        ("2026-04-21", "OD3", True),
        ("2026-05-01", "__KILLBILL__CLEAR__OVERDUE_STATE__", False),
    ):
        killbill.put(
            "blocking_states",
            blockable_id=ACCOUNT,
            type="ACCOUNT",
            state=state,
            service="overdue-service",
            block_entitlement=is_blocked,
            created_date=day,
        )
    killbill.tag(OVERDUE_ENFORCEMENT_OFF, ACCOUNT, "ACCOUNT", "2026-05-02")
    run()

    acts = [(a["action"], a["event_at"].day) for a in rows_of(portfolio, "actions")]
    assert acts == [("suspend", 11), ("reactivate", 1)]
    assert rows_of(portfolio, "holds")[0]["kind"] == "exemption"


def test_a_file_that_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    strange, short = tmp_path / "kittens.csv", tmp_path / "invoices.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    short.write_text("id,account_id\n1,2\n", encoding="utf-8")

    for file, problem in (
        (strange, r"kittens\.csv"),
        (short, "no column invoice_date"),
    ):
        with pytest.raises(UnreadableFileError, match=problem):
            import_files(
                SOURCES["killbill"], [file], tmp_path / "out", ImportSettings()
            )


def test_a_cell_that_cannot_be_read_is_named(
    killbill: KillBillDatabase, tmp_path: Path, portfolio: Path
) -> None:
    killbill.account()
    killbill.invoice("2026-03-01", ("RECURRING", 100))
    killbill.invoice("2026-03-02", ("RECURRING", 200))
    files = killbill.write_csv(tmp_path, list(TABLES))
    items = tmp_path / "invoice_items.csv"
    items.write_text(items.read_text("utf-8").replace("200.0", "2oo.0"), "utf-8")
    report = import_files(
        SOURCES["killbill"], files, portfolio, ImportSettings(currency="EUR")
    )

    (bad,) = report.bad_rows
    assert (bad.file, bad.row, bad.column) == ("invoice_items.csv", 3, "amount")
    assert [i["amount"] for i in rows_of(portfolio, "invoices")] == [Decimal(100)]


def test_a_write_off_is_what_was_open_then(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100))
    killbill.payment(bill, "2026-03-02", 30)
    killbill.tag(WRITTEN_OFF, bill, "INVOICE", "2026-05-01")
    killbill.payment(bill, "2026-05-10", 50)
    killbill.item(bill, "ITEM_ADJ", -20, "2026-05-11")
    run()

    gone = [i for i in rows_of(portfolio, "invoices") if i["kind"] == "write_off"]
    assert [(g["amount"], g["known_at"].day) for g in gone] == [(Decimal(70), 1)]


def test_odd_rows_are_left_out_and_the_others_go_on(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    """A credit that nothing paid before, parts of a cent, words without a meaning."""
    killbill.account()
    for day in ("2026-03-01", "2026-03-02"):
        killbill.invoice(day, ("RECURRING", 0.33335), ("TAX", 0.00004))
    killbill.invoice("2026-03-03", ("RECURRING", 100), ("GIFT", 7))
    killbill.invoice("2026-03-04", ("RECURRING", 9), status="WAITING")
    payment = killbill.put("payments", account_id=ACCOUNT)
    killbill.transaction(payment, "CREDIT", "2026-03-05", 25)
    report = run()

    assert {v.value for v in report.unknown_values} == {"GIFT", "WAITING"}
    amounts = [i["amount"] for i in rows_of(portfolio, "invoices")]
    assert amounts == [Decimal("0.3334"), Decimal("0.3334"), Decimal(100)]
    assert {s.what: s.left_out for s in report.sums} == {
        "billed": Decimal(16),
        "refunds": Decimal(25),
    }


def test_a_sum_beyond_the_quick_way_is_rounded_alike(
    killbill: KillBillDatabase, run: Run, portfolio: Path
) -> None:
    killbill.account()
    items = [("RECURRING", 999_999.0)] * 150
    killbill.invoice("2026-03-01", *items, ("TAX", 0.00005))
    run()

    amounts = [i["amount"] for i in rows_of(portfolio, "invoices")]
    assert amounts == [Decimal("149999850.0001")]
