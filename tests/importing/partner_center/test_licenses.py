"""Lines of licences and subscriptions of the API, worked out by hand for each trap."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.importing.partner_center.conftest import (
    EXPORTED,
    Import,
    Read,
    end_of,
    invoice,
    log,
)
from tests.importing.partner_center.objects import (
    LICENSE,
    license_line,
    page,
    subscription,
    write_json,
)

DATA = Path(__file__).parents[1] / "data"


def test_a_licence_costs_what_is_charged_rounded_down(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    """22 × 0.846202666 is 18.616…, charged as 18.61; never as an invoice of anybody."""
    line = license_line(
        "New",
        "6/1/2026",
        10,
        EffectiveUnitPrice="'22.000000000000000000",
        PCToBCExchangeRate="0.846202666",
        Subtotal="186.10",
        TaxTotal="'0E-20",
        SubscriptionStartDate="6/1/2026",
        SubscriptionEndDate="5/31/2027",
    )
    report = run(invoice(tmp_path, line))

    (began,) = rows("subscriptions")
    assert (began["kind"], began["quantity"]) == ("started", 10)
    assert began["unit_price"] == Decimal("18.61")
    assert began["commitment_ends_at"] == end_of("2027-05-31")
    assert began["cancel_window_ends_at"] == datetime(2026, 6, 8, tzinfo=UTC)
    assert not (tmp_path / "portfolio/invoices").exists()
    assert [(s.what, s.source, s.left_out) for s in report.sums] == [
        ("charged to you", Decimal("186.1"), Decimal("186.1"))
    ]
    assert not any("subtotals are not" in note.text for note in report.notes)


@pytest.mark.parametrize(
    ("begins", "ends", "price", "monthly"),
    [
        pytest.param("6/1/2026", "6/30/2026", "14.4", "14.4", id="a month"),
        pytest.param("1/31/2026", "2/27/2026", "14.4", "14.4", id="to end February"),
        pytest.param("6/1/2026", "5/31/2027", "180", "15", id="a year at once"),
        pytest.param("6/16/2026", "6/30/2026", "7.2", "14.61", id="half a month"),
    ],
)
def test_prices_are_by_the_month(
    run: Import,
    rows: Read,
    tmp_path: Path,
    begins: str,
    ends: str,
    price: str,
    monthly: str,
) -> None:
    dates = {"ChargeStartDate": begins, "ChargeEndDate": ends}
    line = license_line("new", begins, 1, EffectiveUnitPrice=price, **dates)
    run(invoice(tmp_path, line | {"SubscriptionStartDate": begins}))

    assert rows("subscriptions")[0]["unit_price"] == Decimal(monthly)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([("addQuantity", 5)], id="the added alone"),
        pytest.param([("AddQuantity", -10), ("addquantity", 15)], id="all anew"),
    ],
)
def test_quantities_of_a_period_add_up(
    run: Import,
    rows: Read,
    tmp_path: Path,
    changes: list[tuple[str, float]],
) -> None:
    lines = [license_line(kind, "6/12/2026", n) for kind, n in changes]
    run(invoice(tmp_path, license_line("cycleCharge", "6/1/2026", 10), *lines))

    assert log(rows) == [
        ("started", "05-01", None, None),
        ("quantity_changed", "06-01", 10, Decimal("14.4")),
        ("quantity_changed", "06-12", 15, None),
    ]


def test_a_cancelled_licence_ends_and_lives_when_charged_anew(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    term = {"SubscriptionStartDate": "6/1/2026", "SubscriptionEndDate": "6/30/2026"}
    lines = [
        license_line("new", "6/1/2026", 40, **term),
        license_line("CANCELIMMEDIATE", "6/5/2026", -40, **term),
        license_line("new", "6/9/2026", 30, **term),
    ]
    run(invoice(tmp_path, *lines[:2]))
    assert [kind for kind, *_ in log(rows)] == ["started", "ended"]

    run(invoice(tmp_path, *lines))
    assert log(rows) == [
        ("started", "06-01", 40, Decimal("14.4")),
        ("ended", "06-05", None, None),
        ("started", "06-09", 30, Decimal("14.4")),
    ]


def test_cancelled_and_charged_anew_on_one_day_is_alive(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    lines = [("cycleCharge", 10), ("cancel", -10), ("new", 12)]
    run(invoice(tmp_path, *[license_line(k, "6/1/2026", n) for k, n in lines]))

    assert log(rows)[-1][:3] == ("started", "06-01", 12)


def test_a_change_without_its_opening_charge_says_nothing(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    report = run(invoice(tmp_path, license_line("addQuantity", "6/12/2026", 5)))

    assert log(rows) == [("started", "05-01", None, None)]
    assert any("opening charge" in note.text for note in report.notes)


def test_a_renewal_begins_a_term(run: Import, rows: Read, tmp_path: Path) -> None:
    july = {"ChargeStartDate": "7/1/2026", "ChargeEndDate": "7/31/2026"}
    term = {"SubscriptionStartDate": "7/1/2026", "SubscriptionEndDate": "7/31/2026"}
    lines = [
        license_line("new", "6/1/2026", 3, SubscriptionStartDate="6/1/2026"),
        license_line("Renew", "7/1/2026", 4, **july, **term),
    ]
    run(invoice(tmp_path, *lines))

    renewed = rows("subscriptions")[-1]
    assert (renewed["kind"], renewed["quantity"]) == ("renewed", 4)
    assert renewed["commitment_ends_at"] == end_of("2026-07-31")


def test_a_licence_that_no_later_charge_speaks_of_ended_with_its_term(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    short = {"SubscriptionStartDate": "4/1/2026", "SubscriptionEndDate": "4/30/2026"}
    april = {"ChargeStartDate": "4/1/2026", "ChargeEndDate": "4/30/2026"}
    gone = license_line("new", "4/1/2026", 3, SubscriptionId="gone", **short, **april)
    report = run(invoice(tmp_path, gone, license_line("cycleCharge", "6/1/2026", 1)))

    ended = [r for r in rows("subscriptions") if r["kind"] == "ended"]
    assert [(r["subscription_id"], r["event_at"], r["known_at"]) for r in ended] == [
        ("gone", end_of("2026-04-30"), EXPORTED)
    ]
    assert any("ended with their term" in note.text for note in report.notes)


def test_a_credit_is_no_change_of_a_licence(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    credit = license_line("customerCredit", "6/20/2026", -1, Subtotal=-12)
    report = run(invoice(tmp_path, license_line("cycleCharge", "6/1/2026", 9), credit))

    assert [r["quantity"] for r in rows("subscriptions")] == [None, 9]
    assert report.sums[0].source == report.sums[0].left_out == Decimal("117.6")
    assert not any("subtotals are not" in note.text for note in report.notes)


def test_metered_lines_and_single_purchases_are_no_licences(
    run: Import, tmp_path: Path
) -> None:
    metered = {
        "MeterDescription": "Tables - LRS",
        "SubscriptionDescription": "Azure plan",
    }
    once = {"SubscriptionStartDate": "", "SubscriptionEndDate": ""}
    report = run(
        invoice(
            tmp_path,
            license_line("New", "6/1/2026", 0.005001, **metered),
            license_line("New", "6/1/2026", 1, **once),
        )
    )

    assert [t.n_made for t in report.tables if t.table == "subscriptions"] == [0]
    texts = " ".join(note.text for note in report.notes)
    assert "metered" in texts
    assert "perpetual" in texts


def test_an_unknown_charge_type_is_named_by_file_and_row(
    run: Import, tmp_path: Path
) -> None:
    lines = [license_line(k, "6/1/2026", 1) for k in ("cycleCharge", "tierFee")]
    report = run(invoice(tmp_path, *lines))

    (unknown,) = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == ("invoice.csv", 3, "tierfee")


def test_what_the_api_says_today_is_known_since_today(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    run(write_json(tmp_path / "subscriptions.json", page(subscription())))

    began, holds = rows("subscriptions")
    if began["kind"] != "started":
        began, holds = holds, began
    assert (began["billing"], began["known_at"].day) == ("license", 1)
    assert (holds["quantity"], holds["known_at"]) == (25, EXPORTED)
    assert holds["cancel_window_ends_at"] == datetime(2026, 5, 8, 23, 59, tzinfo=UTC)


def test_what_will_not_renew_is_cancelled_ahead_until_it_will(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    file = tmp_path / "subscriptions.json"
    run(write_json(file, page(subscription(autoRenewEnabled=False))))
    (ahead,) = [r for r in rows("subscriptions") if r["kind"] == "cancelled"]
    assert ahead["effective_at"] == end_of("2027-04-30")

    run(write_json(file, page(subscription())), at=EXPORTED + timedelta(days=1))
    taken_back = [
        r["retracted"] for r in rows("subscriptions") if r["kind"] == "cancelled"
    ]
    assert sorted(map(bool, taken_back)) == [False, True]


@pytest.mark.parametrize("status", ["deleted", "Expired", "disabled", "Canceled"])
def test_a_subscription_that_is_over_ended_once(
    run: Import, rows: Read, tmp_path: Path, status: str
) -> None:
    over = write_json(
        tmp_path / "subscriptions.json", page(subscription(status=status))
    )
    for days in (0, 1):
        run(over, at=EXPORTED + timedelta(days=days))

    ended = [r["event_at"] for r in rows("subscriptions") if r["kind"] == "ended"]
    assert ended == [EXPORTED]


def test_invoice_files_tell_more_of_a_licence_than_the_api(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    line = license_line("cycleCharge", "6/1/2026", 10, SubscriptionId=LICENSE.upper())
    api = write_json(tmp_path / "subscriptions.json", page(subscription()))
    run(invoice(tmp_path, line), api)

    assert [kind for kind, *_ in log(rows)] == ["started", "quantity_changed"]


def test_samples_that_microsoft_published(run: Import, rows: Read) -> None:
    """Recorded answers of the tests of Microsoft's own client."""
    folder = DATA / "partner_center"
    report = run(folder / "subscriptions.json", folder / "audit_records.json")

    began = {r["product"]: r for r in rows("subscriptions") if r["kind"] == "started"}
    assert began["Microsoft Azure"]["billing"] == "usage"
    assert began["Office 365 Business Essentials"]["billing"] == "license"
    assert report.is_clean
    assert "1 subscriptions are suspended" in " ".join(
        f"{note.n} {note.text}" for note in report.notes
    )


