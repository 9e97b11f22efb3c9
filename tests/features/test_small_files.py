"""A table of many small files: their rows are written together, in their order."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.portfolio import Portfolio
from features.reading import duck

N = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A payment a file; every third has a column that the others lack."""
    (tmp_path / "customers.csv").write_text("customer_id,event_at\na,2025-01-01\n")
    (tmp_path / "payments").mkdir()
    for n in range(N):
        cells: dict[str, Any] = {
            "customer_id": ["a"],
            "payment_id": [f"p{n:02}"],
            "status": ["succeeded"],
            "event_at": [f"2026-01-{n % 28 + 1:02}T10:00:00Z"],
            "amount": [n + 1],
        }
        if n % 3 == 0:
            cells["method"] = ["card"]
        pq.write_table(pa.table(cells), tmp_path / f"payments/{n:02}.parquet")
    return tmp_path


def _payments(folder: Path) -> list[tuple[Any, ...]]:
    columns = "rowid, payment_id, amount, method, superseded_at"
    found = Portfolio.open_usable(folder).connection.con.execute(
        f"SELECT {columns} FROM payments ORDER BY rowid"  # noqa: S608
    )
    return list(found.fetchall())


def test_small_files_are_written_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are those of files written one by one, which takes as many writes."""
    written: list[int] = []

    def noted(duckdb: object, name: str, rows: pa.Table, **constants: int) -> None:
        if name == "payments":
            written.append(len(rows))
        append(duckdb, name, rows, **constants)

    append = duck.append
    monkeypatch.setattr(duck, "append", noted)
    together = _payments(folder)
    assert written == [N]
    assert [row[1] for row in together] == [f"p{n:02}" for n in range(N)]
    assert [row[3] for row in together] == [None if n % 3 else "card" for n in range(N)]
    written.clear()
    monkeypatch.setattr(duck.AppendedRows, "AT_ONCE", 15)
    assert _payments(folder) == together
    assert written == [15, 15, 10]
