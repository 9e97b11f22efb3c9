"""Stripe's balance report, and parts of a charge that were captured or given back."""

from pathlib import Path

import pytest

from tests.importing import stripe_exports as exports
from tests.importing.stripe_export_runs import Import, balance, run
from tests.importing.stripe_objects import charge, customer, made, seconds, write_lines
from tests.importing.tables import rows_of

__all__ = ["run"]


@pytest.mark.parametrize("is_with_payments", [False, True])
def test_the_category_tells_a_capture_in_part_from_a_refund(
    run: Import, tmp_path: Path, *, is_with_payments: bool
) -> None:
    """Both have the type refund: of 100 held 40 were captured, and 5 given back."""
    files = [
        exports.write(
            tmp_path / "balance.csv",
            exports.BALANCE,
            [
                balance("charge", "100.00", 1, source_id="ch_1", invoice_id="in_1"),
                balance("partial_capture_reversal", "-60.00", 2, source_id="re_1"),
                balance("refund", "-5.00", 9, source_id="re_2"),
                balance("payout", "-30.00", 10, charge_id="", customer_id=""),
            ],
        )
    ]
    if is_with_payments:
        paid = exports.payment(
            "ch_1", "2026-03-01 10:00:00", "100.00", amount_refunded="65.00",
            status="Partially Refunded", invoice_id="in_1",
        )  # fmt: skip
        files.append(exports.write(tmp_path / "payments.csv", exports.PAYMENTS, [paid]))
    report = run(*files)

    read = rows_of(tmp_path / "portfolio", "payments")
    assert [(p["status"], p["amount"], p["invoice_id"]) for p in read] == [
        ("succeeded", 40, "in_1"),
        ("refunded", 5, "in_1"),
    ]
    assert report.is_clean


def test_the_category_tells_a_dispute_from_its_reversal_and_a_failed_refund(
    run: Import, tmp_path: Path
) -> None:
    """All three have the type adjustment."""
    page = exports.write(
        tmp_path / "balance.csv",
        exports.BALANCE,
        [
            balance("charge", "100.00", 1, source_id="ch_1"),
            balance("refund", "-5.00", 2, source_id="re_1"),
            balance("refund_failure", "5.00", 4, source_id="re_1"),
            balance(
                "dispute", "-100.00", 9, source_id="dp_1", dispute_reason="fraudulent"
            ),
            balance("dispute_reversal", "100.00", 20, source_id="dp_1"),
        ],
    )
    report = run(page)

    portfolio = tmp_path / "portfolio"
    told = [
        (d["status"], d["known_at"].day, d["kind"])
        for d in rows_of(portfolio, "disputes")
    ]
    fraud = "chargeback_fraud"
    assert told == [("opened", 9, fraud), ("won", 20, fraud)]
    given = [p for p in rows_of(portfolio, "payments") if p["status"] == "refunded"]
    assert [p["retracted"] for p in given] == [True]
    assert [s.portfolio for s in report.sums if s.what == "payments"] == [100]


def test_an_object_with_a_capture_in_part_has_no_refund_of_it(
    run: Import, tmp_path: Path
) -> None:
    """Stripe gives back what was not captured by a refund of its own."""
    part = charge(
        "ch_1", "2026-03-05", 10_000, amount_captured=4_000, amount_refunded=6_000
    )
    rest = made(
        "refund",
        id="re_1",
        charge="ch_1",
        amount=6_000,
        created=seconds("2026-03-06"),
        currency="usd",
    )
    run(write_lines(tmp_path / "x.ndjson", [customer(), part, rest]))
    run(write_lines(tmp_path / "y.ndjson", [customer(), part]), portfolio="alone")

    for portfolio in ("portfolio", "alone"):
        read = rows_of(tmp_path / portfolio, "payments")
        assert [(p["status"], p["amount"]) for p in read] == [("succeeded", 40)]


