"""What a person said in a customer's favour, and what is new since.

Whoever was cleared may wait again, for something else or for something newer: a page
that does not say so sends people to look at what was looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic_core import from_json

from features.contract import SURE_STRENGTHS
from features.moments import MomentError, microseconds, parse_moment
from features.reading.latest_versions import latest_versions
from features.settings import PortfolioSettings
from serving.desk.history import lane_of
from serving.incoming import in_force_of
from serving.timeline import TimelineEntry
from store.database import Database
from store.events import EventReader
from store.replies import Replies
from wording.messages import Wording

_TABLES = ("disputes", "outcomes")
_FRAUDS = frozenset({"fraud", "account_takeover"})
_OUR_LANES = frozenset({"people", "acts"})
_OUR_CONTACTS = frozenset({"notice_sent", "notice_delivered"})


class Clearance(NamedTuple):
    """The latest word in a customer's favour.

    Args:
        at: µs since 1970 UTC.
        kind: an appeal was upheld, suspicion found wrong, or a dispute of an invoice
            settled because the customer was right (`lost`, as the reseller sees it).
        who: said so; empty where nobody is recorded.
    """

    at: int
    kind: Literal["appeal", "finding", "dispute"]
    who: str

    def told(self, words: Wording, day: str) -> str:
        """In a line, with its day as the page writes it."""
        by = "_by_nobody" if not self.who and self.kind != "dispute" else ""
        return words.say(f"desk.cleared.{self.kind}{by}", at=day, who=self.who)


def upheld_appeals(
    database: Database, customer_ids: Collection[str]
) -> dict[str, Clearance]:
    """By customer, the appeal that was upheld last."""
    found: dict[str, Clearance] = {}
    for one in Replies(database).upheld(customer_ids):
        at = one.decided_at or one.filed_at
        said = Clearance(at, "appeal", one.decided_by or "")
        found[one.customer_id] = max(said, found.get(one.customer_id, said))
    return found


def clearances_of(
    request: Request,
    customer_ids: Collection[str],
    appeals: Mapping[str, Clearance],
    now: datetime,
) -> dict[str, Clearance]:
    """`latest_clearances` of the service that is asked."""
    settings = in_force_of(request).advisor.settings
    events: EventReader = request.app.state.events
    at = microseconds(now)
    return latest_clearances(events, customer_ids, appeals, settings, at)


def latest_clearances(
    events: EventReader,
    customer_ids: Collection[str],
    appeals: Mapping[str, Clearance],
    settings: PortfolioSettings,
    now: int,
) -> dict[str, Clearance]:
    """By customer, the latest of what people found out, settled or upheld.

    Of rows as decisions see them: none that breaks a rule, was retracted or is not
    known yet.

    Args:
        events: the stored rows.
        customer_ids: of whom.
        appeals: of `upheld_appeals`.
        settings: of the portfolio.
        now: µs since 1970 UTC.
    """
    latest = dict(appeals)
    sent: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
    for row in events.of_tables(customer_ids, _TABLES):
        rows = sent[row.customer_id].setdefault(row.table, [])
        rows.append(from_json(row.content))
    for customer_id, tables in sent.items():
        standing = [
            version.values
            for table, rows in tables.items()
            for version in latest_versions(table, customer_id, rows, settings, now)
            if not version.values["retracted"]
        ]
        for said in _said(standing):
            latest[customer_id] = max(said, latest.get(customer_id, said))
    return latest


def _said(rows: Collection[Mapping[str, Any]]) -> Iterator[Clearance]:
    """What rows say in favour of the customer.

    Suspicion found wrong does not outlast a later sign of fraud (`FraudSigns`).
    """
    last_sign = max((row["event_at"] for row in rows if _is_sign(row)), default=None)
    for row in rows:
        at = row["event_at"]
        is_ended = last_sign is not None and last_sign > at
        if row["kind"] == "fraud_cleared" and not is_ended:
            yield Clearance(at, "finding", row["source"] or "")
        elif row["kind"] == "billing" and row["status"] == "lost":
            yield Clearance(at, "dispute", "")


def _is_sign(row: Mapping[str, Any]) -> bool:
    """Whether a row of `outcomes` or `disputes` is a sign of fraud."""
    if row["kind"] == "chargeback_fraud":
        return bool(row["status"] == "opened")
    return row["kind"] in _FRAUDS and row["strength"] in (None, *SURE_STRENGTHS)


def paragraph(
    said: Clearance, day: str, entries: Iterable[TimelineEntry], words: Wording
) -> str:
    """Who cleared a customer and when, as the page writes it, and what is new since."""
    told = said.told(words, day)
    return f"{told[:1].upper()}{told[1:]}. {_new_since(entries, said, words)}"


def _new_since(
    entries: Iterable[TimelineEntry], said: Clearance, words: Wording
) -> str:
    """What became known after somebody was cleared, by lane, in a line."""
    lanes = Counter(
        lane_of(entry.table)
        for entry in entries
        if entry.table is not None
        and not _is_ours(entry.table, entry.row or {})
        and _known_at(entry, words.zone) > said.at
    )
    if not lanes:
        return words.say("desk.cleared.nothing_since")
    parts = [f"{words.say(f'desk.lane.{name}')} {n}" for name, n in lanes.most_common()]
    return words.say("desk.cleared.since", rows=", ".join(parts))


def _is_ours(table: str, row: Mapping[str, Any]) -> bool:
    """Whether a row tells what we did ourselves; that somebody is a fraud is news."""
    told = str(row.get("kind"))
    if table == "contacts":
        return told in _OUR_CONTACTS
    is_fraud = table == "outcomes" and told in _FRAUDS
    return lane_of(table) in _OUR_LANES and not is_fraud


def _known_at(entry: TimelineEntry, zone: ZoneInfo) -> int:
    """When a row became known, in µs; before all where it says no moment."""
    happened_at = 0 if entry.at is None else microseconds(entry.at)
    try:
        known_at = parse_moment((entry.row or {}).get("known_at"), zone)
    except MomentError:
        known_at = None
    return max(happened_at, known_at or 0)
