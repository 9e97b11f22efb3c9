"""Rows dated ahead of the clock: what they tell of cannot have happened.

A day and a month changed places, a year was mistyped, or a bank sent the value date of
the day after tomorrow. Such a row counts from its date on, as any other; until then its
customer is incomplete, as `features.reading.ahead` has it for files: a payment that is
not seen for its date must not make its payer look unpaid.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from features.events import FOREVER, Columns
from features.moments import microseconds, to_datetime
from serving.decide import Question

# of these nothing is written down before it happens, as invoices and holds may be
HAPPENED = ("payments", "disputes", "contacts")
_TOLERATED = timedelta(days=1)  # a plain date of today counts from the day's end on


def latest_at(now: datetime) -> int:
    """The latest moment a row may be known at that tells of what happened, in µs."""
    return microseconds(now + _TOLERATED)


def until_now(question: Question, now: datetime) -> Question:
    """The question, its customer incomplete where rows are dated more than a day ahead.

    Args:
        question: as read.
        now: the moment of deciding, whatever moment is asked about.
    """
    latest, events = latest_at(now), question.events
    said: dict[str, str] = {}
    for table in HAPPENED:
        rows = events.tables[table]
        known_at = rows["known_at"]
        if not len(known_at) or known_at.max() <= latest:  # mostly
            continue
        if found := _unmended(rows, latest):
            first = f", the first of {to_datetime(found[0]):%Y-%m-%d}"
            said[table] = dated_ahead(table, len(found), first)
    if not said:
        return question
    return replace(
        question,
        events=replace(events, rejected=events.rejected | said.keys()),
        warnings=(*question.warnings, *said.values()),
        kept=None,  # of the customer without what is said here
    )


def dated_ahead(table: str, n: int, first: str = "") -> str:
    """The warning about so many rows of a table."""
    return (
        f"dated_ahead:{table}: {n}{first}; they count from their date on, and until"
        " then the customer is incomplete: send them again with the date on which it"
        " happened, or take them back"
    )


def _unmended(rows: Columns, latest: int) -> list[int]:
    """When rows that lie ahead will be known.

    Those alone that nobody took back and that have no version known by now. Of versions
    the next begins when the one before ends; of rows that share a moment as many are
    mended as have an earlier version that ends there.
    """
    spans = sorted(
        zip(rows["known_at"].tolist(), rows["superseded_at"].tolist(), strict=True)
    )
    n_mended = Counter(ended for known, ended in spans if known <= latest)
    unmended = []
    for known, ended in spans:
        if known <= latest:
            continue
        if n_mended[known]:
            n_mended[known] -= 1
            n_mended[ended] += 1
        elif ended == FOREVER:
            unmended.append(known)
    return unmended
