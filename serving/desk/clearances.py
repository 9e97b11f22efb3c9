"""What a person said in a customer's favour, and what is new since.

Whoever was cleared may wait again, for something else or for something newer: a page
that does not say so sends people to look at what was looked at.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic_core import from_json

from features.moments import MomentError, microseconds, parse_moment
from serving.desk.history import lane_of
from serving.timeline import TimelineEntry
from store.database import Database
from store.events import EventReader
from store.replies import Replies
from wording.messages import Wording

_TABLES = ("disputes", "outcomes")
_SETTLED = frozenset({"won", "lost", "withdrawn"})
_OURS = frozenset({"people"})  # lanes of what we did ourselves


class Clearance(NamedTuple):
    """The latest word in a customer's favour.

    Args:
        at: µs since 1970 UTC.
        kind: an appeal was upheld, suspicion found wrong, or a dispute of an invoice
            settled, whoever was right.
        who: said so; empty where nobody is recorded.
    """

    at: int
    kind: Literal["appeal", "finding", "dispute"]
    who: str

    def told(self, words: Wording, day: str) -> str:
        """In a line, with its day as the page writes it."""
        by = "" if self.who else "_by_nobody"
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


def latest_clearances(
    events: EventReader,
    customer_ids: Collection[str],
    appeals: Mapping[str, Clearance],
    zone: ZoneInfo,
) -> dict[str, Clearance]:
    """By customer, the latest of what people found out, settled or upheld.

    Args:
        events: the stored rows.
        customer_ids: of whom.
        appeals: of `upheld_appeals`.
        zone: in which days without an offset are.
    """
    latest = dict(appeals)
    for row in events.of_tables(customer_ids, _TABLES):
        for said in _said(from_json(row.content), zone):
            latest[row.customer_id] = max(said, latest.get(row.customer_id, said))
    return latest


def _said(row: Mapping[str, object], zone: ZoneInfo) -> Iterator[Clearance]:
    """What a row says in favour of the customer; nothing where it says no moment."""
    is_finding = row.get("kind") == "fraud_cleared"
    is_settled = row.get("kind") == "billing" and row.get("status") in _SETTLED
    if not is_finding and not is_settled:
        return
    try:
        at = parse_moment(row.get("event_at"), zone)
    except MomentError:
        return
    if at is not None and is_finding:
        yield Clearance(at, "finding", str(row.get("source") or ""))
    elif at is not None:
        yield Clearance(at, "dispute", "")


def paragraph(
    said: Clearance, day: str, entries: Iterable[TimelineEntry], words: Wording
) -> str:
    """Who cleared a customer and when, as the page writes it, and what is new since."""
    told = said.told(words, day)
    return f"{told[:1].upper()}{told[1:]}. {_new_since(entries, said, words)}"


def _new_since(
    entries: Iterable[TimelineEntry], said: Clearance, words: Wording
) -> str:
    """What happened after somebody was cleared, by lane of the timeline, in a line."""
    lanes = Counter(
        lane_of(entry.table)
        for entry in entries
        if entry.table is not None
        and entry.at is not None
        and microseconds(entry.at) > said.at
    )
    for lane in _OURS:
        del lanes[lane]
    if not lanes:
        return words.say("desk.cleared.nothing_since")
    parts = [f"{words.say(f'desk.lane.{name}')} {n}" for name, n in lanes.most_common()]
    return words.say("desk.cleared.since", rows=", ".join(parts))
