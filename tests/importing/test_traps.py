"""Which source has which trap, and the test that it does not fall into it.

The traps are those that cost money or a customer: who reads a billing system for the
first time falls into each of them. A source without one says why.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES
from importing.killbill.columns import TABLES
from tests.importing import chargebee_objects as chargebee
from tests.importing.conftest import FirstActions
from tests.importing.killbill_database import ACCOUNT, KillBillDatabase
from tests.importing.tables import facts_of, rows_of
from tests.importing.test_left_out import imported, lines

FOLDER = Path(__file__).parent
_IDS = (
    "00000000-0000-0000-0000-0000000003e9",
    "00000000-0000-0000-0000-0000000003ea",
)
TRAPS = (
    "refund after credit",
    "dispute of a paid charge",
    "reversal of a reversal",
    "day on which clocks change",
    "partial capture",
    "parent pays",
    "currencies without decimals or with three",
)
NO_DISPUTES = "no: it has no disputes"
NO_CAPTURE = "no: it has no captures"
NO_MONEY = "no: it tells of no invoices and no payments"
NO_PARENT = "no: nobody pays for another"
UTC_ONLY = "no: its moments are UTC and it has no plain days"
TESTS = {
    "stripe": (
        "test_stripe: test_a_refund_after_a_credit_note_opens_nothing",
        "test_stripe: test_a_dispute_of_a_paid_charge_leaves_the_invoice_paid",
        (
            "test_stripe_balance: test_the_category_tells_a_dispute_from_its_reversal_"
            "and_a_failed_refund"
        ),
        UTC_ONLY,
        "test_stripe: test_a_partial_capture_pays_what_was_captured",
        NO_PARENT,
        "test_stripe: test_each_currency_has_its_own_smallest_unit",
    ),
    "killbill": (
        "test_killbill: test_a_refund_opens_nothing_adjusted_or_not",
        "test_killbill: test_a_chargeback_disputes_the_payment_and_its_reversal_wins",
        "test_killbill: test_a_chargeback_disputes_the_payment_and_its_reversal_wins",
        (
            "test_killbill: test_an_invoice_is_due_when_its_day_is_over_where_the_"
            "customer_lives"
        ),
        "test_traps: test_kill_bill_captures_in_part_in_any_currency",
        "test_killbill: test_a_child_owes_nothing_where_the_parent_pays",
        "test_traps: test_kill_bill_captures_in_part_in_any_currency",
    ),
    "lago": (
        "test_lago_notes: test_a_refund_after_a_credit_note_opens_nothing",
        (
            "test_lago_notes: test_a_lost_dispute_of_a_paid_invoice_has_its_reason_in_"
            "the_webhook"
        ),
        "no: a lost dispute is final and nothing else is reversed",
        "test_lago: test_it_is_due_when_the_customers_own_day_is_over",
        NO_CAPTURE,
        NO_PARENT,
        "test_lago: test_each_currency_has_the_unit_of_lagos_money_library",
    ),
    "chargebee": (
        "test_chargebee_returns: test_a_refund_after_a_credit_note_opens_nothing",
        (
            "test_chargebee_returns: test_a_dispute_of_a_paid_transaction_has_its_"
            "kind_and_end"
        ),
        "test_chargebee_returns: test_a_reversal_that_failed_itself_returns_nothing",
        UTC_ONLY,
        "test_traps: test_chargebee_pays_what_was_captured_of_an_authorisation",
        "test_chargebee: test_a_parent_that_pays_is_named_and_the_debt_is_the_childs",
        "test_chargebee_files: test_a_currency_has_no_decimals_or_two",
    ),
    "whmcs": (
        "test_whmcs: test_a_refund_to_the_balance_is_credit_once",
        NO_DISPUTES,
        "test_whmcs: test_what_came_back_and_was_paid_anew_is_paid_once",
        "test_whmcs: test_days_are_the_portfolios_own",
        NO_CAPTURE,
        NO_PARENT,
        "test_whmcs: test_amounts_keep_their_places_and_their_currency",
    ),
    "odoo": (
        (
            "test_odoo_refunds: test_a_credit_note_reduces_what_it_reverses_and_its_"
            "refund_opens_nothing"
        ),
        NO_DISPUTES,
        "test_odoo_refunds: test_a_payment_that_was_reversed_and_made_anew_pays_once",
        "test_odoo: test_moments_are_utc_and_days_are_the_portfolios",
        NO_CAPTURE,
        "test_odoo: test_a_contact_owes_as_its_company_and_a_parent_may_pay",
        "test_odoo: test_a_payment_in_another_currency_closes_what_odoo_says",
    ),
    "erpnext": (
        "test_erpnext_given_back: test_a_refund_after_a_credit_note_opens_nothing",
        NO_DISPUTES,
        "test_erpnext_given_back: test_a_payment_that_bounced_and_came_again_pays_once",
        (
            "test_erpnext: test_a_document_is_known_since_it_was_written_and_due_at_"
            "the_end_of_a_day"
        ),
        NO_CAPTURE,
        NO_PARENT,
        "test_erpnext: test_amounts_keep_their_places_and_their_currency",
    ),
    "bank": (
        "test_bank_returns: test_a_refund_and_one_that_comes_back",
        NO_DISPUTES,
        "test_bank_returns: test_a_reversal_of_a_reversal",
        "test_bank: test_the_day_on_which_clocks_change",
        NO_CAPTURE,
        "test_bank: test_a_parent_pays_invoices_of_two_customers_that_add_up",
        "test_bank: test_amounts_of_other_currencies",
    ),
    "partner-center": (
        NO_MONEY,
        NO_MONEY,
        NO_MONEY,
        "no: Microsoft's days are UTC",
        NO_MONEY,
        NO_MONEY,
        "partner_center/test_usage: test_another_currency_needs_a_rate",
    ),
}


def test_each_source_is_asked_for_its_traps() -> None:
    assert TESTS.keys() == SOURCES.keys()


def test_the_page_says_what_each_source_is_tested_on() -> None:
    page = (FOLDER.parents[1] / "docs/importing.md").read_text("utf-8")
    for name, places in TESTS.items():
        cells = [p[len("no: ") :] if p.startswith("no: ") else "yes" for p in places]
        assert f"| {' | '.join([SOURCES[name].title, *cells])} |" in page
    assert f"| {' | '.join(['source', *TRAPS])} |" in page


@pytest.mark.parametrize("source", TESTS)
def test_each_trap_has_its_test_or_a_reason(source: str) -> None:
    assert len(TESTS[source]) == len(TRAPS)
    for place in TESTS[source]:
        if not place.startswith("no: "):
            file, name = place.split(": ")
            text = (FOLDER / f"{file}.py").read_text("utf-8")
            assert f"def {name}(" in text, place


def test_chargebee_pays_what_was_captured_of_an_authorisation(tmp_path: Path) -> None:
    """The authorisation of 100 is no money; the payment that captured 60 of it is."""
    bill = chargebee.invoice("1", "2026-03-01", 10_000)
    held = chargebee.transaction("txn_1", "2026-03-01", 10_000) | {
        "type": "authorization"
    }
    taken = chargebee.payment("txn_2", "2026-03-02", 6_000, "1")
    taken["reference_transaction_id"] = "txn_1"
    page = chargebee.page(chargebee.customer(), bill, held, taken)
    portfolio = tmp_path / "portfolio"
    imported("chargebee", lines(tmp_path / "x.ndjson", page), portfolio)

    paid = [(r["payment_id"], r["amount"]) for r in rows_of(portfolio, "payments")]
    assert paid == [("txn_2", 60)]
    owed = facts_of(portfolio, chargebee.CUSTOMER, "2026-06-01", "open")
    assert owed == {"open": 40}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("currency", "billed", "captured"),
    [("EUR", 100, 60), ("JPY", 12_345, 12_000), ("KWD", 10.005, 0.001)],
)
def test_kill_bill_captures_in_part_in_any_currency(
    killbill: KillBillDatabase,
    tmp_path: Path,
    currency: str,
    billed: float,
    captured: float,
) -> None:
    """An authorisation is no money; of a capture what was captured counts."""
    killbill.account(currency=currency)
    bill = killbill.invoice("2026-03-01", ("RECURRING", billed), currency=currency)
    paid = killbill.put("payments", account_id=ACCOUNT, created_date="2026-03-02")
    money = {"currency": currency, "processed_currency": currency}
    killbill.transaction(paid, "AUTHORIZE", "2026-03-02", billed, **money)
    killbill.transaction(paid, "CAPTURE", "2026-03-03", captured, **money)
    killbill.link(paid, bill, "ATTEMPT", "2026-03-03", captured, "SUCCESS")
    files = killbill.write_csv(tmp_path, list(TABLES))
    report = imported("killbill", files, tmp_path / "portfolio")

    [row] = rows_of(tmp_path / "portfolio", "payments")
    assert (row["status"], row["invoice_id"]) == ("succeeded", bill)
    assert (row["amount"], row["currency"]) == (Decimal(str(captured)), currency)
    sums = {s.what: s.portfolio for s in report.sums}
    assert sums["billed"] == Decimal(str(billed))


@pytest.mark.slow
def test_from_kill_bills_tables_to_a_first_list_of_actions(
    killbill: KillBillDatabase, first_actions: FirstActions, tmp_path: Path
) -> None:
    """Who paid is left alone; who owes is reminded or looked at, and nobody stopped."""
    payer, debtor = (killbill.account(id_) for id_ in _IDS)
    bill = killbill.invoice("2026-03-01", ("RECURRING", 100), account=payer)
    killbill.payment(bill, "2026-03-02", 100, account=payer)
    killbill.invoice("2026-03-01", ("RECURRING", 200), account=debtor)
    files = killbill.write_csv(tmp_path, list(TABLES))
    day = first_actions("killbill", files, "2026-06-01", debtor)

    assert day.actions[payer] == "none"
    assert day.actions[debtor] in ("remind", "review")
    assert "200" in day.explained
