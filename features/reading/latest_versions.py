"""Of rows as they were sent, the version of each key that stands, with what it says."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from features.contract import TABLES
from features.reading.row_reader import JsonRow
from features.reading.row_versions import KNOWN_AT, Cells, row_identity, version_order
from features.reading.rows import good_cells
from features.settings import PortfolioSettings


class Version(NamedTuple):
    """A good row: as it was sent, and its values as they are read."""

    row: JsonRow
    values: Mapping[str, Any]


def latest_versions(
    table: str,
    customer_id: str,
    rows: Iterable[JsonRow],
    settings: PortfolioSettings,
    as_of: int,
) -> list[Version]:
    """Of each key the version that decisions as of a moment see, retracted or not.

    Rows that break a rule are none. Not for `payments` without refund_id, which add up.

    Args:
        table: a table of the contract.
        customer_id: whose rows these are; rows may leave it out.
        rows: cells as JSON has them.
        settings: of the portfolio.
        as_of: microseconds since 1970 UTC.
    """
    names = [column.name for column in settings.columns[table]]
    key = row_identity(TABLES[table], {name: i for i, name in enumerate(names)})
    latest: dict[Any, tuple[Cells, JsonRow]] = {}
    for row in rows:
        cells = good_cells(table, customer_id, row, settings)
        if cells is None or cells[KNOWN_AT] > as_of:
            continue
        before = latest.get(key(cells))
        if before is None or version_order(before[0]) <= version_order(cells):
            latest[key(cells)] = cells, row
    return [
        Version(row, dict(zip(names, cells, strict=True)))
        for cells, row in latest.values()
    ]
