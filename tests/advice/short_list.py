"""The list of the day of a table that fits into memory."""

from zoneinfo import ZoneInfo

import pyarrow as pa

from advice.lists.daily import Row, daily_row, has_work, order


def daily_list(
    advised: pa.Table, zone: ZoneInfo, *, only_work: bool = False
) -> list[Row]:
    """Its rows in order; with `only_work` of those about whom there is work."""
    rows = advised.to_pylist()
    ordered = sorted(filter(has_work, rows) if only_work else rows, key=order)
    return [daily_row(row, zone) for row in ordered]
