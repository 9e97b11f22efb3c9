"""Rows that are taken out of a long table, some of its rows at a time."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.portfolio import Portfolio
from features.reading import duck
from features.reading.duck_settings import DuckSettings

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


def _payments(folder: Path, file: Path | None = None) -> list[tuple[Any, ...]]:
    portfolio = Portfolio.open_usable(folder, DuckSettings(file=file))
    columns = "customer_id, payment_id, amount, known_at, superseded_at"
    sql = f"SELECT {columns} FROM payments ORDER BY ALL"  # noqa: S608
    return list(portfolio.connection.con.execute(sql).fetchall())


def test_a_long_table_is_gone_through_in_steps(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows behind the removed ones have other row ids then."""
    expected = _payments(folder)
    assert len(expected) == 1_200
    monkeypatch.setattr(duck, "REMOVED_AT_ONCE", 64)
    assert _payments(folder) == expected
    assert _payments(folder, tmp_path / "tables.duckdb") == expected


def test_row_ids_not_yet_looked_at_stay_through_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of many blocks of rows goes, and a checkpoint puts what is left together."""
    monkeypatch.setattr(duck, "REMOVED_AT_ONCE", 200_000)
    connection = duckdb.connect(tmp_path / "tables.duckdb")
    connection.execute("CREATE TABLE t AS SELECT range AS n FROM range(1_000_000)")
    connection.execute(
        "CREATE TEMP TABLE gone AS SELECT n AS place FROM t"
        " WHERE n // 150_000 % 2 = 0 OR n % 3 = 0"
    )
    duck.remove(connection, "t", "rowid IN (SELECT place FROM gone)")
    left = connection.execute("SELECT count(*), sum(n) FROM t").fetchone()
    whole = range(1_000_000)
    kept = [n for n in whole if n // 150_000 % 2 and n % 3]
    assert left == (len(kept), sum(kept))
