"""Chargebee: resources of its API, pages of lists, and events.

Facts about the resources: Chargebee's OpenAPI document and API reference; see
docs/importing.md for versions and for what was checked.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.chargebee.columns import KINDS, MOMENTS
from importing.chargebee.values import MAPS
from importing.json_kinds import (
    currencies_in,
    keep_last_updated,
    kinds_asked,
    stage_kinds,
)
from importing.source import Source, StagedSource
from importing.staging import staged

SQL = Path(__file__).parent / "sql"


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the resources, each kind into its table; an event tells a state's moment.

    A unit price of the contract is in the portfolio's currency, so those of
    subscriptions need a rate.
    """
    unwrap = (SQL / "unwrap.sql").read_text(encoding="utf-8")
    pages = (SQL / "pages.sql").read_text(encoding="utf-8")
    bad = stage_kinds(connection, files, KINDS, unwrap, pages, "Chargebee")
    keep_last_updated(connection, KINDS, "id")
    looked_at = kinds_asked(connection, KINDS)
    latest = [
        f"SELECT epoch(max({column})) FROM {kind}"
        for kind, columns in MOMENTS.items()
        for column in ("seen_at", *columns)
    ]
    source = staged(connection, exported_at, latest, looked_at, bad)
    for kind in KINDS:
        connection.execute(
            f"UPDATE {kind} SET seen_at = coalesce(seen_at, moment) FROM export"
        )
    priced = currencies_in(connection, "subscription", "currency_code")
    return replace(source, currencies=priced)


CHARGEBEE = Source(
    name="chargebee",
    title="Chargebee",
    stage=stage,
    sql=SQL,
    maps=MAPS,
    looks={
        "customers": frozenset({"customer"}),
        "subscriptions": frozenset({"subscription"}),
        "invoices": frozenset({"invoice", "credit_note"}),
        "payments": frozenset({"transaction"}),
        "disputes": frozenset({"dispute"}),
        "outcomes": frozenset({"customer", "invoice", "subscription"}),
    },
    reads=("subscriptions",),
)
