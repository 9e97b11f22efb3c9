"""Which rows of one table stand, and until when: rows as lists of cells.

The twin of `features.reading.versions`, which says the same in SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeAlias

from features.contract import TableSpec
from features.events import FOREVER

Cells: TypeAlias = list[Any]
Identity: TypeAlias = Callable[[Sequence[Any]], Any]

EVENT_AT, KNOWN_AT = 1, 2  # the same places in every table


class RowVersions:
    """Versions of the rows of one table.

    Args:
        spec: the table.
        places: of its columns in a row.
    """

    def __init__(self, spec: TableSpec, places: Mapping[str, int]) -> None:
        self.key = row_identity(spec, places)
        self._places = places
        self._has_refunds = spec.name == "payments"

    def standing(self, rows: list[Cells]) -> tuple[list[Cells], list[Cells]]:
        """Rows that ever stand, each with `superseded_at` appended; and the lost."""
        lost: list[Cells] = []
        if len({self.key(cells) for cells in rows}) == len(rows):  # mostly
            for cells in rows:
                cells.append(FOREVER)
        else:
            rows, lost = self._dated(rows)
        retracted = self._places["retracted"]
        stands = [c for c in rows if c[-1] > c[KNOWN_AT] and not c[retracted]]
        return stands, lost

    def _dated(self, rows: list[Cells]) -> tuple[list[Cells], list[Cells]]:
        """Rows of one key stand until the next of them is known.

        Also one row of each key whose rows of one moment differ in content.
        """
        lost: list[Cells] = []
        by_key: dict[Any, list[Cells]] = {}
        for cells in rows:
            by_key.setdefault(self.key(cells), []).append(cells)
        for versions in by_key.values():
            versions.sort(key=version_order)
            if self._has_refunds and self._add_up(versions[0]):
                _date_refunds(versions, self._places["retracted"])
                continue
            lost += self._lost_contents(versions)
            for cells, following in pairwise(versions):
                cells.append(following[KNOWN_AT])
            versions[-1].append(FOREVER)
        dated = [cells for versions in by_key.values() for cells in versions]
        return dated, lost

    def _lost_contents(self, versions: Sequence[Cells]) -> list[Cells]:
        """The first of these rows whose moment another one shares, but not content."""
        stated = [c for c in versions if not c[self._places["retracted"]]]
        pairs = pairwise(stated)
        return [a for a, b in pairs if a[KNOWN_AT] == b[KNOWN_AT] and a != b][:1]

    def _add_up(self, cells: Cells) -> bool:
        """Refunds of one moment that no refund_id tells apart are several."""
        places = self._places
        return (
            cells[places["status"]] == "refunded" and cells[places["refund_id"]] is None
        )


def row_identity(spec: TableSpec, places: Mapping[str, int]) -> Identity:
    """What two rows share that are versions of one thing.

    A refund without refund_id is told apart by its moment.
    """
    plain: Identity = itemgetter(*(places[name] for name in spec.key))
    if spec.name == "payments":
        status, refund_id, event_at = (
            places[name] for name in ("status", "refund_id", "event_at")
        )

        def payment(cells: Sequence[Any]) -> Any:  # noqa: ANN401 - hashes
            """Refunds that no refund_id tells apart, by their moment."""
            if cells[status] == "refunded" and cells[refund_id] is None:
                return *plain(cells), cells[event_at]
            return plain(cells)

        return payment
    if not spec.key_unless:
        return plain
    parts = [
        (places[name], [places[other] for other in spec.key_unless.get(name, ())])
        for name in spec.key
    ]

    def told_apart(cells: Sequence[Any]) -> Any:  # noqa: ANN401 - hashes
        """A part of the key counts only where nothing else stands for it."""
        return tuple(
            [
                None if [x for x in others if cells[x] is not None] else cells[place]
                for place, others in parts
            ]
        )

    return told_apart


def _date_refunds(versions: list[Cells], retracted: int) -> None:
    """All rows of one moment stand until a later row of their key is known."""
    moments = sorted({cells[KNOWN_AT] for cells in versions})
    until = dict(zip(moments, [*moments[1:], FOREVER], strict=True))
    taken_back = {cells[KNOWN_AT] for cells in versions if cells[retracted]}
    for cells in versions:
        moment = cells[KNOWN_AT]
        cells.append(moment if moment in taken_back else until[moment])


def version_order(cells: Cells) -> tuple[int, list[tuple[bool, Any]]]:
    """By known_at, then all columns in the contract's order, missing first."""
    return cells[KNOWN_AT], [(c is not None, c) for c in cells]
