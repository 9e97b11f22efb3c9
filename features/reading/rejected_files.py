"""Writes rejected rows beside the portfolio, as found, with the rule each broke."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.contract import TABLES
from features.reading.checked_parts import RejectedRows, rejected_rows
from features.reading.cross_row_rules import Expelled
from features.reading.sources import Source
from features.settings import PortfolioSettings

FOLDER = "rejected"  # never read back as a table


def write_rejected(
    source: Source,
    settings: PortfolioSettings,
    out: Path,
    expelled: Mapping[str, Expelled],
) -> tuple[Path, ...]:
    """Write `out/rejected/TABLE.parquet` for each table with rejects; the files.

    Files of an earlier run are replaced, and removed where nothing is rejected now.
    The source is read a second time, so that no rejected row is held meanwhile.

    Args:
        source: whose rows they are.
        settings: as they were read with.
        out: usually the portfolio's folder.
        expelled: by table, good rows that break a rule between rows.
    """
    written = []
    for table in TABLES:
        file = out / FOLDER / f"{table}.parquet"
        of_table = expelled.get(table, {})
        rejected = (
            rejected_rows(source, table, settings, of_table)
            if table in source.tables
            else ()
        )
        parts = [_named(rows) for rows in rejected]
        if not parts:
            file.unlink(missing_ok=True)
            file.with_suffix(".csv").unlink(missing_ok=True)  # whoever made it of ours
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        pq.write_table(_together(parts), unfinished)
        unfinished.replace(file)
        written.append(file)
    return tuple(written)


def _named(rejected: RejectedRows) -> pa.Table:
    """Rows as found, then why and under which id; columns of those names give way."""
    more = {
        "rule": rejected.rules,
        "column": rejected.columns,
        "reject_id": rejected.ids,
    }
    rows = rejected.rows
    rows = rows.rename_columns(
        [f"{name}_found" if name in more else name for name in rows.column_names]
    )
    for name, cells in more.items():
        rows = rows.append_column(name, pa.array(cells, pa.string()))
    return rows


def _together(parts: list[pa.Table]) -> pa.Table:
    """One table; files that disagree about a type meet as text."""
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.concat_tables([_as_text(p) for p in parts], promote_options="default")


def _as_text(rows: pa.Table) -> pa.Table:
    return rows.cast(pa.schema([(name, pa.string()) for name in rows.column_names]))