APRIL = {
    "ChargeStartDate": "4/1/2026",
    "ChargeEndDate": "4/30/2026",
    "SubscriptionStartDate": "4/1/2026",
    "SubscriptionEndDate": "4/30/2026",
}


def test_a_licence_lapses_when_files_are_imported_month_by_month(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    gone = "11111111-aaaa-bbbb-cccc-222222222222"
    run(invoice(tmp_path, license_line("new", "4/1/2026", 3, **APRIL)))
    other = license_line("cycleCharge", "7/1/2026", 1, SubscriptionId=gone)
    july = {"ChargeStartDate": "7/1/2026", "ChargeEndDate": "7/31/2026"}
    for days in (1, 2):
        at = EXPORTED + timedelta(days=days)
        run(invoice(tmp_path, other | july), at=at)

    ended = [r for r in rows("subscriptions") if r["kind"] == "ended"]
    assert [(r["subscription_id"], r["event_at"], r["known_at"]) for r in ended] == [
        (LICENSE, end_of("2026-04-30"), EXPORTED + timedelta(days=1))
    ]


def test_a_change_in_a_later_file_leaves_price_and_seats_of_the_start(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    year = {"ChargeStartDate": "5/1/2026", "ChargeEndDate": "4/30/2027"}
    price = {"EffectiveUnitPrice": "120"}
    run(invoice(tmp_path, license_line("new", "5/3/2026", 10, **year, **price)))
    added = license_line("addQuantity", "6/10/2026", 2, **year, **price)
    run(invoice(tmp_path, added), at=EXPORTED + timedelta(days=1))

    assert log(rows) == [("started", "05-03", 10, Decimal(10))]


def test_a_later_term_of_a_licence_that_is_there_renews_it(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    run(invoice(tmp_path, license_line("new", "4/1/2026", 3, **APRIL)))
    run(
        invoice(tmp_path, license_line("cycleCharge", "6/1/2026", 3)),
        at=EXPORTED + timedelta(days=1),
    )

    assert [kind for kind, *_ in log(rows)] == [
        "started",
        "renewed",
        "quantity_changed",
    ]
