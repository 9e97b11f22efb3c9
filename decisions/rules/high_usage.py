"""The shorter way to a stop: abnormally high use without prospect of payment.

After article 76(1)(d) of the law 19(I) of 2002 of Cyprus: one notice and a short time
instead of the ladder. Days and hours on which nobody loses access count all the same;
days on which all that is overdue was contested do not, as on the ladder.
"""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from decisions.case import Case
from decisions.policy.ways import HighUsage
from decisions.rules.catalogue import withheld
from decisions.rules.clock import contested_days
from decisions.rules.due import NoticeDue
from decisions.rules.ladder import notice_due
from decisions.rules.notices_served import ServedNotices
from decisions.rules.reason import Withheld
from decisions.terms import Terms
from features.facts import AccountFacts
from features.money import UNITS


class HighUsePath(NamedTuple):
    """What the shorter way still waits for, and its notice where that is due now."""

    waits: tuple[Withheld, ...]
    notice: NoticeDue | None


def shorter_way(case: Case, terms: Terms, at: datetime) -> HighUsePath | None:
    """The shorter way for arrears that may be acted on; None when use is not high."""
    rule, facts = terms.document.high_usage, case.facts
    if rule is None or not _is_high(rule, facts):
        return None
    served = ServedNotices(case, terms, at)
    sent = served.notices(rule.notice)
    delivered = [n.delivered_at for n in sent if n.delivered_at is not None]
    if not delivered:
        kind = terms.document.notices.kinds[rule.notice]
        named = {"notice": rule.notice}
        waits = withheld("notice_missing", named, detail="high_usage")
        due = notice_due(rule.notice, "high_usage", kind, served, facts, at)
        return HighUsePath((waits,), due)
    opens = _opens(terms, facts, min(delivered), rule.hours_after_notice)
    if at < opens:
        hours = {"hours": rule.hours_after_notice}
        waits = withheld(
            "cure_period", hours, detail="high_usage", permitted_from=opens
        )
        return HighUsePath((waits,), None)
    return HighUsePath((), None)


def _opens(
    terms: Terms, facts: AccountFacts, delivered: datetime, hours: float
) -> datetime:
    """When so many hours have run; on days wholly contested they stand still."""
    opens, zone = delivered + timedelta(hours=hours), terms.zone
    for day in sorted(contested_days(terms, facts)):
        begins, ends = (
            datetime.combine(midnight, time(0), zone).astimezone(UTC)
            for midnight in (day, day + timedelta(days=1))
        )
        if begins < opens and ends > delivered:
            opens += ends - max(begins, delivered)
    return opens


def _is_high(rule: HighUsage, facts: AccountFacts) -> bool:
    daily_cost = (facts.usage_daily_cost or 0) / UNITS
    ratio = facts.usage_ratio
    is_dear = daily_cost >= rule.min_usage_daily_cost
    return ratio is not None and ratio >= rule.usage_ratio and is_dear
