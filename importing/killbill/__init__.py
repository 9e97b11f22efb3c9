"""Kill Bill: the tables of its database, as CSV or Parquet.

Columns: the DDL of Kill Bill's source at cb60779c (2026-08-20). How balances add up:
its `InvoiceCalculatorUtils`. See docs/importing.md.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from importing.errors import NothingToImportError
from importing.killbill.columns import MOMENTS, REQUIRED, TABLES
from importing.killbill.values import MAPS
from importing.source import Source, StagedSource
from importing.table_files import stage_tables


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the tables; the moment of the export is the latest in them, if not given."""
    given, bad = stage_tables(connection, files, TABLES, REQUIRED)
    at = exported_at or _latest_moment(connection)
    connection.execute("CREATE TABLE export AS SELECT ?::TIMESTAMPTZ AS moment", [at])
    return StagedSource(exported_at=at, looked_at=given, bad_rows=tuple(bad))


def _latest_moment(connection: Any) -> datetime:
    latest = " UNION ALL ".join(
        f"SELECT epoch(max({column})) AS seconds FROM {table}"
        for table, columns in MOMENTS.items()
        for column in columns
    )
    (seconds,) = connection.execute(f"SELECT max(seconds) FROM ({latest})").fetchone()
    if seconds is None:
        raise NothingToImportError("not one row of Kill Bill's tables in these files")
    return datetime.fromtimestamp(seconds, UTC)


KILLBILL = Source(
    name="killbill",
    title="Kill Bill",
    stage=stage,
    sql=Path(__file__).parent / "sql",
    maps=MAPS,
    looks={
        "customers": frozenset({"accounts"}),
        "subscriptions": frozenset({"subscriptions", "subscription_events"}),
        "invoices": frozenset({"invoices", "invoice_items"}),
        "payments": frozenset({"payments", "payment_transactions"}),
        "disputes": frozenset({"payment_transactions"}),
        "holds": frozenset({"tags"}),
        "actions": frozenset({"blocking_states"}),
    },
)
