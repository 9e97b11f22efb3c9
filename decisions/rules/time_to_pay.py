"""When the time is over that a policy leaves to pay after a notice."""

from collections.abc import Set
from datetime import date, datetime

from decisions.policy.ladder import When
from decisions.rules.calendar import WorkingCalendar


def is_over(
    when: When,
    name: str,
    counts_at: datetime,
    at: datetime,
    calendar: WorkingCalendar,
    contested: Set[date],
) -> bool:
    """Whether each wait that a state asks for after a notice of that name is over.

    Args:
        when: the condition of the state that waits.
        name: of the notice.
        counts_at: from when the notice counts.
        at: the moment asked about.
        calendar: the policy's.
        contested: see `after_notice`.
    """
    waits = ((when.days_since, False), (when.business_days_since, True))
    return all(
        after_notice(counts_at, days[name], calendar, contested, is_business=business)
        <= at
        for days, business in waits
        if name in days
    )


def after_notice(
    counts_at: datetime,
    days: int,
    calendar: WorkingCalendar,
    contested: Set[date],
    *,
    is_business: bool,
) -> datetime:
    """When so many days have passed on which not everything was contested.

    Args:
        counts_at: from when the notice counts.
        days: whole local days after that day.
        calendar: the policy's.
        contested: local days that are no time to pay, for all that is overdue was under
            dispute (see `decisions.rules.clock.contested_days`).
        is_business: whether business days alone count.
    """
    after = calendar.after_business_days if is_business else calendar.after_days
    ends, counted, start = after(counts_at, days), days, calendar.local_day(counts_at)
    while contested:
        end = calendar.local_day(ends)
        between = [day for day in contested if start < day < end]
        if is_business:
            between = [day for day in between if calendar.is_business_day(day)]
        if days + len(between) == counted:
            break
        counted = days + len(between)
        ends = after(counts_at, counted)
    return ends
