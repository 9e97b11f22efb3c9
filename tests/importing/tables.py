"""Tables as a database writes them out, row by row; and what became of them."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from features.account import fact_table
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots
from importing import SOURCES, ImportReport, ImportSettings, import_files

Run = Callable[..., ImportReport]
Rows = Mapping[str, Sequence[Mapping[str, object]]]


def imports_of_documents(source: str, folder: Path, exported_at: datetime) -> Run:
    """Imports JSON documents, one a line, into the portfolio in a folder."""

    def run(*documents: Mapping[str, Any], at: datetime = exported_at) -> ImportReport:
        file = folder / f"export-{at:%Y%m%d}.ndjson"
        file.write_text("".join(json.dumps(d) + "\n" for d in documents), "utf-8")
        settings = ImportSettings(exported_at=at, currency="EUR")
        return import_files(SOURCES[source], [file], folder / "portfolio", settings)

    return run


def imports_of_books(
    source: str, write: Callable[[Path], list[Path]], folder: Path, exported: str
) -> Run:
    """Imports books as they are written on a day into the portfolio in a folder."""

    def run(at: str = exported, timezone: str = "UTC") -> ImportReport:
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        settings = ImportSettings(exported_at=moment, currency="EUR", timezone=timezone)
        files = write(folder / f"export-{at}")
        return import_files(SOURCES[source], files, folder / "portfolio", settings)

    return run


def write_csv(
    folder: Path, tables: Rows, columns: Mapping[str, Iterable[str]]
) -> list[Path]:
    """A file for each table, with all its columns; \\N stands for None."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for table, rows in tables.items():
        names = list(columns[table])
        file = folder / f"{table}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(names)
            for row in rows:
                assert row.keys() <= set(names)
                values = (row.get(name) for name in names)
                writer.writerow("\\N" if v is None else v for v in values)
        files.append(file)
    return files


def rows_of(portfolio: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table of the portfolio, as they became known."""
    read: list[dict[str, Any]] = pq.read_table(portfolio / table).to_pylist()
    told = (row for row in read if row["known_at"])  # others stand for what is left out
    return sorted(told, key=lambda row: (row["known_at"], str(row)))


def facts_of(
    portfolio: Path, customer: str, at: str, *names: str
) -> dict[str, float | None]:
    """The account facts of one customer at a moment, UTC."""
    opened = Portfolio.open(portfolio)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    snapshots = latest_snapshots(opened, int(moment.timestamp() * 1e6))
    table = fact_table(opened, snapshots).to_pylist()
    row = next(r for r in table if r["customer_id"] == customer)
    return {name: row[name] for name in names}
