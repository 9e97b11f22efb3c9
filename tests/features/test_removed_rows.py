"""Rows that are taken out of a long table, which is written anew without them."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.portfolio import Portfolio
from features.reading import duck

N = 500  # numbers under both customers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Most rows break a rule between rows, a part of the others is corrected."""
    (tmp_path / "customers.csv").write_text(
        "customer_id,event_at\na,2025-01-01\nb,2025-01-01\n"
    )
    rows = """
        SELECT c.id AS customer_id, 'p' || n AS payment_id, 'succeeded' AS status,
            DATE '2026-01-01' AS event_at, NULL::DATE AS known_at, n AS amount
        FROM range($n) r(n), (VALUES ('a'), ('b')) c(id)
        UNION ALL SELECT 'a', 'p' || n, 'succeeded', '2026-01-01', NULL, n
        FROM range($n, $n + 1000) r(n)
        UNION ALL SELECT 'a', 'p' || n, 'succeeded', '2026-01-01',
            DATE '2026-01-02' + (n % 3)::INT, 2 * n
        FROM range($n, $n + 1000, 5) r(n)
    """
    duckdb.execute(f"COPY ({rows}) TO '{tmp_path}/payments.parquet'", {"n": N})
    return tmp_path


def _payments(folder: Path) -> list[tuple[Any, ...]]:
    portfolio = Portfolio.open_usable(folder)
    columns = "customer_id, payment_id, amount, known_at, superseded_at"
    sql = f"SELECT {columns} FROM payments ORDER BY ALL"  # noqa: S608
    return list(portfolio.connection.con.execute(sql).fetchall())


def test_a_long_table_is_written_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows behind the removed ones have other row ids then."""
    expected = _payments(folder)
    assert len(expected) == 1_200
    monkeypatch.setattr(duck, "LONG", 1)
    assert _payments(folder) == expected


def test_row_ids_hold_through_a_removal_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gaps that one removal left are closed while the next one looks for its rows."""
    monkeypatch.setattr(duck, "LONG", 200_000)
    connection = duckdb.connect(tmp_path / "tables.duckdb")
    connection.execute("CREATE TABLE t AS SELECT range AS n FROM range(1_100_000)")
    for which in ("n % 10 = 3", "n % 5 < 2 OR n > 700000 AND n % 2 = 0"):
        places = f"SELECT rowid AS place FROM t WHERE {which}"  # noqa: S608
        connection.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {places}")
        duck.remove(connection, "t", "rowid IN (SELECT place FROM gone)")
        connection.execute("CHECKPOINT")
    left = {
        n
        for n in range(1_100_000)
        if n % 10 != 3 and not (n % 5 < 2 or (n > 700_000 and n % 2 == 0))
    }
    found = connection.execute("SELECT count(*), sum(n) FROM t").fetchone()
    assert found == (len(left), sum(left))
