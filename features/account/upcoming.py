"""What comes before the ordinary stop of somebody who is not late (CONTRACT 2.7).

Days overdue begin with the next due date, not today; and what was used since the last
invoice will be billed, though nobody owes it yet.
"""

from collections.abc import Iterator
from itertools import takewhile

from features.account.rows import InvoiceRow
from features.account.standing import Rules, Standing
from features.moments import DAY_US

_CYCLE_DAYS = 30  # from one invoice to the next, where none is open
UNBILLED_DAYS = 62  # two months at most: who is never invoiced does not owe all use


def next_due_at(standing: Standing, rules: Rules) -> int | None:
    """When the next due day ends, µs since 1970 UTC; a guess may be over already.

    Of the uncontested open invoices not yet due, the earliest; without any, a month
    after the latest invoice fell due. None for who is overdue, whose days count
    already, and where no invoice tells it.
    """
    if standing.owed is None or standing.overdue:
        return None
    today = rules.days.day(standing.as_of)
    ahead = [
        item.invoice.due_on
        for item in standing.owed.items
        if item.remainder > item.contested and item.invoice.due_on >= today
    ]
    if ahead:
        return rules.days.start(min(ahead) + 1) - 1
    billed = _billed(standing)  # the latest first
    latest = next(billed, None)
    if latest is None:
        return None
    beside = takewhile(lambda row: row.event_at == latest.event_at, billed)
    due_on = max([latest.due_on, *(row.due_on for row in beside)])
    return rules.days.start(due_on + _CYCLE_DAYS + 1) - 1


def usage_unbilled(standing: Standing) -> int | None:
    """Cost of what was used since the last invoice, at most 62 days; None is unknown.

    An invoice that names a license bills no use.
    """
    if standing.usage is None or standing.owed is None:
        return None
    as_of, licenses = standing.as_of, standing.subscriptions
    fixed = {s.id for s in licenses if s.billing == "license"}
    earliest = as_of - UNBILLED_DAYS * DAY_US
    young = takewhile(lambda row: row.event_at > earliest, _billed(standing))
    of_use = (row.event_at for row in young if row.subscription_id not in fixed)
    since = next(of_use, earliest)
    return max(0, standing.history.usage.cost(since, as_of, as_of))


def _billed(standing: Standing) -> Iterator[InvoiceRow]:
    """Known invoices of something, the latest first."""
    as_of = standing.as_of
    for row in reversed(standing.history.invoices):
        is_known = row.known_at <= as_of < row.superseded_at
        if is_known and row.kind in (None, "invoice") and row.amount != 0:
            yield row
