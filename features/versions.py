"""When a row stands: from its known_at until the next version of its key is known."""

import ibis
import ibis.expr.types as ir

from features.contract import TABLES
from features.events import FOREVER


def standing_rows(rows: ir.Table, table: str) -> ir.Table:
    """Rows in normal form that ever stand, with `superseded_at`.

    Of versions known at one moment the one that sorts last over all columns
    stands (missing first, text by code point), so exact duplicates count once. A
    retraction ends the version before it and is itself no row. The SQL twin of
    `features.rows`.
    """
    order = [rows.known_at, *(rows[c].asc(nulls_first=True) for c in rows.columns)]
    versions = ibis.window(group_by=list(TABLES[table].key), order_by=order)
    following = rows.known_at.lead().over(versions)
    forever = ibis.literal(FOREVER, "int64")
    dated = rows.mutate(superseded_at=following.fill_null(forever))
    if table == "customers":
        first_known_at = dated.known_at.min(where=~dated.retracted)
        theirs = ibis.window(group_by="customer_id")
        created_at = dated.created_at.fill_null(first_known_at.over(theirs))
        dated = dated.mutate(created_at=created_at)
    return dated.filter(dated.superseded_at > dated.known_at, ~dated.retracted)


def in_order(rows: ir.Table, table: str) -> ir.Table:
    """By customer, then as `Events` are: event_at, known_at, key."""
    first = ["customer_id", "event_at", "known_at"]
    rest = [name for name in TABLES[table].key if name not in first]
    return rows.order_by(*first, *(rows[name].asc(nulls_first=True) for name in rest))
