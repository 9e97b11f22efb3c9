"""What Chargebee's resources become, worked out by hand for each trap."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from importing import SOURCES, ImportSettings, import_files
from importing.chargebee.values import METHODS
from tests.importing.chargebee_imports import (
    BILL,
    FAILED,
    FULL,
    PAID,
    Import,
    facts,
    run,
)
from tests.importing.chargebee_objects import (
    CUSTOMER,
    Object,
    credit_note,
    customer,
    dispute,
    event,
    invoice,
    link,
    page,
    payment,
    refund,
    seconds,
    subscription,
    transaction,
)
from tests.importing.tables import facts_of, rows_of

__all__ = ["run"]

SCHEMA = json.loads(
    (Path(__file__).parent / "data" / "chargebee_schema.json").read_text("utf-8")
)


SAMPLES = [
    customer(fraud_flag="safe"),
    link(BILL, "txn_1", "2026-03-05", 12_345, "success"),
    FULL,
    refund("txn_2", "2026-03-10", 100, "txn_1"),
    credit_note("cn_1", "inv_1", "2026-03-10", 100),
    subscription("sub_1", "2026-01-01", 1_000),
    dispute("dis_1", "txn_1", "2026-04-01", 12_345),
    event("payment_failed", "2026-04-01", BILL, customer()),
]


HALVES = (invoice("inv_1", "2026-03-01", 5_000), invoice("inv_2", "2026-03-01", 5_000))


BOTH = payment("txn_1", "2026-03-05", 10_000, "inv_1", "inv_2")


ENDS = {
    "one link removed": (
        BOTH | {"linked_invoices": BOTH["linked_invoices"][:1], "amount_unused": 5_000},
        {"open": 0, "credit": 0},
    ),
    "voided": (
        BOTH | {"status": "voided", "linked_invoices": []},
        {"open": 100, "credit": 0},
    ),
    "deleted": (
        BOTH | {"deleted": True, "linked_invoices": []},
        {"open": 100, "credit": 0},
    ),
    "failed late": (
        BOTH
        | {
            "status": "late_failure",
            "linked_invoices": [],
            "updated_at": seconds("2026-06-01T10:00"),
        },
        {"open": 100, "credit": 0},
    ),
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["object"])
def test_a_sample_is_what_chargebees_own_client_expects(sample: Object) -> None:
    schema = SCHEMA[sample["object"]]

    jsonschema.validate(sample, schema)
    assert sample.keys() - {"object"} <= schema["properties"].keys()


def test_the_check_sees_a_wrong_type_and_a_wrong_word() -> None:
    with pytest.raises(jsonschema.ValidationError, match="is not of type 'integer'"):
        jsonschema.validate(BILL | {"total": "12.3"}, SCHEMA["invoice"])
    with pytest.raises(jsonschema.ValidationError, match="is not one of"):
        jsonschema.validate(BILL | {"status": "open"}, SCHEMA["invoice"])


def test_every_method_of_payment_that_chargebee_names_has_a_meaning() -> None:
    named = SCHEMA["transaction"]["properties"]["payment_method"]["enum"]

    assert METHODS.keys() == set(named)


def test_a_transaction_pays_the_invoice_that_it_is_linked_to(
    run: Import, portfolio: Path
) -> None:
    part = payment("txn_1", "2026-03-05", 10_000, "inv_1")
    run(page(customer(), BILL, part))

    (row,) = rows_of(portfolio, "payments")
    assert (row["invoice_id"], row["method"]) == ("inv_1", "card")
    assert facts(portfolio, "open") == {"open": 23.45}


def test_an_invoice_may_be_all_that_tells_of_its_payment(
    run: Import, portfolio: Path
) -> None:
    report = run(page(customer(), link(PAID, "txn_1", "2026-03-05", 12_345, "success")))

    assert facts(portfolio, "open") == {"open": 0}
    assert any("only their invoice tells of" in note.text for note in report.notes)
    assert "payments" not in report.observed


def test_what_both_ends_tell_counts_once(run: Import, portfolio: Path) -> None:
    run(page(customer(), link(PAID, "txn_1", "2026-03-05", 12_345, "success"), FULL))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_transaction_that_comes_later_takes_its_place(
    run: Import, portfolio: Path
) -> None:
    bill = link(PAID, "txn_1", "2026-03-05", 12_345, "success")
    run(page(customer(), bill), at=datetime(2026, 4, 1, tzinfo=UTC))
    run(page(customer(), FULL))
    run(page(bill), at=datetime(2026, 6, 2, tzinfo=UTC))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_payment_of_several_invoices_is_a_payment_of_each(
    run: Import, portfolio: Path
) -> None:
    other = invoice("inv_2", "2026-04-01", 5_000)
    both = payment("txn_1", "2026-05-01", 12_000, "inv_1", "inv_2") | {"amount": 12_500}
    run(page(customer(), BILL, other, both))

    told = [(p["payment_id"], p["amount"]) for p in rows_of(portfolio, "payments")]
    assert sorted(told) == [("txn_1", Decimal(65)), ("txn_1:inv_2", Decimal(60))]
    assert facts(portfolio, "open") == {"open": 48.45}  # 173.45 less 125


@pytest.mark.parametrize("way", ENDS)
def test_the_parts_of_a_payment_change_with_it(
    run: Import, portfolio: Path, way: str
) -> None:
    changed, expected = ENDS[way]
    run(page(customer(), *HALVES, BOTH))
    later = datetime(2026, 6, 2, tzinfo=UTC)
    run(page(customer(), *HALVES, changed), at=later)
    report = run(
        page(customer(), *HALVES, changed), at=datetime(2026, 6, 3, tzinfo=UTC)
    )

    assert facts_of(portfolio, CUSTOMER, "2026-07-01", "open", "credit") == expected
    assert sum(count.n_new for count in report.tables) == 0
    assert {p["payment_id"] for p in rows_of(portfolio, "payments") if p["retracted"]}


@pytest.mark.parametrize(
    ("method", "state"),
    [("automated_bank_transfer", "in_progress"), ("direct_debit", "needs_attention")],
)
def test_what_was_under_way_is_paid_since_an_event_said_so(
    run: Import, portfolio: Path, method: str, state: str
) -> None:
    paid = FULL | {"payment_method": method}
    run(
        event("payment_initiated", "2026-03-06", paid | {"status": state}),
        event("payment_succeeded", "2026-03-12", paid),
        page(customer(), PAID, paid),
    )

    states = [(p["status"], p["known_at"].day) for p in rows_of(portfolio, "payments")]
    assert states == [("pending", 5), ("succeeded", 12)]


def test_what_was_under_way_is_paid_since_the_next_export(
    run: Import, portfolio: Path
) -> None:
    paid = FULL | {"payment_method": "automated_bank_transfer"}
    going = paid | {"status": "in_progress"}
    run(page(customer(), BILL, going), at=datetime(2026, 3, 6, tzinfo=UTC))
    run(page(customer(), PAID, paid | {"updated_at": seconds("2026-03-12")}))

    states = [(p["status"], p["known_at"].day) for p in rows_of(portfolio, "payments")]
    assert states == [("pending", 5), ("succeeded", 12)]


def test_day_by_day_is_the_same_account_as_all_at_once(tmp_path: Path) -> None:
    """A transfer under way, paid, half unlinked, refunded, and the refund voided."""
    transfer = BOTH | {"payment_method": "automated_bank_transfer"}
    half = ENDS["one link removed"][0] | {"payment_method": "automated_bank_transfer"}
    back = refund("txn_2", "2026-03-12", 5_000, "txn_1")
    days = [
        ("2026-03-06", [transfer | {"status": "in_progress"}]),
        ("2026-03-10", [transfer]),
        ("2026-03-11", [half]),
        ("2026-03-13", [half, back]),
        ("2026-03-14", [half, back | {"status": "voided"}]),
    ]
    events: list[Object] = []
    for day, states in days:
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        told = [o | {"updated_at": seconds(day)} for o in states]
        events.append(event("told", day, *told[-1:]))
        listed = page(customer(), *HALVES, *told)
        for place, documents in (("daily", [listed]), ("whole", [listed, *events])):
            file = tmp_path / f"{place}-{day}.ndjson"
            file.write_text("".join(json.dumps(d) + "\n" for d in documents), "utf-8")
            if place == "daily" or day == days[-1][0]:
                settings = ImportSettings(exported_at=at, currency="EUR")
                source = SOURCES["chargebee"]
                import_files(source, [file], tmp_path / place, settings)

    names = ("open", "overdue", "credit")
    whole = facts_of(tmp_path / "whole", CUSTOMER, "2026-04-01", *names)
    assert facts_of(tmp_path / "daily", CUSTOMER, "2026-04-01", *names) == whole


def test_what_is_paid_in_excess_is_credit(run: Import, portfolio: Path) -> None:
    run(page(customer(), PAID, FULL, transaction("txn_2", "2026-03-05", 2_000)))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 20}


def test_a_parent_that_pays_is_named_and_the_debt_is_the_childs(
    run: Import, portfolio: Path
) -> None:
    bill = PAID | {"payment_owner": "holding"}
    run(page(customer(), customer("holding"), bill, FULL | {"customer_id": "holding"}))

    (row,) = rows_of(portfolio, "payments")
    assert (row["customer_id"], row["paid_by"]) == (CUSTOMER, "holding")
    assert facts(portfolio, "open") == {"open": 0}


def test_credits_that_were_applied_are_laid_on_invoices_once(
    run: Import, portfolio: Path
) -> None:
    note = credit_note("cn_1", "inv_1", "2026-03-10", 3_000, amount_allocated=3_000)
    later = invoice("inv_2", "2026-04-01", 10_000, credits_applied=3_000)
    run(page(customer(), PAID, FULL, note, later))

    assert facts(portfolio, "open", "credit") == {"open": 70, "credit": 0}


@pytest.mark.parametrize(
    "reason",
    [{"reason_code": "write_off"}, {"create_reason_code": "Write Off"}],
    ids=["by the old field", "by the new field"],
)
def test_a_write_off_is_an_adjustment_note_of_that_reason(
    run: Import, portfolio: Path, reason: Object
) -> None:
    note = credit_note(
        *("cn_1", "inv_1", "2026-05-01", 12_345),
        type="adjustment",
        status="adjusted",
        amount_allocated=12_345,
    )
    run(page(customer(), BILL | {"status": "paid"}, FAILED, note | reason))

    names = ("open", "written_off")
    assert facts(portfolio, *names) == {"open": 0, "written_off": 123.45}


def test_a_write_off_that_was_removed_from_its_invoice_is_none(
    run: Import, portfolio: Path
) -> None:
    note = credit_note(
        *("cn_1", "inv_1", "2026-05-01", 12_345),
        type="adjustment",
        reason_code="write_off",
        status="adjusted",
        amount_allocated=0,
    )
    run(page(customer(), BILL | {"status": "not_paid"}, FAILED, note))

    assert facts(portfolio, "open") == {"open": 123.45}


@pytest.mark.parametrize(
    "end",
    [{"status": "voided", "voided_at": seconds("2026-04-02")}, {"deleted": True}],
    ids=["voided", "deleted"],
)
def test_a_void_invoice_never_counted_from_then_on(
    run: Import, portfolio: Path, end: Object
) -> None:
    run(page(customer(), BILL | end, FAILED))

    retracted = [row["retracted"] for row in rows_of(portfolio, "invoices")]
    assert sorted(retracted, key=bool) == [None, True]
    assert facts(portfolio, "open") == {"open": 0}


def test_an_invoice_that_is_not_closed_is_left_out(
    run: Import, portfolio: Path
) -> None:
    report = run(page(customer(), BILL | {"status": "pending"}, FAILED))

    assert {c.table: c.n_made for c in report.tables}["invoices"] == 0
    assert any("not closed yet" in note.text for note in report.notes)


def test_the_end_of_dunning_is_known_since_its_last_failed_payment(
    run: Import, portfolio: Path
) -> None:
    over = BILL | {"status": "not_paid", "dunning_status": "exhausted"}
    going = BILL | {"dunning_status": "in_progress"}
    run(
        event("payment_failed", "2026-03-20", going),
        event("payment_failed", "2026-04-20", over),
        page(customer(), over, FAILED),
    )

    (end,) = rows_of(portfolio, "outcomes")
    assert (end["kind"], end["known_at"].date().isoformat()) == (
        "nonpayment",
        "2026-04-20",
    )


def test_who_was_cancelled_for_not_paying_is_an_outcome(
    run: Import, portfolio: Path
) -> None:
    gone = {"status": "cancelled", "cancelled_at": seconds("2026-05-01")}
    ended = subscription("sub_1", "2026-01-01", 1_000, cancel_reason="not_paid", **gone)
    run(page(customer(), ended))

    (outcome,) = rows_of(portfolio, "outcomes")
    assert (outcome["kind"], outcome["strength"]) == ("nonpayment", "confirmed")
    assert rows_of(portfolio, "subscriptions")[-1]["kind"] == "ended"


def test_a_customer_that_somebody_flagged(run: Import, portfolio: Path) -> None:
    run(
        event("customer_changed", "2026-03-01", customer(fraud_flag="fraudulent")),
        page(customer(fraud_flag="safe")),
    )

    told = [(o["kind"], o["strength"]) for o in rows_of(portfolio, "outcomes")]
    assert told == [("fraud", "analyst"), ("fraud_cleared", "analyst")]
