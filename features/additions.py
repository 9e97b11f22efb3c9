"""A customer's events with simulated ones added, for counterfactuals.

The rows are given in normal form (see `features.events`) and stand as if they had
been read with all the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.arrays import AnyArray
from features.contract import TABLES
from features.events import FOREVER, MISSING, Columns, Events
from features.reading.row_versions import row_identity

Row = Mapping[str, object]


def with_rows(events: Events, added: Mapping[str, Sequence[Row]]) -> Events:
    """The events and the added rows; `events` itself is unchanged.

    Of two rows with one key the later `known_at` stands, on a tie the added one.

    Args:
        events: a customer's.
        added: by table; `event_at` and `known_at` are required, `due_on` beside
            `due_at`; any other cell that is left out is missing.
    """
    tables = dict(events.tables)
    for table, rows in added.items():
        if rows:
            fixed = {"customer_id": events.customer_id, "retracted": 0.0}
            complete = [{**fixed, "superseded_at": FOREVER, **row} for row in rows]
            tables[table] = _extended(table, tables[table], complete)
    return replace(events, tables=tables)


def _extended(table: str, columns: Columns, rows: list[dict[str, Any]]) -> Columns:
    n_before = len(columns["known_at"])
    joined = {
        name: np.concatenate([column, _cells(name, column, rows)])
        for name, column in columns.items()
    }
    names = TABLES[table].key
    told_by = dict.fromkeys((*names, "event_at"))
    places = {name: place for place, name in enumerate(told_by)}
    cells = zip(*(joined[name].tolist() for name in told_by), strict=True)
    keys = list(map(row_identity(TABLES[table], places), cells))
    known_at, superseded_at = joined["known_at"], joined["superseded_at"]
    for new in range(n_before, len(keys)):
        for old in range(n_before):
            if keys[old] == keys[new]:
                is_newer = known_at[old] <= known_at[new]
                first, last = (old, new) if is_newer else (new, old)
                superseded_at[first] = min(superseded_at[first], known_at[last])
    standing = np.flatnonzero(superseded_at > known_at).tolist()
    order = sorted(standing, key=_order_of(joined, names).__getitem__)
    return {name: column[order] for name, column in joined.items()}


def _cells(name: str, column: AnyArray, rows: list[dict[str, Any]]) -> AnyArray:
    missing = {"O": None, "f": np.nan}.get(column.dtype.kind, MISSING)
    cells = np.empty(len(rows), column.dtype)
    cells[:] = [row.get(name, missing) for row in rows]
    return cells


def _order_of(columns: Columns, key: Sequence[str]) -> list[tuple[Any, ...]]:
    """What the reader sorts rows by: event_at, known_at, then key."""
    text = [name for name in key if name not in ("customer_id", "event_at")]
    moments = [columns[name].tolist() for name in ("event_at", "known_at")]
    names = [[cell or "" for cell in columns[name].tolist()] for name in text]
    return list(zip(*moments, *names, strict=True))
