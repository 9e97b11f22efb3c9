"""Portfolios from folders, memory and databases: forms of files, the tables read."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from features.contract import TABLES
from features.errors import (
    UnknownCustomerError,
)
from features.events import FOREVER
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.reading.duck_settings import DuckSettings
from features.settings import PortfolioSettings
from features.snapshots import latest_snapshots

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
    monkeypatch.setattr("features.reading.table_loading.WRITTEN_AT_ONCE", 1)
    duck = DuckSettings(500, tmp_path / "portfolio.duckdb")
    assert Portfolio.open(folder, duck).content_hash == expected


@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_table_is_sorted_by_customer_where_it_pays(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_sorted: bool
) -> None:
    names, days = ["a", "b", "c", "d"], [f"2026-03-{day:02d}" for day in range(1, 9)]
    by_day = [{"customer_id": n, "event_at": d, "cost": 1} for d in days for n in names]
    pq.write_table(pa.Table.from_pylist(by_day), folder / "usage.parquet")
    pq.write_table(
        pa.table({"customer_id": names, "event_at": ["2026-01-01"] * 4}),
        folder / "customers.parquet",
    )
    monkeypatch.setattr("features.reading.parts._BLOCK_ROWS", 4)
    most = 3 if is_sorted else 8
    monkeypatch.setattr("features.reading.parts._MOST_NEIGHBOURS", most)
    read = Portfolio.open(folder, DuckSettings(500, tmp_path / "portfolio.duckdb"))
    ids = read.connection.con.sql("SELECT customer_id FROM usage").fetchall()
    assert (ids == sorted(ids)) is is_sorted
    assert read.content_hash == Portfolio.open(folder).content_hash
    parts = [read.part(part) for part in read.parts(18)]
    assert [part.customer_ids for part in parts] == [("a",), ("b", "c"), ("d",)]
    assert [part.tables["usage"].count().to_pyarrow().as_py() for part in parts] == [
        8 * len(part.customer_ids) for part in parts
    ]


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


def test_a_currency_in_small_letters_says_what_to_write() -> None:
    with pytest.raises(ValidationError, match="write EUR; it is 'eur'"):
        PortfolioSettings.model_validate({"currency": "eur"})
    with pytest.raises(ValidationError, match="write USD; it is 'usd'"):
        PortfolioSettings.model_validate({"rates": {"usd": 0.9}})


def test_observed_until_is_the_latest_known_at_but_of_snapshots() -> None:
    late = pa.table({"customer_id": ["a"], "event_at": ["2030-01-01"]})
    usage = USAGE.append_column("known_at", [["2026-03-09T00:00:00Z"] * 3])
    tables = {"customers": CUSTOMERS, "usage": usage, "snapshots": late}
    ninth = 1_773_014_400_000_000
    assert Portfolio.from_tables(tables, SETTINGS).observed_until == ninth
    said = SETTINGS.model_copy(update={"observed_until": NOON})
    assert Portfolio.from_tables(tables, said).observed_until == NOON_US


@pytest.mark.parametrize(
    ("until", "latest"),
    [
        pytest.param(
            "2026-03-12T09:00:00Z", "2026-03-12 09:00", id="nothing since the row"
        ),
        pytest.param("2026-03-12", "2026-03-12 23:59", id="a day is to its end"),
        pytest.param(
            "2026-03-12T00:00:00Z", "2026-03-11 23:59", id="what begins a day ends one"
        ),
        pytest.param(
            "2026-03-08T00:00:00Z", "2026-03-09 12:00", id="a row came after it"
        ),
        pytest.param(
            "2028-03-12T00:00:00Z", "2026-03-09 12:00", id="a slip of the pen"
        ),
        pytest.param(None, "2026-03-09 12:00", id="nothing is said"),
    ],
)
def test_everyone_is_scored_at_the_latest_moment_of_the_data(
    until: str | None, latest: str
) -> None:
    usage = USAGE.append_column("known_at", [["2026-03-09T12:00:00Z"] * 3])
    said = PortfolioSettings.model_validate({"observed_until": until})
    portfolio = Portfolio.from_tables({"customers": CUSTOMERS, "usage": usage}, said)

    moments = {to_datetime(m) for m in latest_snapshots(portfolio)["as_of"].to_pylist()}
    assert {f"{moment:%Y-%m-%d %H:%M}" for moment in moments} == {latest}


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
