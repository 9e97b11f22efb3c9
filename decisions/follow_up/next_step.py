"""What the ladder permits next after a notice, and from which day on."""

from datetime import date, datetime, timedelta
from itertools import dropwhile
from typing import NamedTuple

from decisions.actions import STOPS, Action
from decisions.terms import Terms


class NextStep(NamedTuple):
    """A step of the ladder and the first local day on which it is possible."""

    action: Action
    day: date


def next_step(
    terms: Terms, state: str, oldest_due_on: date, sent_at: datetime
) -> NextStep | None:
    """The step after `state`, whose notice is sent at `sent_at`.

    What depends on more than days (a number of invoices, an amount, how delivery is
    proven) may come later, never earlier. None: there is no such step, or the policy
    counts days from something else than the due date and names no wait after the
    notice.
    """
    ladder = terms.document.ladder
    rest = list(dropwhile(lambda one: one.state != state, ladder))
    if len(rest) < 2:
        return None
    here, after = rest[0], rest[1]
    when, calendar = after.when, terms.calendar
    opens = []
    if terms.document.clock.anchor == "due_date":
        days = when.days_overdue + terms.document.clock.grace_days
        opens.append(calendar.start_of(oldest_due_on + timedelta(days=days)))
    if here.notice in when.days_since:
        opens.append(calendar.after_days(sent_at, when.days_since[here.notice]))
    if here.notice in when.business_days_since:
        wait = when.business_days_since[here.notice]
        opens.append(calendar.after_business_days(sent_at, wait))
    if not opens or when.days_suspended:
        return None
    # not before the day after the letter, whatever the ladder says
    earliest = max(*opens, calendar.after_days(sent_at, 0))
    if after.action in STOPS:
        possible, _ = calendar.may_stop_from(earliest)
        if possible is None:
            return None
        earliest = possible
    return NextStep(after.action, calendar.local_day(earliest))
