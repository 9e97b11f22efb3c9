"""Daily rated usage, worked out by hand for each trap."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    RateMissingError,
    UnreadableFileError,
)
from tests.importing.partner_center.conftest import (
    EXPORTED,
    Import,
    Read,
    end_of,
    invoice,
    usage,
)
from tests.importing.partner_center.objects import (
    AZURE,
    license_line,
    page,
    usage_line,
    write_json,
    write_lines,
)


def test_equal_lines_of_a_day_add_up_in_all_their_digits(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    """Twice 0.486031696515249 is 0.9721; each rounded first would be 0.9720."""
    twice = [usage_line("2026-06-02", "0.486031696515249")] * 2
    report = run(usage(tmp_path, *twice))

    (day,) = rows("usage")
    assert (day["subscription_id"], day["cost"]) == (AZURE, Decimal("0.9721"))
    assert (day["event_at"], day["known_at"]) == (
        end_of("2026-06-02"),
        end_of("2026-06-03"),
    )
    assert [(s.what, s.source, s.portfolio) for s in report.sums] == [
        ("usage", Decimal("0.9721"), Decimal("0.9721"))
    ]


def test_a_credit_is_negative_usage(run: Import, rows: Read, tmp_path: Path) -> None:
    lines = usage_line("2026-06-02", 8), usage_line("2026-06-03", "-5.5")
    run(usage(tmp_path, *lines))

    assert [r["cost"] for r in rows("usage")] == [Decimal(8), Decimal("-5.5")]


def test_metered_subscriptions_stand_beside_licences_and_never_alone(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    june = usage(tmp_path, usage_line("2026-06-02", 8))
    run(june)
    assert not (tmp_path / "portfolio/subscriptions").exists()

    run(june, invoice(tmp_path, license_line("cycleCharge", "6/1/2026", 1)))
    metered = [r for r in rows("subscriptions") if r["billing"] == "usage"]
    assert [(r["subscription_id"], r["event_at"]) for r in metered] == [
        (AZURE, end_of("2026-06-02"))
    ]

    july = usage_line("2026-07-02", 8)
    run(usage(tmp_path, july), at=EXPORTED + timedelta(days=1))
    assert [r["billing"] for r in rows("subscriptions")].count("usage") == 1


def test_packed_lines_of_an_export_are_read_to_their_end(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    days = [usage_line(f"2026-06-{n:02}", n) for n in (1, 2, 3)]
    run(write_lines(tmp_path / "part-00000.json.gz", days))

    assert [r["cost"] for r in rows("usage")] == [Decimal(n) for n in (1, 2, 3)]


def test_names_are_known_in_any_case(run: Import, rows: Read, tmp_path: Path) -> None:
    line = {n[0].lower() + n[1:]: v for n, v in usage_line("2026-06-02", 7).items()}
    line["resourceUri"] = line.pop("resourceURI")
    run(write_json(tmp_path / "lineitems.json", page(line, of="lineitems"), "\ufeff"))

    assert [r["cost"] for r in rows("usage")] == [Decimal(7)]


def test_what_is_billed_takes_the_place_of_what_was_not(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    estimate = [usage_line(f"2026-06-0{n}", 10, InvoiceNumber="") for n in (1, 2)]
    both = usage(tmp_path, usage_line("2026-06-01", 9), *estimate)
    report = run(both)

    assert [r["cost"] for r in rows("usage")] == [Decimal(9)]
    assert [(s.source, s.left_out) for s in report.sums] == [(Decimal(29), Decimal(20))]


def counted(rows: Read) -> list[tuple[str, float]]:
    """The days that stand, in their latest version."""
    by_known = sorted(rows("usage"), key=lambda row: row["known_at"])
    latest = {row["event_at"]: row for row in by_known}
    return [
        (f"{day:%m-%d}", float(r["cost"]))
        for day, r in latest.items()
        if not r["retracted"]
    ]


def test_usage_that_a_later_invoice_bills_late_counts_once(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    """5 of 29 June is first unbilled, then left out of June's bill, then in July's."""
    july = {"InvoiceNumber": "G000000002"}
    late = usage_line("2026-06-29", 5, **july)
    exports = [
        ("07-01", [usage_line("2026-06-29", 5, InvoiceNumber="")]),
        ("07-08", [usage_line("2026-06-02", 1)]),
        ("08-08", [late, usage_line("2026-07-02", 1, **july)]),
    ]
    for day, lines in exports:
        at = datetime.fromisoformat(f"2026-{day}T00:00:00+00:00")
        report = run(usage(tmp_path, *lines), at=at)
        if day == "07-08":
            assert any("taken back" in note.text for note in report.notes)

    assert sorted(counted(rows)) == [("06-02", 1), ("07-01", 5), ("07-02", 1)]


def test_an_invoice_leaves_other_months_and_subscriptions_alone(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    unbilled = [
        usage_line("2026-07-01", 3, InvoiceNumber=""),
        usage_line("2026-06-20", 4, InvoiceNumber="", EntitlementId="other"),
    ]
    run(usage(tmp_path, *unbilled), at=EXPORTED)
    later = EXPORTED + timedelta(days=1)
    report = run(usage(tmp_path, usage_line("2026-06-02", 1)), at=later)

    assert sorted(counted(rows)) == [("06-02", 1), ("06-20", 4), ("07-01", 3)]
    [note] = [note for note in report.notes if note.kind == "look at"]
    assert (note.n, "(4.0000), of subscriptions that no bill" in note.text) == (1, True)


def test_a_bill_that_does_not_name_a_subscription_is_named_in_one_import_too(
    run: Import, tmp_path: Path
) -> None:
    """Once another bill names it, nothing is left to look at."""
    other = {"EntitlementId": "other"}
    estimate = usage_line("2026-06-20", 4, InvoiceNumber="", **other)
    files = [usage(tmp_path, usage_line("2026-06-02", 1), estimate)]
    assert not run(*files).is_clean

    bill = usage_line("2026-06-20", 4, InvoiceNumber="G000000002", **other)
    files.append(usage(tmp_path, bill, name="second.csv"))
    assert run(*files).is_clean


def test_a_day_that_an_earlier_import_told_counts_once_in_what_to_look_at(
    run: Import, tmp_path: Path
) -> None:
    other = {"EntitlementId": "other", "InvoiceNumber": ""}
    run(usage(tmp_path, usage_line("2026-06-20", 4, **other)))
    lines = [usage_line("2026-06-02", 1), usage_line("2026-06-20", 6, **other)]
    report = run(usage(tmp_path, *lines))

    [note] = [one for one in report.notes if one.kind == "look at"]
    assert note.n == 1


def test_usage_not_billed_yet_stays_on_its_days_over_two_months(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    days = [("2026-05-30", 10), ("2026-06-02", 5)]
    lines = [usage_line(day, cost, InvoiceNumber="") for day, cost in days]
    run(usage(tmp_path, *lines))

    assert counted(rows) == [("05-30", 10), ("06-02", 5)]


def test_billed_usage_was_looked_at_until_its_last_month_ended(
    run: Import, tmp_path: Path
) -> None:
    billed = usage_line("2026-05-30", 10)
    report = run(usage(tmp_path, billed))
    assert report.observed == {"usage": datetime(2026, 6, 1, tzinfo=UTC)}

    unbilled = usage_line("2026-07-02", 1, InvoiceNumber="")
    report = run(usage(tmp_path, billed, unbilled))
    assert report.observed == {"usage": EXPORTED}


def test_a_later_export_corrects_a_day(run: Import, rows: Read, tmp_path: Path) -> None:
    run(usage(tmp_path, usage_line("2026-06-01", 10, InvoiceNumber="")))
    later = EXPORTED + timedelta(days=1)
    report = run(usage(tmp_path, usage_line("2026-06-01", 9)), at=later)

    assert [(r["cost"], r["known_at"]) for r in rows("usage")] == [
        (Decimal(10), end_of("2026-06-02")),
        (Decimal(9), later),
    ]
    assert [t.n_corrections for t in report.tables if t.table == "usage"] == [1]


def test_late_usage_leaves_the_days_of_an_earlier_invoice_alone(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    """The invoice of June bills 3 of 30 May, whose other usage another billed."""
    run(usage(tmp_path, usage_line("2026-05-30", 500)))
    june = {"InvoiceNumber": "G000000002"}
    late = usage_line("2026-05-30", 3, **june)
    report = run(usage(tmp_path, late, usage_line("2026-06-02", 9, **june)))

    days = [(f"{r['event_at']:%m-%d}", r["cost"]) for r in rows("usage")]
    assert days == [("05-30", 500), ("06-01", 3), ("06-02", 9)]
    assert any("earlier cycle" in note.text for note in report.notes)


def test_a_line_without_a_customer_is_left_out_and_counted(
    run: Import, tmp_path: Path
) -> None:
    nobody = usage_line("2026-06-02", 4, CustomerId="")
    report = run(usage(tmp_path, usage_line("2026-06-02", 8), nobody))

    (total,) = report.sums
    assert (total.source, total.left_out) == (Decimal(12), Decimal(4))


def test_the_same_lines_in_two_files_are_refused(run: Import, tmp_path: Path) -> None:
    lines = [usage_line(f"2026-06-0{n}", n, InvoiceNumber="") for n in (1, 2, 3)]
    first = usage(tmp_path, *lines[:2], name="first.csv")
    second = usage(tmp_path, *lines, name="second.csv")

    with pytest.raises(UnreadableFileError, match=r"2 lines of first.csv .* second"):
        run(first, second)


def test_another_currency_needs_a_rate(run: Import, rows: Read, tmp_path: Path) -> None:
    dollars = usage(tmp_path, usage_line("2026-06-02", 10, BillingCurrency="usd"))
    with pytest.raises(RateMissingError, match="--rate USD"):
        run(dollars)
    assert not (tmp_path / "portfolio").exists()

    report = run(dollars, rates={"USD": 0.92})
    assert [r["cost"] for r in rows("usage")] == [Decimal("9.2")]
    assert [(s.currency, s.source) for s in report.sums] == [("EUR", Decimal("9.2"))]

    licence = license_line("new", "6/1/2026", 1, Currency="USD")
    run(invoice(tmp_path, licence))  # by the rate that portfolio.yaml says since
    assert rows("subscriptions")[0]["unit_price"] == Decimal("13.248")


def test_without_a_currency_said_it_is_that_of_the_bill(
    run: Import, tmp_path: Path
) -> None:
    run(usage(tmp_path, usage_line("2026-06-02", 10)), currency=None)

    text = (tmp_path / "portfolio/portfolio.yaml").read_text("utf-8")
    assert "currency: EUR" in text


def lines_of_usage() -> st.SearchStrategy[dict[str, Any]]:
    cents = st.integers(-100_000, 100_000)
    return st.builds(
        lambda day, cost, bill: usage_line(
            f"2026-06-{day:02}", f"{cost / 3:.15f}", InvoiceNumber=bill
        ),
        st.integers(1, 3),
        cents,
        st.sampled_from(["", "G000000001"]),
    )


@settings(max_examples=10, deadline=None)
@given(lines=st.lists(lines_of_usage(), min_size=1, max_size=8), data=st.data())
def test_the_order_of_lines_changes_nothing(
    lines: list[dict[str, Any]],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shuffled = data.draw(st.permutations(lines))
    found = []
    for content in (lines, shuffled):
        folder = tmp_path_factory.mktemp("order")
        file = usage(folder, *content)
        options = ImportSettings(exported_at=EXPORTED, currency="EUR")
        import_files(SOURCES["partner-center"], [file], folder / "out", options)
        found.append(
            pq.read_table(folder / "out/usage").sort_by("event_at").to_pylist()
        )

    assert found[0] == found[1]
