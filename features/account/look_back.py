"""How far back accounts look into long tables; what is older becomes one row.

Facts read two months of `usage`, and of `access` only when rows became known. A year
of either is most of a portfolio: so what nobody looks into is not carried along.
"""

from features.account.stake import USAGE_COLUMNS
from features.account.upcoming import UNBILLED_DAYS
from features.events import FOREVER
from features.moments import DAY_US

LOOK_BACK_US = UNBILLED_DAYS * DAY_US  # of `usage`, what looks back farthest
SHORTENED = {
    "usage": USAGE_COLUMNS,
    "access": ("event_at", "known_at", "superseded_at"),
}
# How one row stands for several: it happened first and was known last
_ONE = {"event_at": "min", "known_at": "max", "superseded_at": "min"}


def shortened(since: int) -> dict[str, str]:
    """By table of `SHORTENED` the SQL of what facts need from a moment on."""
    return {table: shortened_sql(table, since) for table in SHORTENED}


def shortened_sql(table: str, since: int) -> str:
    """DuckDB SQL of the rows of a table of `SHORTENED` that facts need.

    Of a customer's rows that happened and became known before what is looked back at,
    and that still stand, one row stands for all: it says that there was something, and
    when the last of it became known.

    Args:
        table: its name.
        since: the first moment that is asked about, µs since 1970 UTC; FOREVER: none.

    Returns:
        A query of customer_id and the columns that `SHORTENED` names.
    """
    names = SHORTENED[table]
    begin = since - LOOK_BACK_US
    is_old = f"event_at < {begin} AND known_at < {begin} AND superseded_at = {FOREVER}"
    one = ", ".join(f'{_ONE.get(name, "min")}("{name}") AS "{name}"' for name in names)
    each = ", ".join(f'"{name}"' for name in names)
    return (
        f'SELECT customer_id, {each} FROM "{table}" WHERE NOT ({is_old}) UNION ALL '  # noqa: S608
        f'SELECT customer_id, {one} FROM "{table}" WHERE {is_old} GROUP BY customer_id'
    )