@pytest.mark.parametrize("first", ["sum", "list"])
def test_a_refund_counts_once_however_imports_are_split(
    run: Import, tmp_path: Path, first: str
) -> None:
    paid = charge("ch_1", "2026-03-02", 10_000, amount_refunded=3_000)
    back = made(
        "refund", id="re_1", charge="ch_1", amount=3_000, currency="usd",
        created=seconds("2026-03-11"),
    )  # fmt: skip
    parts = {"sum": [customer(), paid], "list": [customer(), paid, back]}
    order = [first, *(name for name in parts if name != first)]
    for name in order:
        run(write_lines(tmp_path / f"{name}.ndjson", parts[name]))

    latest = {
        p["refund_id"]: p
        for p in rows_of(tmp_path / "portfolio", "payments")
        if p["status"] == "refunded"
    }
    given = [p["amount"] for p in latest.values() if not p["retracted"]]
    assert given == [30]


def test_a_capture_in_part_and_then_a_refund_are_told_apart(
    run: Import, tmp_path: Path
) -> None:
    """Of 10 held 8 were captured and 2 given back: Stripe says twice that 2 went."""
    paid = exports.payment(
        "ch_1", "2026-03-01 10:00:00", "10.00", amount_refunded="4.00",
        refunded_date="2026-03-09 10:00:00", status="Partially Refunded",
    )  # fmt: skip
    moved = [
        balance("charge", "10.00", 1, source_id="ch_1"),
        balance("partial_capture_reversal", "-2.00", 2, source_id="re_1"),
        balance("refund", "-2.00", 9, source_id="re_2"),
    ]
    report = exports.write(tmp_path / "balance.csv", exports.BALANCE, moved)
    page = exports.write(tmp_path / "payments.csv", exports.PAYMENTS, [paid])
    run(report, page)
    run(report, portfolio="alone")

    for portfolio in ("portfolio", "alone"):
        read = rows_of(tmp_path / portfolio, "payments")
        assert [(p["status"], p["amount"], p["known_at"].day) for p in read] == [
            ("succeeded", 8, 1),
            ("refunded", 2, 9),
        ]


def test_a_capture_in_part_alone_gives_nothing_back(
    run: Import, tmp_path: Path
) -> None:
    paid = exports.payment(
        "ch_1", "2026-03-01 10:00:00", "10.00", amount_refunded="3.00",
        refunded_date="2026-03-02 10:00:00",
    )  # fmt: skip
    moved = [
        balance("charge", "10.00", 1, source_id="ch_1"),
        balance("partial_capture_reversal", "-3.00", 2, source_id="re_1"),
    ]
    run(
        exports.write(tmp_path / "balance.csv", exports.BALANCE, moved),
        exports.write(tmp_path / "payments.csv", exports.PAYMENTS, [paid]),
    )

    read = rows_of(tmp_path / "portfolio", "payments")
    assert [(p["status"], p["amount"]) for p in read] == [("succeeded", 7)]


@pytest.mark.parametrize(
    ("day", "known"),
    [
        pytest.param(
            20, [("pending", 1), ("succeeded", 6), ("returned", 20)], id="late"
        ),
        pytest.param(
            3, [("pending", 1), ("returned", 3), ("succeeded", 3)], id="early"
        ),
    ],
)
@pytest.mark.parametrize("is_with_payments", [False, True])
def test_a_failure_in_the_balance_has_its_own_moment(
    run: Import,
    tmp_path: Path,
    day: int,
    known: list[tuple[str, int]],
    *,
    is_with_payments: bool,
) -> None:
    debit = {"payment_method_type": "us_bank_account"}
    moved = [
        balance("charge", "10.00", 1, source_id="ch_1", **debit),
        balance("charge_failure", "-10.00", day, source_id="py_1", **debit),
    ]
    files = [exports.write(tmp_path / "balance.csv", exports.BALANCE, moved)]
    if is_with_payments:
        failed = exports.payment(
            "ch_1", "2026-03-01 10:00:00", "10.00", status="Failed",
            payment_source_type="us_bank_account",
        )  # fmt: skip
        files.append(
            exports.write(tmp_path / "payments.csv", exports.PAYMENTS, [failed])
        )
    report = run(*files)

    read = rows_of(tmp_path / "portfolio", "payments")
    assert [
        (p["status"], p["known_at"].day) for p in read if p["amount"] == 10
    ] == known
    assert report.is_clean
