"""Lago: objects of its API, pages of them, and the bodies of its webhooks.

Facts about the objects: Lago's OpenAPI document, and its source where the document is
silent; see docs/importing.md for versions and for what was checked.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.json_kinds import (
    currencies_in,
    keep_last_updated,
    kinds_asked,
    stage_kinds,
)
from importing.lago.columns import KINDS, MOMENTS
from importing.lago.values import MAPS
from importing.source import Source, StagedSource
from importing.staging import staged

SQL = Path(__file__).parent / "sql"


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the objects, each kind into its table.

    A webhook names no moment: its object was seen when it was last updated, as the
    object says, else with the export. A unit price of the contract is in the
    portfolio's currency, so those of subscriptions need a rate.
    """
    unwrap = (SQL / "unwrap.sql").read_text(encoding="utf-8")
    pages = (SQL / "pages.sql").read_text(encoding="utf-8")
    bad = stage_kinds(connection, files, KINDS, unwrap, pages, "Lago")
    keep_last_updated(connection, KINDS, "lago_id")
    connection.execute((SQL / "plan_prices.sql").read_text(encoding="utf-8"))
    latest = [
        f"SELECT epoch(max({column})) FROM {kind}"
        for kind, columns in MOMENTS.items()
        for column in columns
    ]
    source = staged(
        connection, exported_at, latest, kinds_asked(connection, KINDS), bad
    )
    for kind in KINDS:
        updated = "updated_at" if "updated_at" in KINDS[kind].columns else "NULL"
        connection.execute(
            f"UPDATE {kind} SET seen_at = CASE WHEN event IS NULL THEN moment "
            f"ELSE least(coalesce({updated}, moment), moment) END FROM export"
        )
    priced = currencies_in(connection, "subscription", "plan_amount_currency")
    return replace(source, currencies=priced)


LAGO = Source(
    name="lago",
    title="Lago",
    stage=stage,
    sql=SQL,
    maps=MAPS,
    looks={
        "customers": frozenset({"customer"}),
        "subscriptions": frozenset({"subscription"}),
        "invoices": frozenset({"invoice", "credit_note"}),
        "payments": frozenset({"payment"}),
        # a dispute that is still open is told by nothing: never looked at in whole
        "disputes": frozenset({"dispute"}),
    },
    reads=("disputes", "subscriptions"),
)
