"""What a second import of Stripe's objects makes of a portfolio that is there."""

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import NothingToImportError, SumsDifferError
from importing.report import Sum
from tests.importing.stripe_objects import (
    CUSTOMER,
    charge,
    customer,
    debit,
    event,
    invoice,
    made,
    page,
    payment_of,
    seconds,
    write_lines,
)
from tests.importing.tables import rows_of


def run(portfolio: Path, at: str, *objects: dict[str, Any]) -> ImportReport:
    file = write_lines(portfolio.parent / "export.ndjson", objects)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    settings = ImportSettings(exported_at=moment, currency="USD")
    return import_files(SOURCES["stripe"], [file], portfolio, settings)


def counted(portfolio: Path) -> dict[str, Decimal]:
    """Succeeded payments in their latest version, by id."""
    latest = {
        row["payment_id"]: row
        for row in rows_of(portfolio, "payments")
        if row["status"] == "succeeded"
    }
    return {id_: r["amount"] for id_, r in latest.items() if not r["retracted"]}


BILL = invoice("in_1", "2026-03-01", 10_000, status="paid")
PAID = charge("ch_1", "2026-03-05", 10_000, invoice="in_1")
OTHER = charge("ch_2", "2026-03-05", 100, customer="cus_B")


def test_charges_then_invoices_count_money_once(portfolio: Path) -> None:
    run(portfolio, "2026-06-01", customer(), PAID)
    run(portfolio, "2026-06-02", BILL)
    run(portfolio, "2026-06-03", BILL, OTHER)

    assert counted(portfolio) == {"ch_1": 100, "ch_2": 1}


def test_a_charge_that_the_invoice_names_and_is_not_here_is_awaited(
    portfolio: Path,
) -> None:
    named = payment_of("in_1", "pi_1") | {"status": "paid"}
    report = run(portfolio, "2026-06-01", customer(), BILL, OTHER, named)

    assert any("whose charges are not in these" in note.text for note in report.notes)
    assert counted(portfolio) == {"ch_2": 1}


@pytest.mark.parametrize(("minor", "left"), [(10_000, {}), (4_000, {"in_1:paid": 60})])
def test_a_charge_that_comes_later_takes_the_place_of_paid_apart(
    portfolio: Path, minor: int, left: dict[str, int]
) -> None:
    run(portfolio, "2026-06-01", customer(), BILL, OTHER)
    assert counted(portfolio) == {"in_1:paid": 100, "ch_2": 1}

    late = charge("ch_1", "2026-03-05", minor, invoice="in_1")
    for day in ("2026-06-02", "2026-06-03"):
        run(portfolio, day, late)
        assert counted(portfolio) == {"ch_1": minor / 100, "ch_2": 1} | left


def test_a_value_that_comes_back_is_a_correction(portfolio: Path) -> None:
    def then(day: str, total: int, country: str) -> None:
        buyer = customer(address={"country": country})
        run(portfolio, day, buyer, invoice("in_1", "2026-03-01", total))

    for day, total, country in (
        ("2026-06-01", 10_000, "BE"),
        ("2026-06-02", 9_000, "NL"),
        ("2026-06-03", 10_000, "BE"),
        ("2026-06-04", 10_000, "BE"),
    ):
        then(day, total, country)

    amounts = [int(i["amount"]) for i in rows_of(portfolio, "invoices")]
    assert amounts == [100, 90, 100]
    countries = [c["country"] for c in rows_of(portfolio, "customers")]
    assert countries == [None, "BE", "NL", "BE"]


def test_what_an_export_leaves_empty_takes_nothing_back(portfolio: Path) -> None:
    untied = charge("ch_1", "2026-03-05", 10_000)
    for day, object_ in (("01", untied), ("02", PAID), ("03", untied)):
        run(portfolio, f"2026-06-{day}", customer(), object_)

    assert [p["invoice_id"] for p in rows_of(portfolio, "payments")] == [None, "in_1"]


def test_an_import_that_is_cut_off_vouches_for_nothing(
    portfolio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(portfolio, "2026-06-01", customer(), OTHER)
    before = (portfolio / "portfolio.yaml").read_text("utf-8")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "move", fail)
        with pytest.raises(OSError, match="disk full"):
            run(portfolio, "2026-06-02", customer(), PAID)
    assert (portfolio / "portfolio.yaml").read_text("utf-8") == before

    run(portfolio, "2026-06-02", customer(), PAID)
    stated = yaml.safe_load((portfolio / "portfolio.yaml").read_text("utf-8"))
    assert stated["observed_until"]["payments"] == "2026-06-02T00:00:00Z"


def test_terms_of_today_are_not_joined_to_an_earlier_version(portfolio: Path) -> None:
    buyer = customer(address={"country": "BE"})
    sold = {"customer": CUSTOMER, "created": seconds("2026-01-10"), "ended_at": None}
    once = made("subscription", id="sub_A", days_until_due=7, **sold)
    ended = made(
        "subscription",
        id="sub_B",
        days_until_due=60,
        **sold | {"ended_at": seconds("2026-05-01"), "created": seconds("2026-02-01")},
    )
    run(
        portfolio,
        "2026-06-01",
        event("2026-02-01", buyer),
        event("2026-02-01", once),
        event("2026-02-02", {**ended, "ended_at": None}),
        buyer,
        {**once, "days_until_due": 30},
        ended,
    )

    terms = [c["payment_terms_days"] for c in rows_of(portfolio, "customers")]
    assert terms == [None, None, 30]


