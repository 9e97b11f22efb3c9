"""ERPNext: its payment ledger and the documents behind it, from its API or database.

Fields and options: the DocTypes of ERPNext 14 to 16. The ledger's rows per document:
what ERPNext's own tests of Payment Ledger Entry expect. See docs/importing.md.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.erpnext.columns import MOMENTS, REQUIRED, TABLES
from importing.erpnext.values import MAPS
from importing.errors import NothingToImportError
from importing.ledger import SQL, make_parts
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.table_files import keep_latest, stage_tables

NEEDED = frozenset(
    {"payment_ledger_entry", "sales_invoice", "payment_entry", "journal_entry"}
)
LEDGER = Path(__file__).parent / "sql" / "ledger.sql"


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the tables and make the ledger of them.

    Raises:
        NothingToImportError: a table is missing without which the ledger says nothing.
    """
    looked_at, bad = stage_tables(connection, files, TABLES, REQUIRED)
    keep_latest(connection, TABLES, "name", "modified")
    absent = sorted(NEEDED - looked_at)
    if absent:
        raise NothingToImportError(
            f"export {', '.join(absent)} as well: the ledger says how much, the "
            "documents say what it was"
        )
    latest = (
        f"SELECT epoch(timezone(any_value(timezone), max({column})::TIMESTAMP)) "
        f"FROM {table}, setting"
        for table, column in MOMENTS
    )
    source = staged(connection, exported_at, latest, looked_at, bad)
    connection.execute(LEDGER.read_text(encoding="utf-8"))
    make_parts(connection)
    return source


ERPNEXT = Source(
    name="erpnext",
    title="ERPNext",
    stage=stage,
    sql=SQL,
    maps=MAPS,
    looks={
        "customers": frozenset({"customer"}),
        "invoices": NEEDED,
        "payments": NEEDED,
    },
)
