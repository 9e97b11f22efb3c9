"""How far back accounts look into long tables; what is older becomes one row.

Facts read two months of `usage`, a year where invoices and usage tell what is charged
a month, and of `access` only when rows became known. A year of either is most of a
portfolio: so what nobody looks into is not carried along.
"""

from features.account.upcoming import UNBILLED_DAYS
from features.account.usage_log import USAGE_COLUMNS
from features.account.worth import INVOICED_DAYS, invoices_tell_recurring
from features.moments import DAY_US
from features.reading.old_rows import old_as_one
from features.settings import PortfolioSettings

SHORTENED = {
    "usage": USAGE_COLUMNS,
    "access": ("event_at", "known_at", "superseded_at"),
}


def shortened(since: int, settings: PortfolioSettings) -> dict[str, str]:
    """By table of `SHORTENED` the SQL of what facts need from a moment on."""
    return {table: shortened_sql(table, since, settings) for table in SHORTENED}


def shortened_sql(table: str, since: int, settings: PortfolioSettings) -> str:
    """DuckDB SQL of the rows of a table of `SHORTENED` that facts need.

    Args:
        table: its name.
        since: the first moment that is asked about, µs since 1970 UTC; FOREVER: none.
        settings: of the portfolio; its tables decide how far back facts look.

    Returns:
        A query of customer_id and the columns that `SHORTENED` names.
    """
    begin = since - look_back_us(settings)
    return old_as_one(f'"{table}"', SHORTENED[table], begin)


def look_back_us(settings: PortfolioSettings) -> int:
    """How long before a moment facts of that moment read `usage`, in microseconds."""
    if invoices_tell_recurring(settings):
        return max(UNBILLED_DAYS, INVOICED_DAYS) * DAY_US
    return UNBILLED_DAYS * DAY_US
