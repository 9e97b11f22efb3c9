"""One customer's events as the body of a score request.

The inverse of reading a request: what a portfolio knows about a customer, as a
billing system would send it. Reading it again gives the same events.
"""

from datetime import datetime
from typing import Any

import numpy as np

from features.contract import TABLES
from features.events import FLOAT_KINDS, FOREVER, INT64_KINDS, MISSING, Columns, Events
from features.moments import to_datetime
from features.money import major_units
from features.settings import PortfolioSettings
from serving.request import EVENT_TABLES

Row = dict[str, Any]


def request_body(
    events: Events, as_of: datetime, settings: PortfolioSettings
) -> dict[str, Any]:
    """A body for `POST /v1/score`; every table the portfolio has, empty ones too.

    Amounts are in the portfolio's currency already, so rows name none.
    """
    return {
        "customer_id": events.customer_id,
        "as_of": as_of.isoformat(),
        "events": {
            table: _rows(table, events.tables[table], settings)
            for table in sorted(settings.tables & EVENT_TABLES)
        },
    }


def _rows(table: str, columns: Columns, settings: PortfolioSettings) -> list[Row]:
    kinds = {c.name: c.kind for c in settings.columns[table]}
    dropped = {"customer_id", "currency", "retracted"}
    named = [(n, k) for n, k in kinds.items() if n not in dropped and n in columns]
    rows = []
    for i in range(len(columns["known_at"])):
        row = {n: _cell(kind, columns[n][i]) for n, kind in named}
        rows.append({n: value for n, value in row.items() if value is not None})
    return rows + _taken_back(table, rows, columns["superseded_at"].tolist())


def _taken_back(table: str, rows: list[Row], superseded_at: list[int]) -> list[Row]:
    """What ends a row that no later version replaces: its retraction."""
    key = TABLES[table].key

    def begins(row: Row, known_at: str) -> tuple[object, ...]:
        return (*map(row.get, key), known_at)

    versions = {begins(row, row["known_at"]) for row in rows}
    ended = []
    for row, moment in zip(rows, superseded_at, strict=True):
        if moment == FOREVER:
            continue
        known_at = _iso(moment)
        if begins(row, known_at) not in versions:
            ended.append({**row, "known_at": known_at, "retracted": True})
    return ended


def _cell(kind: str, value: object) -> object:
    if kind in INT64_KINDS:
        number = int(value)  # type: ignore[call-overload]
        if number == MISSING:
            return None
        return major_units(number) if kind == "money" else _iso(number)
    if kind in FLOAT_KINDS:
        if np.isnan(value):  # type: ignore[call-overload]
            return None
        return bool(value) if kind == "boolean" else float(value)  # type: ignore[arg-type]
    return value


def _iso(moment: int) -> str:
    return to_datetime(moment).isoformat()
