"""What happened to a customer, in one list: stored rows and decisions."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from pydantic_core import from_json

from decisions.actions import Action
from features.moments import MomentError, parse_moment, to_datetime
from features.reading.rows import broken_rule
from features.settings import PortfolioSettings
from store.decisions import ListedDecision
from store.events import KeptRow

_UNKNOWN = -(2**63)  # of a moment that cannot be read: comes last


class DecisionSummary(BaseModel):
    """A recorded decision; all of it is at `GET /v1/decisions/{id}`."""

    decision_id: str
    recorded_at: datetime
    as_of: datetime
    customer_id: str
    action: Action | None

    @classmethod
    def of(cls, listed: ListedDecision) -> "DecisionSummary":
        named = listed._asdict() | {
            "recorded_at": to_datetime(listed.recorded_at),
            "as_of": to_datetime(listed.as_of),
        }
        return cls.model_validate(named)


class TimelineEntry(BaseModel):
    """A row as it was sent, or a decision."""

    at: datetime | None = Field(
        description="when it happened, or for when it was decided; null where a"
        " rejected row does not say it in a form that can be read"
    )
    table: str | None = Field(description="of a row; null of a decision")
    row: dict[str, Any] | None = None
    is_rejected: bool = Field(description="the row breaks a rule and counts in nothing")
    reject_id: str | None = Field(description="of a rejected row, to dismiss it")
    decision: DecisionSummary | None = None


class Timeline(BaseModel):
    """The latest first."""

    customer_id: str
    entries: list[TimelineEntry]
    next: str | None = Field(
        description="send it as `before` for what comes after these; null at the end"
    )


class _Place(NamedTuple):
    """Where an entry stands: the later and then the greater id come first."""

    at: int
    id: str


def timeline(
    customer_id: str,
    rows: list[KeptRow],
    decisions: list[ListedDecision],
    settings: PortfolioSettings,
    before: str | None,
    most: int,
) -> Timeline:
    """At most `most` entries behind the cursor `before`.

    Raises:
        ValueError: `before` is no cursor.
    """
    limit = None if before is None else _place(before)
    placed: list[tuple[_Place, KeptRow | ListedDecision]] = [
        *_placed_rows(rows, settings),
        *((_Place(one.as_of, one.decision_id), one) for one in decisions),
    ]
    placed = [one for one in placed if limit is None or one[0] < limit]
    placed.sort(key=lambda one: one[0], reverse=True)
    shown = placed[:most]
    entries = [_entry(customer_id, place.at, what, settings) for place, what in shown]
    is_more = len(placed) > most
    last = f"{shown[-1][0].at}.{shown[-1][0].id}" if is_more else None
    return Timeline(customer_id=customer_id, entries=entries, next=last)


def _place(cursor: str) -> _Place:
    at, _, name = cursor.partition(".")
    return _Place(int(at), name)


def _placed_rows(
    rows: list[KeptRow], settings: PortfolioSettings
) -> Iterator[tuple[_Place, KeptRow]]:
    for row in rows:
        content = from_json(row.content)
        at = _moment(content, settings.zone)
        yield _Place(_UNKNOWN if at is None else at, row.digest.hex()), row


def _moment(content: Mapping[str, object], zone: ZoneInfo) -> int | None:
    """Customers may leave out when they changed."""
    for name in ("event_at", "known_at", "created_at"):
        try:
            at = parse_moment(content.get(name), zone)
        except MomentError:
            continue
        if at is not None:
            return at
    return None


def _entry(
    customer_id: str,
    at: int,
    what: KeptRow | ListedDecision,
    settings: PortfolioSettings,
) -> TimelineEntry:
    """A stored row, or a decision, as one entry."""
    moment = None if at == _UNKNOWN else to_datetime(at)
    if isinstance(what, ListedDecision):
        return TimelineEntry(
            at=moment,
            table=None,
            is_rejected=False,
            reject_id=None,
            decision=DecisionSummary.of(what),
        )
    content = from_json(what.content)
    is_rejected = broken_rule(what.table, customer_id, content, settings) is not None
    return TimelineEntry(
        at=moment,
        table=what.table,
        row=content,
        is_rejected=is_rejected,
        reject_id=what.digest.hex() if is_rejected else None,
    )