def test_a_refund_under_way_is_left_out_of_the_sum(portfolio: Path) -> None:
    paid = charge("ch_1", "2026-03-05", 10_000, amount_refunded=3_000)
    refunds = [
        made("refund", id=f"re_{status}", charge="ch_1", amount=amount, status=status)
        for status, amount in (("pending", 2_000), ("succeeded", 1_000))
    ]
    report = run(portfolio, "2026-06-01", customer(), paid, *refunds)

    (sum_,) = (s for s in report.sums if s.what == "refunds")
    assert [sum_.source, sum_.left_out, sum_.portfolio] == [30, 20, 10]


def test_a_card_captured_later_is_known_since_the_capture(portfolio: Path) -> None:
    held = charge("ch_1", "2026-03-05", 100, captured=False, amount_captured=0)
    taken = charge("ch_1", "2026-03-05", 100)
    events = [event("2026-03-05", held), event("2026-03-11", taken)]
    run(portfolio, "2026-06-01", customer(), *events, taken)

    (payment,) = rows_of(portfolio, "payments")
    assert payment["known_at"] == datetime(2026, 3, 11, tzinfo=UTC)


def test_files_without_a_date_ask_for_one(portfolio: Path) -> None:
    payment = payment_of("in_1", "pi_1") | {"created": None}
    file = write_lines(portfolio.parent / "x.ndjson", [payment])

    with pytest.raises(NothingToImportError, match="--exported-at"):
        import_files(SOURCES["stripe"], [file], portfolio, ImportSettings())


@pytest.mark.parametrize("form", ["lines", "page", "events"])
def test_a_number_as_text_is_a_number_in_every_form(portfolio: Path, form: str) -> None:
    """A second, broken line makes DuckDB read the lines one by one."""
    file = portfolio.parent / "x.json"
    paid = charge("ch_1", "2026-03-02", 100, amount_captured="100")
    if form == "page":
        file.write_text(json.dumps(page("/v1/charges", paid), indent=1), "utf-8")
    else:
        write_lines(file, [event("2026-03-02", paid) if form == "events" else paid])
        file.write_text(file.read_text("utf-8") + "{broken\n", "utf-8")
    report = import_files(SOURCES["stripe"], [file], portfolio, ImportSettings())

    assert [bad.row for bad in report.bad_rows] == [2] * (form != "page")
    assert counted(portfolio) == {"ch_1": 1}


def test_sums_that_differ_name_the_words_without_a_meaning(
    portfolio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = [Sum("payments", "USD", Decimal(2), Decimal(0), Decimal(1))]
    monkeypatch.setattr("importing.run.compare_sums", lambda _: sums)
    odd = made("dispute", id="dp_1", charge="ch_1", reason="buyers_remorse")

    with pytest.raises(SumsDifferError, match=r"reason 'buyers_remorse'.* row 3"):
        run(portfolio, "2026-06-01", customer(), PAID, odd)


SLOW = {"payment_method_details": {"type": "klarna"}}
KNOWN = [("pending", "2026-03-01"), ("succeeded", "2026-03-08")]


def test_what_was_pending_succeeded_when_it_was_seen_so(portfolio: Path) -> None:
    """For every method, also where a list repeats the end of it."""
    waits = charge("ch_1", "2026-03-01", 1_000, status="pending", **SLOW)
    paid = charge("ch_1", "2026-03-01", 1_000, **SLOW)
    told = [event("2026-03-01", waits), event("2026-03-08", paid), paid]
    run(portfolio, "2026-06-01", customer(), *told)

    read = rows_of(portfolio, "payments")
    assert [(p["status"], f"{p['known_at']:%Y-%m-%d}") for p in read] == KNOWN


def test_what_an_earlier_import_saw_pending_succeeded_since_the_next(
    portfolio: Path,
) -> None:
    waits = charge("ch_1", "2026-03-01", 1_000, status="pending", **SLOW)
    run(portfolio, "2026-03-05", customer(), waits)
    run(portfolio, "2026-03-08", charge("ch_1", "2026-03-01", 1_000, **SLOW))

    read = rows_of(portfolio, "payments")
    assert [(p["status"], f"{p['known_at']:%Y-%m-%d}") for p in read] == KNOWN


def test_a_debit_that_fails_after_it_succeeded_is_failed(portfolio: Path) -> None:
    paid = debit("py_1", "2026-03-01", 1_000)
    gone = {"failure_code": "insufficient_funds", "amount_captured": 0}
    failed = debit("py_1", "2026-03-01", 1_000, status="failed", **gone)
    told = [event("2026-03-06", paid), event("2026-03-20", failed)]
    run(portfolio, "2026-06-01", customer(), *told)

    read = rows_of(portfolio, "payments")
    assert [(p["status"], p["known_at"].day) for p in read] == [
        ("pending", 1),
        ("succeeded", 6),
        ("failed", 20),
    ]


@pytest.mark.parametrize(("days", "known"), [("", 6), ("{direct_debit: 7}", 8)])
def test_a_debit_settles_after_the_days_that_the_portfolio_says(
    portfolio: Path, days: str, known: int
) -> None:
    run(portfolio, "2026-06-01", customer())
    with (portfolio / "portfolio.yaml").open("a", encoding="utf-8") as settings:
        settings.write(f"settlement_days: {days}\n" if days else "")
    run(portfolio, "2026-06-02", debit("py_1", "2026-03-01", 1_000))

    succeeded = rows_of(portfolio, "payments")[-1]
    assert (succeeded["status"], succeeded["known_at"].day) == ("succeeded", known)
