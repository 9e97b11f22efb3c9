"""For the timeline: a `History`, with holds, alerts, links and outcomes beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.account.history import History, history_of
from features.account.rows import AnyRow, Row
from features.events import Events


class VersionRow(Row, frozen=True):
    """Of `customers`."""

    subject_kind: str | None


class HoldRow(Row, frozen=True):
    """Of `holds`, or of `overrides`; `until` is MISSING where it has no end."""

    until: int


class AlertRow(Row, frozen=True):
    alert_id: str
    status: str | None
    resolved_reason: str | None


class LinkRow(Row, frozen=True):
    status: str | None


class OutcomeRow(Row, frozen=True):
    kind: str


@dataclass(frozen=True, slots=True)
class TimelineRows:
    """One customer's rows. Moments are µs since 1970 UTC.

    `history` has the tables that accounts are made from; the others change facts, but
    not what is owed.
    """

    history: History
    versions: Sequence[VersionRow]
    holds: Sequence[HoldRow]
    overrides: Sequence[HoldRow]
    alerts: Sequence[AlertRow]
    links: Sequence[LinkRow]
    outcomes: Sequence[OutcomeRow]


def timeline_rows(
    events: Events, columns: Mapping[str, tuple[str, ...]]
) -> TimelineRows:
    """The rows of one customer.

    Args:
        events: the customer's.
        columns: those of `account_columns`.
    """
    return TimelineRows(
        history=history_of(events, columns),
        versions=_rows_of(events, "customers", VersionRow),
        holds=_rows_of(events, "holds", HoldRow),
        overrides=_rows_of(events, "overrides", HoldRow),
        alerts=_rows_of(events, "alerts", AlertRow),
        links=_rows_of(events, "links", LinkRow),
        outcomes=_rows_of(events, "outcomes", OutcomeRow),
    )


def _rows_of(events: Events, table: str, row_type: type[AnyRow]) -> list[AnyRow]:
    """All rows of a table, in its order."""
    columns = events.tables[table]
    if not len(columns["known_at"]):
        return []
    names = row_type.__struct_fields__
    return list(map(row_type, *(columns[name].tolist() for name in names)))
