"""Customers, files of other kinds, and the way to a first list of actions."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    NothingToImportError,
    UnreadableFileError,
    UnreadableValueError,
)
from importing.partner_center.cells import Kind, bare_name
from importing.partner_center.columns import KINDS
from tests.importing.conftest import FirstActions
from tests.importing.partner_center.conftest import (
    EXPORTED,
    Import,
    Read,
    end_of,
    invoice,
    usage,
)
from tests.importing.partner_center.objects import (
    DOCUMENTED,
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


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_whatever_is_read_is_documented(kind: Kind) -> None:
    own = ["tenant_id", "customer_id"]  # a file of the reseller's own making
    documented = {bare_name(name) for name in DOCUMENTED.get(kind.name, own)}

    assert kind.columns.keys() <= documented


@pytest.mark.parametrize(
    ("kind", "sample"),
    [
        ("security_alert", security_alert()),
        ("fraud_event", fraud_event()),
        ("subscription", subscription()),
        ("audit_record", status_change("active", "suspended", "2026-06-12T08:00:00Z")),
    ],
)
def test_samples_have_documented_properties_alone(
    kind: str, sample: dict[str, Any]
) -> None:
    documented = {bare_name(name) for name in DOCUMENTED[kind]}

    assert {bare_name(name) for name in sample} <= documented


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


def test_lines_without_a_value_are_no_rows(run: Import, tmp_path: Path) -> None:
    """They would be rows not understood, for which nobody at all is stopped."""
    report = run(usage(tmp_path, usage_line("2026-06-02", 1), {}, {}))

    assert report.bad_rows == ()


def test_your_own_numbers_take_the_place_of_tenants_in_every_table(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    numbers = write_csv(
        tmp_path / "numbers.csv",
        ["tenant_id", "customer_id"],
        [{"tenant_id": TENANT.upper(), "customer_id": "C-17"}],
    )
    suspended = status_change("active", "suspended", "2026-06-12T08:00:00Z")
    reset = audit("reset_customer_user_password", "2026-06-12T08:00:00Z")
    run(
        numbers,
        usage(tmp_path, usage_line("2026-06-02", 1)),
        invoice(tmp_path, license_line("cycleCharge", "6/1/2026", 1)),
        write_json(tmp_path / "subscriptions.json", page(subscription(id="other"))),
        write_json(tmp_path / "alerts.json", {"value": [security_alert()]}),
        write_json(tmp_path / "audit.json", page(suspended, reset)),
    )

    for table in SOURCES["partner-center"].tables:
        assert {r["customer_id"] for r in rows(table)} == {"C-17"}, table


@pytest.mark.parametrize("days_later", [0, 30])
def test_the_same_files_once_more_add_nothing(
    run: Import, tmp_path: Path, days_later: int
) -> None:
    ended = {"status": "resolved", "resolvedReason": "ignore"}
    alerts = [security_alert(**ended), security_alert(id="b", status="investigating")]
    over = subscription(id="over", status="deleted")
    ending = subscription(id="ending", autoRenewEnabled=False)
    files = [
        usage(tmp_path, usage_line("2026-06-02", "0.486031696515249")),
        invoice(
            tmp_path,
            license_line("cycleCharge", "6/1/2026", 9),
            license_line("addQuantity", "6/9/2026", 1),
        ),
        write_json(tmp_path / "alerts.json", {"value": alerts}),
        write_json(
            tmp_path / "subscriptions.json", page(subscription(id="x"), over, ending)
        ),
        write_json(
            tmp_path / "audit.json",
            page(status_change("active", "suspended", "2026-06-12T08:00:00Z")),
        ),
    ]
    first = run(*files)
    again = run(*files, at=EXPORTED + timedelta(days=days_later))

    assert all(t.n_new == t.n_made for t in first.tables)
    assert {t.table: t.n_new for t in again.tables if t.n_new} == {}


def test_a_tenant_without_a_number_keeps_its_id(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    number = {"tenant_id": "another", "customer_id": "C-17"}
    numbers = write_csv(tmp_path / "numbers.csv", [*number], [number])
    run(numbers, usage(tmp_path, usage_line("2026-06-02", 1)))

    assert {r["customer_id"] for r in rows("usage")} == {TENANT}


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
        ("usage.csv", 3, "billingpretaxtotal"),
        ("usage.csv", 4, "billingpretaxtotal"),
    ]
    assert len(rows("usage")) == 1


def test_a_file_that_is_nothing_known_is_refused_by_name(
    run: Import, tmp_path: Path
) -> None:
    strange = tmp_path / "kittens.csv"
    strange.write_text("CustomerId,UsageDate\n1,2\n", encoding="utf-8")
    with pytest.raises(
        UnreadableFileError, match=r"kittens.* lacks billingpretaxtotal"
    ):
        run(strange)

    broken = tmp_path / "broken.json"
    broken.write_text("{[", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"broken\.json"):
        run(broken)


def test_a_file_of_which_no_row_can_be_read_is_refused(
    run: Import, tmp_path: Path
) -> None:
    """As Excel saves it where a comma stands before the cents."""
    saved_again = tmp_path / "excel.csv"
    saved_again.write_text(
        "CustomerId;UsageDate;BillingPreTaxTotal;BillingCurrency\n"
        "t;02.06.2026;1,50;EUR\n",
        encoding="utf-8",
    )
    with pytest.raises(UnreadableFileError, match=r"row 2, usagedate.*6/30/2026"):
        run(saved_again)


def test_the_form_of_a_file_is_seen_by_how_it_begins(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    packed = tmp_path / "recon.zip"
    with ZipFile(packed, "w") as archive:
        archive.writestr("recon.csv", "CustomerId")
    with pytest.raises(UnreadableFileError, match="unpack it"):
        run(packed)

    blob = tmp_path / "part-00000"
    blob.write_text(json.dumps(usage_line("2026-06-02", 1)), encoding="utf-8")
    none = write_json(tmp_path / "fraudEvents.json", [])
    report = run(blob, none)
    assert len(rows("usage")) == 1
    assert "alerts" in report.observed


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


@pytest.mark.parametrize(
    ("alerts", "is_whole"),
    [
        pytest.param([{"@odata.nextLink": "https://graph"}, {}], True, id="whole"),
        pytest.param([{"@odata.nextLink": "https://graph"}], False, id="of Graph"),
        pytest.param([{"links": {"next": {"uri": "/f"}}}], False, id="of the API"),
    ],
)
def test_a_list_that_lacks_a_page_was_not_looked_at(
    tmp_path: Path, run: Import, alerts: list[dict[str, Any]], *, is_whole: bool
) -> None:
    files = [
        write_json(
            tmp_path / f"alerts-{n}.json",
            {"value": [security_alert(id=f"alert-{n}")], **follows},
        )
        for n, follows in enumerate(alerts)
    ]
    report = run(*files)

    assert ("alerts" in report.observed) == is_whole
    assert any("a page is missing" in n.text for n in report.notes) != is_whole
