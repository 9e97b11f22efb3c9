"""Of an evidence pack's page: what was seen, used and told, row by row."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from execution.evidence import KNOWN, SIGNS, Evidence, Row, moment_of
from features.moments import to_datetime
from features.money import UNITS, ten_thousandths
from wording.publication.page import Block, Paragraph, Section, Table

_MOST_ROWS = 200  # of a table on the page; the files hold all
# as people read the columns of a row, in this order
_WORDS = {
    "event_at": "when",
    "kind": "what",
    "alert_id": "alert",
    "dispute_id": "dispute",
    "status": "state",
    "severity": "severity",
    "confidence": "confidence",
    "resolved_reason": "resolved as",
    "strength": "strength",
    "source": "source",
    "notice": "notice",
    "invoice_id": "invoice",
    "subscription_id": "subscription",
    "amount": "amount",
    "ip_id": "address",
    "country": "country",
    "action": "action",
    "reason": "reason",
    "by": "by",
}
_USE_DAYS = 30  # the charges that a claim is about


def signs(evidence: Evidence) -> Section:
    """What spoke of fraud or of none, table by table, as it was known."""
    blocks: list[Block] = []
    for table in SIGNS:
        blocks += _table(evidence, table)
    if not blocks:
        blocks = [Paragraph(_nothing(evidence))]
    return Section("signs", "What was seen", tuple(blocks))


def use(evidence: Evidence) -> Section:
    """What use cost on each of the last days, as the provider charges it."""
    title, rows = "What use cost", (evidence.rows or {}).get("usage", ())
    cost_of = _cost_by_day(rows, evidence.zone)
    end = max(cost_of, default=None)
    if end is None:
        nothing = Paragraph(_nothing(evidence))
        return Section("use", title, (nothing,))
    shown = sorted(day for day in cost_of if day > end - timedelta(days=_USE_DAYS))
    money = f"cost, {evidence.answer['question']['currency']}"
    lines = [(day.isoformat(), f"{cost_of[day] / UNITS:,.2f}") for day in shown]
    total = sum(cost_of[day] for day in shown)
    lines.append(("all of these days", f"{total / UNITS:,.2f}"))
    about = Paragraph(f"The last {_USE_DAYS} days of which use is known.")
    table = Table("Use a day", ("day", money), tuple(lines))
    return Section("use", title, (about, table))


def _cost_by_day(rows: Sequence[Row], zone: ZoneInfo) -> dict[date, int]:
    """In ten-thousandths; of two rows of one key the later known counts."""
    latest: dict[tuple[object, int], Row] = {}
    known = sorted(rows, key=lambda row: moment_of(row, zone, *KNOWN) or 0)
    for row in known:
        at = moment_of(row, zone, "event_at")
        if at is not None:
            latest[row.get("subscription_id"), at] = row
    cost_of: dict[date, int] = defaultdict(int)
    for (_, at), row in latest.items():
        if not row.get("retracted"):
            day = to_datetime(at).astimezone(zone).date()
            cost_of[day] += _cost(row)
    return cost_of


def _cost(row: Row) -> int:
    """0 where it is no number: the row was rejected then."""
    try:
        return ten_thousandths(row.get("cost") or 0)
    except ValueError:
        return 0


def told(evidence: Evidence) -> Section:
    """Notices as the decision knew them, and our letters with what became of each."""
    blocks = _table(evidence, "contacts") or [Paragraph(_nothing(evidence))]
    rows = tuple(
        (
            one.notice or one.kind,
            one.channel,
            "" if one.sent_at is None else shown_moment(to_datetime(one.sent_at)),
            one.state if one.why is None else f"{one.state}: {one.why}",
            "" if one.ended_at is None else shown_moment(to_datetime(one.ended_at)),
            _proof(json.loads(one.proof or "{}")),
            one.letter_id,
        )
        for one in evidence.letters
    )
    if rows:
        head = "letter", "by", "sent", "came to", "when", "proof", "reference"
        blocks.append(Table("Letters of ours", head, rows))
        blocks.append(Paragraph("letters.json holds each letter word for word."))
    return Section("notices", "What the customer was told", tuple(blocks))


def _proof(proof: Mapping[str, Any]) -> str:
    """What the carrier, a report or a person said."""
    names = "to", "carrier", "stated", "status", "file", "by"
    said = (f"{name} {proof[name]}" for name in names if proof.get(name))
    return "; ".join(said)


def _nothing(evidence: Evidence) -> str:
    if evidence.rows is None:
        return "The events it was decided on are not stored any more."
    return "Nothing of this kind was known."


def _table(evidence: Evidence, table: str) -> list[Block]:
    rows = list((evidence.rows or {}).get(table, ()))
    if not rows:
        return []
    zone = evidence.zone
    shown = sorted(rows, key=lambda row: moment_of(row, zone, "event_at") or 0)
    shown = shown[:_MOST_ROWS]
    names = [name for name in _WORDS if any(row.get(name) for row in shown)]
    body = tuple(tuple(_cell(row, name, zone) for name in names) for row in shown)
    head = tuple(_WORDS[name] for name in names)
    more = f"; the first {_MOST_ROWS} of {len(rows)}" if len(rows) > _MOST_ROWS else ""
    return [Paragraph(f"{table.capitalize()}{more}"), Table(table, head, body)]


def _cell(row: Mapping[str, Any], name: str, zone: ZoneInfo) -> str:
    """As people read it: a moment in UTC, a plain date as it is."""
    text = str(row.get(name) or "")
    is_moment = name == "event_at" and len(text) > len("2026-01-31")
    at = moment_of(row, zone, name) if is_moment else None
    return text if at is None else shown_moment(to_datetime(at))


def shown_moment(moment: datetime) -> str:
    """In UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
