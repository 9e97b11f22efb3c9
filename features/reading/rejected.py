"""Writes rejected rows beside the portfolio, as found, with the rule each broke."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.contract import TABLES
from features.reading.loading import checked_parts
from features.reading.sources import Source
from features.settings import PortfolioSettings

FOLDER = "rejected"  # never read back as a table


def write_rejected(
    source: Source, settings: PortfolioSettings, out: Path
) -> tuple[Path, ...]:
    """Write `out/rejected/TABLE.parquet` for each table with rejects; the files.

    Files of an earlier run are replaced, and removed where nothing is rejected now.
    The source is read a second time, so that no rejected row is held meanwhile.
    """
    written = []
    for table in TABLES:
        file = out / FOLDER / f"{table}.parquet"
        found = table in source.tables
        parts = list(_rejected_parts(source, table, settings)) if found else []
        if not parts:
            file.unlink(missing_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        pq.write_table(_together(parts), unfinished)
        unfinished.replace(file)
        written.append(file)
    return tuple(written)


def _rejected_parts(
    source: Source, table: str, settings: PortfolioSettings
) -> Iterator[pa.Table]:
    for part, checked in checked_parts(source, table, settings):
        if part.malformed:
            lines = pa.table({"line": pa.array(part.malformed, pa.string())})
            yield _named(lines, ["malformed_row"] * len(lines), [""] * len(lines))
        if checked.rules:
            codes = checked.broken[checked.broken > 0]
            rules, columns = zip(
                *(checked.rules[code - 1] for code in codes), strict=True
            )
            rejected = part.rows.filter(pa.array(checked.broken > 0))
            yield _named(rejected, list(rules), list(columns))


def _named(rows: pa.Table, rules: list[str], columns: list[str]) -> pa.Table:
    """Rows as found, then `rule` and `column`; columns of those names give way."""
    names = [f"{n}_found" if n in ("rule", "column") else n for n in rows.column_names]
    rows = rows.rename_columns(names)
    rows = rows.append_column("rule", pa.array(rules, pa.string()))
    return rows.append_column("column", pa.array(columns, pa.string()))


def _together(parts: list[pa.Table]) -> pa.Table:
    """One table; files that disagree about a type meet as text."""
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.concat_tables([_as_text(p) for p in parts], promote_options="default")


def _as_text(rows: pa.Table) -> pa.Table:
    return rows.cast(pa.schema([(name, pa.string()) for name in rows.column_names]))
