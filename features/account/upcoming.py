"""What comes before the ordinary stop of somebody who is not late (CONTRACT 2.7).

Days overdue begin with the next due date, not today; and what was used since the last
invoice will be billed, though nobody owes it yet.
"""

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
    rows, as_of = standing.history.invoices, standing.as_of
    billed = [row for row in rows if _is_billed(row, as_of)]
    if not billed:
        return None
    latest = max(billed, key=_issue_order)
    return rules.days.start(latest.due_on + _CYCLE_DAYS + 1) - 1


def usage_unbilled(standing: Standing) -> int | None:
    """Cost of what was used since the last invoice, at most 62 days; None is unknown.

    An invoice that names a license bills no use.
    """
    if standing.usage is None or standing.owed is None:
        return None
    as_of, licenses = standing.as_of, standing.subscriptions
    fixed = {s.id for s in licenses if s.billing == "license"}
    since = as_of - UNBILLED_DAYS * DAY_US
    for row in standing.history.invoices:
        if (
            row.event_at > since
            and row.subscription_id not in fixed
            and _is_billed(row, as_of)
        ):
            since = row.event_at
    return max(0, standing.history.usage.cost(since, as_of, as_of))


def _is_billed(row: InvoiceRow, as_of: int) -> bool:
    """Whether it is a known invoice of something."""
    is_known = row.known_at <= as_of < row.superseded_at
    return is_known and row.kind in (None, "invoice") and row.amount != 0


def _issue_order(row: InvoiceRow) -> tuple[int, int]:
    return row.event_at, row.due_on
