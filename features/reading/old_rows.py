"""Long tables without the rows that nobody looks into: one row stands for the old."""

from collections.abc import Iterable

from features.events import FOREVER

# How one row stands for several: it happened first and was known last
_ONE = {"known_at": "max"}


def old_as_one(source: str, names: Iterable[str], begin: int) -> str:
    """DuckDB SQL of a table's rows, those before a moment as one a customer.

    Of a customer's rows that happened and became known before that moment, and that
    still stand, one row stands for all: it says that there was something, and when the
    last of it became known.

    Args:
        source: SQL of the table.
        names: columns wanted, with `event_at`, `known_at` and `superseded_at`, without
            customer_id.
        begin: µs since 1970 UTC.

    Returns:
        A query of customer_id and these columns.
    """
    is_old = f"event_at < {begin} AND known_at < {begin} AND superseded_at = {FOREVER}"
    one = ", ".join(f'{_ONE.get(name, "min")}("{name}") AS "{name}"' for name in names)
    each = ", ".join(f'"{name}"' for name in names)
    return (
        f"SELECT customer_id, {each} FROM {source} WHERE NOT ({is_old}) UNION ALL "  # noqa: S608
        f"SELECT customer_id, {one} FROM {source} WHERE {is_old} GROUP BY customer_id"
    )
