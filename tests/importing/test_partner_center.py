"""What Partner Center's files and objects become, worked out by hand for each trap."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import (
    NothingToImportError,
    RateMissingError,
    UnreadableFileError,
    UnreadableValueError,
)
from tests.importing.conftest import FirstActions
from tests.importing.partner_objects import (
    AZURE,
    INVOICE_COLUMNS,
    LICENSE,
    TENANT,
    USAGE_COLUMNS,
    audit,
    fraud_event,
    license_line,
    page,
    security_alert,
    status_change,
    subscription,
    usage_line,
    write_csv,
    write_json,
    write_lines,
)

DATA = Path(__file__).parent / "data"
EXPORTED = datetime(2026, 7, 8, tzinfo=UTC)
Rows = list[dict[str, Any]]
Read = Callable[[str], Rows]
Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(
        *files: Path,
        at: datetime = EXPORTED,
        currency: str | None = "EUR",
        rates: Mapping[str, float] | None = None,
    ) -> ImportReport:
        settings = ImportSettings(exported_at=at, currency=currency, rates=rates or {})
        return import_files(
            SOURCES["partner-center"], files, tmp_path / "portfolio", settings
        )

    return _run


@pytest.fixture
def rows(tmp_path: Path) -> Read:
    def _rows(table: str) -> Rows:
        read: Rows = pq.read_table(tmp_path / "portfolio" / table).to_pylist()
        return sorted(read, key=lambda row: (row["event_at"], str(row)))

    return _rows


def end_of(day: str) -> datetime:
    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    return begin + timedelta(days=1) - timedelta(microseconds=1)


def invoice(tmp_path: Path, *lines: dict[str, Any]) -> Path:
    return write_csv(tmp_path / "invoice.csv", INVOICE_COLUMNS, lines)


def usage(tmp_path: Path, *lines: dict[str, Any], name: str = "usage.csv") -> Path:
    return write_csv(tmp_path / name, USAGE_COLUMNS, lines)


def log(rows: Read) -> list[tuple[Any, ...]]:
    return [
        (r["kind"], f"{r['event_at']:%m-%d}", r["quantity"], r["unit_price"])
        for r in rows("subscriptions")
    ]


# -- usage ---------------------------------------------------------------------------


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

    assert [r["cost"] for r in rows("usage")] == [Decimal(9), Decimal(10)]
    assert [(s.source, s.left_out) for s in report.sums] == [(Decimal(29), Decimal(10))]


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


def test_without_a_currency_said_it_is_that_of_the_bill(
    run: Import, tmp_path: Path
) -> None:
    run(usage(tmp_path, usage_line("2026-06-02", 10)), currency=None)

    text = (tmp_path / "portfolio/portfolio.yaml").read_text("utf-8")
    assert "currency: EUR" in text


# -- licences ------------------------------------------------------------------------


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
    assert (unknown.file, unknown.row, unknown.value) == ("invoice.csv", 2, "tierfee")


# -- subscriptions of the API --------------------------------------------------------


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


# -- alerts --------------------------------------------------------------------------

KINDS = [
    ("networkConnectionsToCryptoMiningPools", "crypto_mining"),
    ("usageAnomalyDetection", "spend_anomaly"),
    ("multiRegionMachineLearningUsageAnomaly", "spend_anomaly"),
    ("virtualMachineDeploymentAnomaly", "vm_anomaly"),
    ("multiRegionVirtualMachineScaleSetDeploymentAnomaly", "vm_anomaly"),
    ("serviceHealthSecurityAdvisory", "security_advisory"),
]


@pytest.mark.parametrize(("documented", "kind"), KINDS)
def test_each_kind_of_alert_has_a_meaning_in_both_apis(
    run: Import, rows: Read, tmp_path: Path, documented: str, kind: str
) -> None:
    event_type = documented[0].upper() + documented[1:]
    graph = {"value": [security_alert(alertType=documented)]}
    report = run(
        write_json(tmp_path / "alerts.json", graph),
        write_json(tmp_path / "events.json", [fraud_event(eventType=event_type)]),
    )

    assert {(r["kind"], r["status"]) for r in rows("alerts")} == {(kind, "active")}
    assert report.is_clean


def test_an_alert_goes_through_what_its_log_says(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    steps = [
        ("active", "investigating", "2026-06-10T17:00:00.8454142Z"),
        ("investigating", "resolved", "2026-06-11T09:00:00Z"),
    ]
    entries = [
        {"statusFrom": a, "statusTo": b, "updatedDateTime": at} for a, b, at in steps
    ]
    ended = {"status": "resolved", "resolvedReason": "fraud", "activityLogs": entries}
    run(write_json(tmp_path / "alerts.json", {"value": [security_alert(**ended)]}))

    states = [
        (r["status"], r["event_at"].day, r["resolved_reason"]) for r in rows("alerts")
    ]
    assert states == [
        ("active", 10, None),
        ("investigating", 10, None),
        ("resolved", 11, "fraud"),
    ]


def test_a_log_in_a_text_is_read_and_one_that_is_none_is_counted(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    resolved = {"statusTo": "Resolved", "dateTime": "2026-06-12T12:34:27.80+05:30"}
    ended = {"eventStatus": "Resolved", "resolvedReason": "Ignore"}
    events = [
        fraud_event(activityLogs=json.dumps([resolved]), **ended),
        fraud_event(
            eventId="other",
            activityLogs="{{",
            resolvedOn="2026-06-11T11:25:45.69",
            **ended,
        ),
    ]
    report = run(write_json(tmp_path / "events.json", events))

    ends = {
        r["alert_id"]: (r["event_at"], r["resolved_reason"])
        for r in rows("alerts")
        if r["status"] == "resolved"
    }
    assert ends == {
        "2a7064fb_2edeb5b1": (
            datetime(2026, 6, 12, 7, 4, 27, 800_000, tzinfo=UTC),
            "ignore",
        ),
        "other": (datetime(2026, 6, 11, 11, 25, 45, 690_000, tzinfo=UTC), "ignore"),
    }
    assert any("no list" in note.text for note in report.notes)


def test_a_state_without_a_date_is_known_since_the_export(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    alert = security_alert(status="investigating")
    run(write_json(tmp_path / "alerts.json", {"value": [alert]}))

    assert rows("alerts")[-1]["known_at"] == EXPORTED


def test_alerts_that_are_tests_are_left_out(run: Import, tmp_path: Path) -> None:
    alerts = [
        security_alert(isTest=is_test, id=str(is_test)) for is_test in (True, "true")
    ]
    report = run(write_json(tmp_path / "alerts.json", {"value": alerts}))

    assert [t.n_made for t in report.tables if t.table == "alerts"] == [0]


def test_an_unknown_alert_is_kept_and_named(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    alert = security_alert(alertType="newKind", severity="informational")
    report = run(write_json(tmp_path / "alerts.json", {"value": [alert]}))

    assert [(r["kind"], r["severity"]) for r in rows("alerts")] == [
        ("newkind", "informational")
    ]
    assert [v.value for v in report.unknown_values] == ["newkind"]


def test_an_empty_page_means_there_are_none(run: Import, tmp_path: Path) -> None:
    context = (
        "https://graph.microsoft.com/beta/$metadata#security/partner/securityAlerts"
    )
    none = {"@odata.context": context, "value": []}
    report = run(write_json(tmp_path / "page.json", none))

    assert report.observed == {"alerts": EXPORTED}


# -- audit records -------------------------------------------------------------------


def test_access_that_was_taken_and_given_back_is_told(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    back = status_change("suspended", "active", "2026-06-20T08:00:00Z")
    records = [
        status_change("active", "suspended", "2026-06-12T08:00:00Z"),
        status_change("suspended", "suspended", "2026-06-13T08:00:00Z"),
        back | {"userPrincipalName": None},
        status_change("active", "suspended", "2026-06-21T08:00:00Z")
        | {"operationStatus": "failed"},
    ]
    run(write_json(tmp_path / "audit.json", page(*records)))

    acts = [
        (r["action"], r["event_at"].day, r["by"], r["subscription_id"])
        for r in rows("actions")
    ]
    assert acts == [
        ("suspend", 12, "person", LICENSE),
        ("reactivate", 20, "automation", LICENSE),
    ]


def test_operations_on_accounts_are_access(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    operations = [
        ("add_customer", "sign_up"),
        ("reset_customer_user_password", "password_reset"),
        ("add_user_member", "role_changed"),
        ("increase_spending_limit", "quota_requested"),
        ("create_order", None),
    ]
    records = [
        audit(o, f"2026-06-0{n}T08:00:00Z") for n, (o, _) in enumerate(operations, 1)
    ]
    report = run(write_json(tmp_path / "audit.json", page(*records)))

    assert [r["kind"] for r in rows("access")] == [k for _, k in operations if k]
    assert report.is_clean


# -- customers and files -------------------------------------------------------------


def test_a_customer_is_there_since_the_first_that_names_it(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    line = usage_line("2026-06-02", 1, CustomerId=f"org:{TENANT.upper()}")
    run(usage(tmp_path, line))

    assert [
        (r["customer_id"], r["event_at"], r["country"]) for r in rows("customers")
    ] == [
        (TENANT, end_of("2026-06-02"), None),
        (TENANT, EXPORTED, "DE"),
    ]


def test_your_own_numbers_take_the_place_of_tenants(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    numbers = write_csv(
        tmp_path / "numbers.csv",
        ["tenant_id", "customer_id"],
        [{"tenant_id": TENANT.upper(), "customer_id": "C-17"}],
    )
    other = usage_line("2026-06-02", 1, CustomerId="another-tenant")
    run(numbers, usage(tmp_path, usage_line("2026-06-02", 1), other))

    assert {r["customer_id"] for r in rows("usage")} == {"C-17", "another-tenant"}


def test_customers_of_your_billing_are_left_as_they_are(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    run(usage(tmp_path, usage_line("2026-06-02", 1)))
    before = rows("customers")
    line = usage_line("2026-06-03", 1, CustomerCountry="FR")
    run(usage(tmp_path, line), at=EXPORTED + timedelta(days=1))

    assert rows("customers") == before


def test_a_cell_that_cannot_be_read_is_named(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    lines = [usage_line("2026-06-02", 1), usage_line("2026-06-03", "1,5")]
    report = run(usage(tmp_path, *lines, usage_line("2026-06-04", "")))

    assert [(b.file, b.row, b.column) for b in report.bad_rows] == [
        ("usage.csv", 2, "billingpretaxtotal"),
        ("usage.csv", 3, "billingpretaxtotal"),
    ]
    assert len(rows("usage")) == 1


def test_a_file_that_is_nothing_known_is_refused_by_name(
    run: Import, tmp_path: Path
) -> None:
    strange = tmp_path / "kittens.csv"
    strange.write_text("CustomerId,UsageDate\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"kittens.* no billingpretaxtotal"):
        run(strange)

    broken = tmp_path / "broken.json"
    broken.write_text("{[", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"broken\.json"):
        run(broken)


def test_two_spellings_of_one_column_are_refused(run: Import, tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "usage.csv",
        [*USAGE_COLUMNS, "Customer Id"],
        [usage_line("2026-06-02", 1)],
    )
    with pytest.raises(UnreadableFileError, match="Customer Id and CustomerId"):
        run(file)


def test_a_header_alone_has_no_moment(run: Import, tmp_path: Path) -> None:
    with pytest.raises(NothingToImportError):
        import_files(
            SOURCES["partner-center"],
            [usage(tmp_path)],
            tmp_path / "portfolio",
            ImportSettings(currency="EUR"),
        )
    assert run(usage(tmp_path)).observed == {"usage": EXPORTED}


def test_an_amount_that_no_table_holds_ends_in_one_line(
    run: Import, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableValueError, match="nothing was written"):
        run(usage(tmp_path, usage_line("2026-06-02", "9999999999999999")))


def test_from_the_files_to_a_first_list_of_actions(
    first_actions: FirstActions, tmp_path: Path
) -> None:
    """Own invoices first, then what Microsoft says of the same customers."""
    portfolio = tmp_path / "first-day"
    bills = [
        "invoice_id,customer_id,event_at,due_at,amount",
        "1,C-17,2026-04-01,2026-05-01,500",
        "2,C-18,2026-04-01,2026-05-01,500",
    ]
    paid = [
        "payment_id,customer_id,event_at,status,amount,invoice_id",
        "1,C-18,2026-04-20,succeeded,500,2",
    ]
    customers = ["customer_id,event_at", "C-17,2025-01-01", "C-18,2025-01-01"]
    tables = {"invoices": bills, "payments": paid, "customers": customers}
    for table, lines in tables.items():
        (portfolio / table).mkdir(parents=True)
        (portfolio / table / "own.csv").write_text("\n".join(lines), encoding="utf-8")
    (portfolio / "portfolio.yaml").write_text("currency: EUR\n", encoding="utf-8")
    numbers = [
        {"tenant_id": TENANT, "customer_id": "C-17"},
        {"tenant_id": "paying-tenant", "customer_id": "C-18"},
    ]
    usages = [usage_line(f"2026-06-{day:02}", 40) for day in range(1, 31)]
    files = [
        write_csv(tmp_path / "numbers.csv", ["tenant_id", "customer_id"], numbers),
        invoice(tmp_path, license_line("cycleCharge", "6/1/2026", 10)),
        write_lines(tmp_path / "part-00000.json.gz", usages),
        write_json(tmp_path / "alerts.json", {"value": [security_alert()]}),
        write_json(
            tmp_path / "subscriptions.json",
            page(
                subscription(
                    links={"self": {"uri": "/customers/paying-tenant/subscriptions/x"}}
                )
            ),
        ),
    ]
    day = first_actions("partner-center", files, "2026-07-01", "C-17")

    assert "charged to you" in day.imported
    assert day.actions["C-18"] == "none"
    assert day.actions["C-17"] in ("remind", "review")
    assert "500" in day.explained
