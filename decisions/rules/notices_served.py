"""Notices of the past: which count for what is owed now, and since when proven."""

from datetime import datetime

from decisions.case import Case
from decisions.rules.clock import overdue_since
from decisions.terms import Terms
from features.facts import AccountFacts, Notice


class ServedNotices:
    """Notices that count: of what is owed now, under this policy, by name.

    A notice speaks of what was overdue when it was sent. One of this episode that went
    out before the oldest invoice still unpaid was overdue spoke of others, which are
    paid since. Those of another policy count where this one accepts them, until its
    date.
    """

    def __init__(self, case: Case, terms: Terms, at: datetime) -> None:
        facts = case.facts
        self._named = {} if "contacts" in facts.tables else case.named
        self._kinds = terms.document.notices.kinds
        self._by_name: dict[str, list[Notice]] = {}
        started = self._started = _counts_from(case, terms)
        for notice in facts.notices:
            if started is not None and notice.sent_at < started:
                continue
            name = counts_as(notice, terms, at)
            if name is not None:
                self._by_name.setdefault(name, []).append(notice)

    def notices(self, name: str) -> list[Notice]:
        """Every notice of that name about what is owed now, under this policy."""
        return self._by_name.get(name, [])

    def was_named(self, name: str) -> bool:
        """Whether it was asked for about this debt, and nothing records the rest.

        Where no contacts are kept, nobody learns whether it was sent; it is not asked
        for again every day.
        """
        named_at = self._named.get(name)
        if named_at is None:
            return False
        return self._started is None or named_at >= self._started

    def proven_at(self, name: str) -> datetime | None:
        """The moment from which a notice counts: its first delivery (or sending)."""
        if name not in self._by_name:
            return None
        return min((counts_at for _, counts_at in self.proven(name)), default=None)

    def proven(self, name: str) -> list[tuple[datetime, datetime]]:
        """When each proven notice of that name was sent, and from when it counts."""
        notices = self.notices(name)
        if notices and self._kinds[name].proof == "sent":
            return [(n.sent_at, n.sent_at) for n in notices if n.bounced_at is None]
        return [(n.sent_at, n.delivered_at) for n in notices if n.delivered_at]


def _counts_from(case: Case, terms: Terms) -> datetime | None:
    """From when on notices were of what is owed now; None: whenever they were sent."""
    started = case.facts.episode_started_at
    since = overdue_since(terms, case.facts, case.zone or terms.zone)
    if started is None or since is None:
        return started
    return max(started, since)


def counts_as(notice: Notice, terms: Terms, at: datetime) -> str | None:
    """The policy's name for a notice; None where it does not count.

    One without a policy counts by this policy's own names, too.
    """
    if notice.policy is not None and _is_of(notice.policy, terms):
        return notice.name
    if notice.policy is None and notice.name in terms.document.notices.kinds:
        return notice.name
    today = terms.calendar.local_day(at)
    for accepted in terms.document.notices.accept_notices:
        is_meant = accepted.notice == notice.name and accepted.is_of(notice.policy)
        is_proven = accepted.proof == "sent" or notice.delivered_at is not None
        if is_meant and is_proven and today <= accepted.until:
            return accepted.counts_as
    return None


def unknown_names(facts: AccountFacts, terms: Terms) -> list[str]:
    """Names of notices about what is owed now that mean nothing under a policy.

    Those that were sent under another one mean something there.
    """
    notices = terms.document.notices
    known = notices.kinds.keys() | {one.notice for one in notices.accept_notices}
    started = facts.episode_started_at
    return sorted(
        {
            notice.name
            for notice in facts.notices
            if notice.policy is None and notice.name not in known
            if started is None or notice.sent_at >= started
        }
    )


def _is_of(policy: str, terms: Terms) -> bool:
    if terms.any_version:
        return policy.partition("@")[0] == terms.document.name
    return policy == terms.reference
