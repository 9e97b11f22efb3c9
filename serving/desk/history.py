"""A customer's history as it is drawn and listed: rows, decisions and acts."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Request
from markupsafe import Markup

from features.moments import microseconds, to_datetime
from serving.desk.addresses import decision_path
from serving.incoming import in_force_of
from serving.prior_decisions import PriorDecisions
from serving.stored_customers import MOST_ROWS
from serving.timeline import TimelineEntry, timeline
from store.act import Act
from store.decisions import Decision, ListedDecision
from store.events import EventReader, KeptRow
from wording.messages import Wording
from wording.plots.timeline_plot import PlottedEntry, timeline_plot

LANES = (
    "subscriptions",
    "invoices",
    "payments",
    "disputes",
    "contacts",
    "access",
    "alerts",
    "people",
    "decisions",
    "acts",
)
# that nothing was paid says something; of what nobody sends, an empty lane does not
_ALWAYS_DRAWN = frozenset({"invoices", "payments", "decisions"})
_LANE_OF_TABLE = {
    "ageing": "invoices",
    "actions": "acts",
    "holds": "people",
    "overrides": "people",
    "outcomes": "people",
}
_MOST_ENTRIES = 3_000  # the latest ones
# what a line tells of a row, in this order
_TOLD = (
    "status",
    "kind",
    "action",
    "notice",
    "invoice_id",
    "amount",
    "balance",
    "severity",
    "reason",
    "until",
    "by",
    "source",
)
_CODES = {"status", "kind", "severity"}  # lists of the contract: no text of anybody
_MONEY = {"amount", "balance"}


class Period(NamedTuple):
    """What part of a history is shown: `days` until the end of `until`."""

    days: int
    until: date

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its first moment, and the one after its last."""
        end = datetime.combine(self.until + timedelta(days=1), time(0), zone)
        return end - timedelta(days=self.days), end

    def address(self, days: int | None = None, moved: float = 0.0) -> str:
        """The query of a period of another length, or moved by a part of its own."""
        until = self.until + timedelta(days=round(moved * self.days))
        return f"?days={days or self.days}&until={until.isoformat()}#history"


def stored_rows(request: Request, customer_id: str) -> list[KeptRow]:
    """What is stored of a customer."""
    events: EventReader = request.app.state.events
    return events.rows(customer_id, events.last_sequence(), MOST_ROWS)


def n_newer(rows: Sequence[KeptRow], decision: Decision) -> int:
    """Rows that came in after the decision was made; 0 where it rests on none."""
    stored = PriorDecisions.from_json(decision.prior_decisions).stored
    if stored is None:
        return 0
    return sum(row.sequence > stored.sequence for row in rows)


def history(
    request: Request,
    customer_id: str,
    rows: list[KeptRow],
    decisions: list[ListedDecision],
) -> list[TimelineEntry]:
    """Stored rows and decisions, the latest first."""
    settings = in_force_of(request).advisor.settings
    return timeline(customer_id, rows, decisions, settings, None, _MOST_ENTRIES).entries


def within(
    entries: Sequence[TimelineEntry], period: Period, zone: ZoneInfo
) -> list[TimelineEntry]:
    """The entries of a period; what bears no moment belongs to none."""
    begin, end = period.bounds(zone)
    return [e for e in entries if e.at is not None and begin <= e.at < end]


def told(words: Wording, entry: TimelineEntry) -> str:
    """A row in a line, in the words of the page and with the money's currency."""
    row: dict[str, Any] = entry.row or {}
    currency = str(row.get("currency") or words.currency)
    shown = (_shown(words, currency, name, row[name]) for name in _TOLD if name in row)
    return " · ".join(text for text in shown if text)


def _shown(words: Wording, currency: str, name: str, value: object) -> str:
    """A value of a row; what cannot be read stands as it was sent.

    >>> german = Wording("de", "EUR", ZoneInfo("Europe/Berlin"))
    >>> _shown(german, "EUR", "until", "2026-12-24T22:59:59.999999+00:00")
    '2026-12-24 23:59'
    >>> _shown(german, "EUR", "until", "2026-12-24"), _shown(german, "EUR", "by", 3)
    ('2026-12-24', '3')
    >>> _shown(german, "EUR", "status", "succeeded"), _shown(german, "", "kind", "a_b")
    ('eingegangen', 'a b')
    """
    if value is None:
        return ""
    text, zone = str(value), words.zone
    if name in _CODES:
        return words.word("desk.value", text)
    if name == "action":
        named = f"actions.{text}.name"
        return words.say(named) if words.has(named) else words.word("desk.act", text)
    if name in _MONEY:
        with suppress(ValueError):
            return words.in_currency(float(text), currency)
    if name == "until" and len(text) > len("2026-12-31"):
        with suppress(ValueError):
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
    return text


def lane_of(table: str) -> str:
    """Where a row of this table is drawn."""
    return _LANE_OF_TABLE.get(table, table)


def drawn(
    words: Wording,
    entries: Sequence[TimelineEntry],
    acts: Sequence[Act],
    period: Period,
) -> Markup:
    """The timeline of a period as SVG: wide, and narrow for a phone."""
    plotted = [*_of_entries(words, entries), *_of_acts(words, acts)]
    told = {entry.lane for entry in plotted} | _ALWAYS_DRAWN
    lanes = [(name, words.say(f"desk.lane.{name}")) for name in LANES if name in told]
    title = words.say("desk.customer.timeline")
    bounds = period.bounds(words.zone)
    both = [
        timeline_plot(plotted, lanes, bounds, words.zone, title, is_narrow=is_narrow)
        for is_narrow in (False, True)
    ]
    return Markup("\n".join(both))  # noqa: S704 - texts are escaped where it is drawn


def _of_entries(
    words: Wording, entries: Sequence[TimelineEntry]
) -> Iterator[PlottedEntry]:
    for entry in entries:
        if entry.at is None:
            continue
        day = f"{entry.at.astimezone(words.zone):%Y-%m-%d %H:%M}"
        at, decision = microseconds(entry.at), entry.decision
        if decision is not None:
            action = decision.action
            name = "desk.no_decision" if action is None else f"actions.{action}.name"
            text = f"{day} {words.say(name)}"
            yield PlottedEntry(
                at, "decisions", text, decision_path(decision.decision_id)
            )
        elif entry.table is not None:
            text = f"{day} {told(words, entry)}"
            yield PlottedEntry(at, lane_of(entry.table), text)


def _of_acts(words: Wording, acts: Sequence[Act]) -> Iterator[PlottedEntry]:
    for act in acts:
        at = act.settled_at or act.planned_at
        day = f"{to_datetime(at).astimezone(words.zone):%Y-%m-%d %H:%M}"
        kind = words.say(f"desk.act.{act.kind}")
        state = words.say(f"desk.state.{act.state}")
        text = f"{day} {kind}: {state} {act.subscription_id}".rstrip()
        yield PlottedEntry(at, "acts", text, decision_path(act.decision_id))
