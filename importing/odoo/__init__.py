"""Odoo: what customers owe and what was matched with it, from its API or database.

Fields and selections: the models of Odoo 17 and 18. See docs/importing.md.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.errors import NothingToImportError
from importing.ledger import SQL, make_parts
from importing.odoo.columns import MOMENTS, REQUIRED, TABLES
from importing.odoo.values import MAPS
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.table_files import keep_latest, stage_tables

NEEDED = frozenset(
    {
        "account_move",
        "account_move_line",
        "account_partial_reconcile",
        "account_payment",
        "account_journal",
        "res_partner",
        "res_currency",
    }
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
    keep_latest(connection, TABLES, "id", "write_date")
    absent = sorted(NEEDED - looked_at)
    if absent:
        raise NothingToImportError(
            f"export {', '.join(absent)} as well: without it nobody knows who owes what"
        )
    latest = (f"SELECT epoch(max({column})) FROM {table}" for table, column in MOMENTS)
    source = staged(connection, exported_at, latest, looked_at, bad)
    connection.execute(LEDGER.read_text(encoding="utf-8"))
    make_parts(connection)
    return source


ODOO = Source(
    name="odoo",
    title="Odoo",
    stage=stage,
    sql=SQL,
    maps=MAPS,
    looks={"customers": NEEDED, "invoices": NEEDED, "payments": NEEDED},
)
