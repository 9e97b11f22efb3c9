"""How far back accounts look into long tables; what is older becomes one row.

Facts read two months of `usage`, a year where invoices and usage tell what is charged
a month, and of `access` only when rows became known. A year of either is most of a
portfolio: so what nobody looks into is not carried along.
"""

from features.account.upcoming import UNBILLED_DAYS
from features.account.usage_log import USAGE_COLUMNS
from features.account.worth import INVOICED_DAYS, invoices_tell_recurring
from features.events import FOREVER
from features.moments import DAY_US
from features.settings import PortfolioSettings

SHORTENED = {
    "usage": USAGE_COLUMNS,
    "access": ("event_at", "known_at", "superseded_at"),
}
# How one row stands for several: it happened first and was known last
_ONE = {"event_at": "min", "known_at": "max", "superseded_at": "min"}


def shortened(since: int, settings: PortfolioSettings) -> dict[str, str]:
    """By table of `SHORTENED` the SQL of what facts need from a moment on."""
    return {table: shortened_sql(table, since, settings) for table in SHORTENED}


def shortened_sql(table: str, since: int, settings: PortfolioSettings) -> str:
    """DuckDB SQL of the rows of a table of `SHORTENED` that facts need.

    Of a customer's rows that happened and became known before what is looked back at,
    and that still stand, one row stands for all: it says that there was something, and
    when the last of it became known.

    Args:
        table: its name.
        since: the first moment that is asked about, µs since 1970 UTC; FOREVER: none.
        settings: of the portfolio; its tables decide how far back facts look.

    Returns:
        A query of customer_id and the columns that `SHORTENED` names.
    """
    names = SHORTENED[table]
    begin = since - _look_back_days(settings) * DAY_US
    is_old = f"event_at < {begin} AND known_at < {begin} AND superseded_at = {FOREVER}"
    one = ", ".join(f'{_ONE.get(name, "min")}("{name}") AS "{name}"' for name in names)
    each = ", ".join(f'"{name}"' for name in names)
    return (
        f'SELECT customer_id, {each} FROM "{table}" WHERE NOT ({is_old}) UNION ALL '  # noqa: S608
        f'SELECT customer_id, {one} FROM "{table}" WHERE {is_old} GROUP BY customer_id'
    )


def _look_back_days(settings: PortfolioSettings) -> int:
    """Days of `usage` before a moment that facts of that moment read."""
    if invoices_tell_recurring(settings):
        return max(UNBILLED_DAYS, INVOICED_DAYS)
    return UNBILLED_DAYS
