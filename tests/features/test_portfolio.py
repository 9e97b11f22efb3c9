"""Portfolios from folders, memory and databases: forms of files, errors, the report."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from features.contract import TABLES
from features.errors import (
    MissingTableError,
    MixedFormatsError,
    NoCustomersError,
    PortfolioError,
    PortfolioNotFoundError,
    SettingsError,
    UnknownCustomerError,
    UnreadableTableError,
)
from features.events import FOREVER
from features.portfolio import Portfolio
from features.reading.duck_settings import DuckSettings
from features.settings import PortfolioSettings

SETTINGS = PortfolioSettings(timezone="Europe/Brussels")
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
NOON_US = 1_772_366_400_000_000
CUSTOMERS = pa.table({"customer_id": ["a", "b"], "event_at": ["2026-01-01"] * 2})
USAGE = pa.table(
    {
        "customer_id": ["a", "b", "b"],
        "event_at": ["2026-03-01", "2026-03-01", "2026-03-02"],
        "cost": ["1.5", "2", "0.25"],
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "portfolio.yaml").write_text("timezone: Europe/Brussels\n")
    pq.write_table(CUSTOMERS, tmp_path / "customers.parquet")
    return tmp_path


def _costs(portfolio: Portfolio) -> list[int]:
    usage = portfolio.tables["usage"].order_by("customer_id", "event_at")
    costs: list[int] = usage.to_pyarrow()["cost"].to_pylist()
    return costs


def _write(folder: Path, form: str) -> None:
    usage = folder / "usage"
    if form == "parquet file":
        pq.write_table(USAGE, folder / "usage.parquet")
    elif form == "csv file":
        pacsv.write_csv(USAGE, folder / "usage.csv")
    elif form == "csv folder":
        usage.mkdir()
        pacsv.write_csv(USAGE.slice(0, 1), usage / "1.csv")
        pacsv.write_csv(USAGE.slice(1).drop_columns(["event_at"]), usage / "2.csv")
        pacsv.write_csv(USAGE.slice(1), usage / "2.csv")
    elif form == "nested folders":
        for i in range(3):
            part = usage / "2026" / f"{i:02d}"
            part.mkdir(parents=True)
            pq.write_table(USAGE.slice(i, 1), part / "part.parquet")
        (usage / "_SUCCESS").touch()
        (usage / "_temporary").mkdir()
        (usage / "_temporary" / "half.parquet").write_text("not yet")
    elif form == "hive partitions":
        for i, row in enumerate(USAGE.to_pylist()):
            part = usage / f"customer_id={row['customer_id']}" / f"year=202{i}"
            part.mkdir(parents=True)
            rows = USAGE.slice(i, 1).drop_columns(["customer_id"])
            pq.write_table(rows, part / "part-0.parquet")


@pytest.mark.parametrize(
    "form",
    ["parquet file", "csv file", "csv folder", "nested folders", "hive partitions"],
)
def test_every_form_of_a_table_is_the_same_table(folder: Path, form: str) -> None:
    _write(folder, form)
    portfolio = Portfolio.open(folder)
    assert not portfolio.rejects
    assert _costs(portfolio) == [15_000, 20_000, 2_500]
    memory = Portfolio.from_tables({"customers": CUSTOMERS, "usage": USAGE}, SETTINGS)
    assert portfolio.content_hash == memory.content_hash
    assert portfolio.settings.tables == {"customers", "usage"}


def test_rows_written_in_several_goes_are_the_same_table(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(folder, "csv folder")
    expected = Portfolio.open(folder).content_hash
    monkeypatch.setattr("features.reading.loading.WRITTEN_AT_ONCE", 1)
    duck = DuckSettings(500, tmp_path / "portfolio.duckdb")
    assert Portfolio.open(folder, duck).content_hash == expected


def test_all_tables_are_there_with_all_columns() -> None:
    portfolio = Portfolio.from_tables({"customers": CUSTOMERS}, SETTINGS)
    assert portfolio.tables.keys() == TABLES.keys()
    for name, table in portfolio.tables.items():
        extra = {"superseded_at"} | ({"due_on"} if name == "invoices" else set())
        assert set(table.columns) == {c.name for c in TABLES[name].columns} | extra
    assert portfolio.tables["payments"].count().to_pyarrow().as_py() == 0
    assert str(portfolio.tables["payments"].schema()["amount"]) == "int64"
    assert str(portfolio.tables["ageing"].schema()["days_past_due"]) == "float64"
    assert str(portfolio.tables["customers"].schema()["is_trial"]) == "boolean"


def test_declared_columns_are_read() -> None:
    settings = PortfolioSettings.model_validate(
        {
            "attributes": {
                "utilisation": {"type": "number"},
                "plan": {"type": "category"},
                "vip": {"type": "boolean"},
                "margin": {"type": "number"},
                "balance_limit": {"type": "money", "from": "ageing"},
            },
            "exposure": {"open": "loan_amount", "run_up": 0, "clv": "margin"},
        }
    )
    cells = {
        "utilisation": [0.5],
        "plan": ["x"],
        "vip": [True],
        "loan_amount": [12],
        "margin": [3],
    }
    customers = pa.table({"customer_id": ["a"], **cells})
    portfolio = Portfolio.from_tables({"customers": customers}, settings)
    assert not portfolio.warnings
    [row] = portfolio.tables["customers"].to_pyarrow().to_pylist()
    assert (row["utilisation"], row["plan"], row["vip"]) == (0.5, "x", True)
    assert (row["loan_amount"], row["margin"]) == (120_000, 30_000)
    assert portfolio.settings.attributes["margin"].type == "money"
    assert "balance_limit" in portfolio.tables["ageing"].columns


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        ("amount", pa.array([Decimal("19.99")], pa.decimal128(18, 4)), 199_900),
        ("amount", pa.array([Decimal("19.99")], pa.decimal128(38, 20)), 199_900),
        ("amount", pa.array([Decimal("19.99")], pa.decimal256(50, 2)), 199_900),
        ("amount", pa.array([19.99], pa.float64()), 199_900),
        ("amount", pa.array([19.99], pa.float32()), 199_900),
        ("amount", pa.array([20], pa.int16()), 200_000),
        ("amount", pa.array([20], pa.uint64()), 200_000),
        ("amount", pa.array(["19.99"], pa.large_string()), 199_900),
        ("amount", pa.array(["19.99"]).dictionary_encode(), 199_900),
        ("event_at", pa.array([NOON], pa.timestamp("s", "UTC")), NOON_US),
        ("event_at", pa.array([NOON], pa.timestamp("ms", "Europe/Brussels")), NOON_US),
        ("event_at", pa.array([NOON], pa.timestamp("ns", "UTC")), NOON_US),
        ("due_at", pa.array([NOON.date()], pa.date32()), 1_772_405_999_999_999),
        ("due_at", pa.array([NOON.date()], pa.date64()), 1_772_405_999_999_999),
        ("retracted", pa.array([False]), False),
        ("retracted", pa.array([0], pa.int8()), False),
        ("retracted", pa.array([0.0]), False),
        ("retracted", pa.array(["False"]), False),
        ("kind", pa.array(["invoice"]).dictionary_encode(), "invoice"),
        ("kind", pa.array(["invoice"], pa.string_view()), "invoice"),
        ("applies_to", pa.array([7], pa.int64()), "7"),
        ("applies_to", pa.array([7.0]), "7"),
        ("applies_to", pa.array([b"seven"]), "seven"),
        ("applies_to", pa.nulls(1), None),
    ],
)
def test_any_plain_type_is_read(column: str, cells: pa.Array, expected: object) -> None:
    row = {"event_at": [NOON], "invoice_id": ["i"], "due_at": [NOON], "amount": [1]}
    invoices = pa.table({"customer_id": ["a"], **row, column: cells})
    tables = {"customers": CUSTOMERS, "invoices": invoices}
    portfolio = Portfolio.from_tables(tables, SETTINGS)
    assert not portfolio.rejects
    [read] = portfolio.tables["invoices"].to_pyarrow()[column].to_pylist()
    assert read == expected


@pytest.mark.parametrize(
    ("column", "cells", "rule"),
    [
        ("event_at", pa.array([NOON.replace(tzinfo=None)]), "naive_time"),
        ("event_at", pa.array([10**15], pa.timestamp("s", "UTC")), "time_out_of_range"),
        ("event_at", pa.array([NOON_US]), "bad_time"),
        ("due_at", pa.array([10**8], pa.date32()), "time_out_of_range"),
        ("amount", pa.array([True]), "bad_number"),
        ("amount", pa.array([float("inf")]), "bad_number"),
        ("amount", pa.array([float("nan")]), "missing_required"),
        ("amount", pa.array([NOON]), "bad_number"),
        ("amount", pa.array([[1]]), "bad_number"),
        ("amount", pa.array([1e12]), "amount_too_large"),
        ("applies_to", pa.array([7.5]), "bad_text"),
        ("applies_to", pa.array([b"\xff"]), "bad_text"),
        ("applies_to", pa.array([NOON], pa.timestamp("ns", "UTC")), "bad_text"),
        ("retracted", pa.array([0.5]), "bad_boolean"),
    ],
)
def test_types_that_cannot_be_read(column: str, cells: pa.Array, rule: str) -> None:
    row = {"event_at": [NOON], "invoice_id": ["i"], "due_at": [NOON], "amount": [1]}
    invoices = pa.table({"customer_id": ["a"], **row, column: cells})
    tables = {"customers": CUSTOMERS, "invoices": invoices}
    [reject] = Portfolio.from_tables(tables, SETTINGS).rejects
    assert (reject.rule, reject.column, reject.n) == (rule, column, 1)


def test_a_database_is_a_portfolio(tmp_path: Path) -> None:
    database = ibis.duckdb.connect(tmp_path / "billing.duckdb")
    database.create_table("customers", CUSTOMERS)
    database.create_table("usage", USAGE)
    database.create_table("something_else", USAGE)
    portfolio = Portfolio.from_connection(database, SETTINGS)
    assert portfolio.settings.tables == {"customers", "usage"}
    assert _costs(portfolio) == [15_000, 20_000, 2_500]
    memory = Portfolio.from_tables({"customers": CUSTOMERS, "usage": USAGE}, SETTINGS)
    assert portfolio.content_hash == memory.content_hash
    database.disconnect()


def test_rejects_are_written_when_asked_and_never_read(folder: Path) -> None:
    lines = "customer_id,event_at,cost,rule,note\na,2026-03-01,1,x,\n,2026-03-01,1,y,\n"
    (folder / "usage.csv").write_text(lines + "a,soon,1,z,é\na,2026-03-02\n")
    portfolio = Portfolio.open(folder)
    before = sorted(folder.rglob("*"))
    assert portfolio.report.exit_code == 3
    assert {(r.rule, r.n) for r in portfolio.rejects} == {
        ("empty_customer_id", 1),
        ("bad_time", 1),
        ("malformed_row", 1),
    }
    [table] = [t for t in portfolio.report.tables if t.table == "usage"]
    assert (table.n_read, table.n_accepted, table.n_rejected) == (4, 1, 3)
    assert sorted(folder.rglob("*")) == before
    [file] = portfolio.write_rejects(folder)
    assert file == folder / "rejected" / "usage.parquet"
    rows = pq.read_table(file).to_pylist()
    assert [(r["rule"], r["column"]) for r in rows] == [
        ("empty_customer_id", "customer_id"),
        ("bad_time", "event_at"),
        ("malformed_row", ""),
    ]
    assert rows[1]["rule_found"] == "z"
    assert rows[1]["note"] == "é"
    assert rows[2]["line"] == "a,2026-03-02"
    assert Portfolio.open(folder).report == portfolio.report
    (folder / "usage.csv").write_text("customer_id,event_at,cost\na,2026-03-01,1\n")
    assert Portfolio.open(folder).write_rejects(folder) == ()
    assert not file.exists()


def test_rejected_rows_of_files_that_disagree_about_types(folder: Path) -> None:
    (folder / "disputes").mkdir()
    for name, amount in (("1", pa.array([-1])), ("2", pa.array(["ten"]))):
        said = {"dispute_id": ["d"], "kind": ["billing"], "status": ["opened"]}
        rows = pa.table({"customer_id": ["a"], "event_at": ["2026-03-01"], **said})
        rows = rows.append_column("amount", amount)
        pq.write_table(rows, folder / "disputes" / f"{name}.parquet")
    [file] = Portfolio.open(folder).write_rejects(folder)
    rows = pq.read_table(file).to_pylist()
    assert [(r["amount"], r["rule"]) for r in rows] == [
        ("-1", "negative_amount"),
        ("ten", "bad_number"),
    ]


def test_a_missing_required_column_rejects_the_table(folder: Path) -> None:
    pq.write_table(USAGE.drop_columns(["cost"]), folder / "usage.parquet")
    [reject] = Portfolio.open(folder).rejects
    assert (reject.rule, reject.n) == ("missing_column:cost", 3)
    assert "`columns:` in portfolio.yaml" in reject.what_to_do


def test_warnings_say_what_was_ignored(folder: Path) -> None:
    (folder / "portfolio.yaml").write_text(
        "curency: USD\nlabels: {fraud: {horizon: 3}}\n"
        "attributes: {plan: {type: category, textt: x}}\n"
    )
    strange = pa.table({"customer_id": ["z"], "event_at": ["2026-03-01"], "cost": [1]})
    rows = pa.concat_tables([USAGE.set_column(2, "cost", [[1, 2, 3]]), strange])
    rows = rows.append_column("colour", [["red"] * 4]).append_column("b", [[1] * 4])
    pq.write_table(rows, folder / "usage.parquet")
    pq.write_table(rows, folder / "invoces.parquet")
    no_such_table = "invoces.parquet is no table of the contract and was ignored"
    assert Portfolio.open(folder).warnings == (
        "portfolio.yaml: curency is no setting and was ignored",
        "portfolio.yaml: labels.fraud.horizon is no setting and was ignored",
        "portfolio.yaml: attributes.plan.textt is no setting and was ignored",
        f"{no_such_table}; did you mean invoices?",
        "customers: column 'plan' of portfolio.yaml is not there: all unknown",
        "usage: column 'b' is not in the contract and was ignored",
        "usage: column 'colour' is not in the contract and was ignored",
        "usage: 1 customers are not in `customers` and are not scored",
    )


def test_without_settings_the_defaults_stand_and_it_is_said(folder: Path) -> None:
    (folder / "portfolio.yaml").unlink()
    portfolio = Portfolio.open(folder)
    assert portfolio.settings.currency == "EUR"
    assert portfolio.warnings == (
        "no portfolio.yaml: EUR, UTC and the other defaults are assumed",
    )
    assert portfolio.report.exit_code == 0


@pytest.mark.parametrize(
    ("files", "error", "says"),
    [
        ({"portfolio.yaml": "name: ["}, SettingsError, "cannot be read"),
        ({"portfolio.yaml": "- a list"}, SettingsError, "must be a mapping"),
        ({"portfolio.yaml": "timezone: Mars"}, SettingsError, "unknown time zone"),
        ({"portfolio.yaml": "rates: {USD: -1}"}, SettingsError, "between 1e-9 and 1e9"),
        ({"portfolio.yaml": "materiality: x"}, SettingsError, "materiality"),
        ({"portfolio.yaml": "exposure: {open: segment}"}, SettingsError, "no money"),
        ({"customers.csv": "customer_id\na\n"}, MixedFormatsError, "keep one"),
        ({"usage.parquet": "PAR?"}, UnreadableTableError, "usage.parquet"),
        ({"usage.csv": ""}, UnreadableTableError, "usage.csv"),
        ({"usage.csv": "cost,cost\n1,2\n"}, UnreadableTableError, "2 columns 'cost'"),
    ],
)
def test_unusable_portfolios_say_why(
    folder: Path, files: Mapping[str, str], error: type[PortfolioError], says: str
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(error, match=says) as raised:
        Portfolio.open(folder)
    assert raised.value.code == error.code != PortfolioError.code


def test_bytes_that_are_no_text_are_said(folder: Path) -> None:
    (folder / "usage.csv").write_bytes(
        b"customer_id,event_at,cost\n\xff,2026-03-01,1\n"
    )
    with pytest.raises(UnreadableTableError, match=r"usage\.csv"):
        Portfolio.open(folder)


def test_customers_must_exist(tmp_path: Path) -> None:
    with pytest.raises(PortfolioNotFoundError, match="no portfolio folder"):
        Portfolio.open(tmp_path / "nowhere")
    with pytest.raises(MissingTableError, match="customers"):
        Portfolio.open(tmp_path)
    (tmp_path / "customers.csv").write_text("customer_id,event_at\na,soon\n")
    with pytest.raises(NoCustomersError) as raised:
        Portfolio.open(tmp_path)
    report = raised.value.report
    assert report.exit_code == 2
    assert [r.rule for r in report.rejects] == ["bad_time"]


def test_observed_until_is_the_latest_known_at_but_of_snapshots() -> None:
    late = pa.table({"customer_id": ["a"], "event_at": ["2030-01-01"]})
    usage = USAGE.append_column("known_at", [["2026-03-09T00:00:00Z"] * 3])
    tables = {"customers": CUSTOMERS, "usage": usage, "snapshots": late}
    ninth = 1_773_014_400_000_000
    assert Portfolio.from_tables(tables, SETTINGS).observed_until == ninth
    said = SETTINGS.model_copy(update={"observed_until": NOON})
    assert Portfolio.from_tables(tables, said).observed_until == NOON_US


def test_customers_in_order_and_by_name() -> None:
    customers = pa.table({"customer_id": ["b", "é", "Z", "a", "a"]})
    portfolio = Portfolio.from_tables({"customers": customers}, SETTINGS)
    assert [e.customer_id for e in portfolio.iter_events()] == ["Z", "a", "b", "é"]
    asked = portfolio.iter_events(["é", "a", "a"])
    assert [e.customer_id for e in asked] == ["a", "é"]
    [superseded_at] = portfolio.events("a").tables["customers"]["superseded_at"]
    assert superseded_at == FOREVER
    with pytest.raises(UnknownCustomerError, match="'nobody'"):
        portfolio.events("nobody")


def test_an_empty_table_is_present(folder: Path) -> None:
    (folder / "invoices.csv").write_text("customer_id,event_at,invoice_id,amount\n")
    portfolio = Portfolio.open(folder)
    assert portfolio.settings.tables == {"customers", "invoices"}
    assert portfolio.report.exit_code == 0


def test_text_in_csv_may_hold_anything(folder: Path) -> None:
    text = (
        'customer_id,event_at,cost,subscription_id\r\na,2026-03-01,1,"x, ""y""\nz"\r\n'
    )
    (folder / "usage.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    [row] = Portfolio.open(folder).tables["usage"].to_pyarrow().to_pylist()
    assert row["subscription_id"] == 'x, "y"\nz'


def test_observed_until_may_name_no_table(tmp_path: Path) -> None:
    (tmp_path / "portfolio.yaml").write_text(
        "currency: EUR\ntimezone: UTC\nobserved_until: {}\n", "utf-8"
    )
    (tmp_path / "customers.csv").write_text(
        "customer_id,event_at\nacme,2026-01-05\n", "utf-8"
    )
    assert Portfolio.open(tmp_path).customer_ids == ("acme",)
