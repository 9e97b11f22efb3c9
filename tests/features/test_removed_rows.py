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
