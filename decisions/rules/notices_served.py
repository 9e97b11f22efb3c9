"""Notices of the past: which count in this arrears episode, and since when proven."""

from datetime import datetime

from decisions.case import Case
from decisions.terms import Terms
from features.facts import Notice


class ServedNotices:
    """Notices that count: sent in this episode, under this policy, by name."""

    def __init__(self, case: Case, terms: Terms) -> None:
        facts = case.facts
        self._named = {} if "contacts" in facts.tables else case.named
        self._started = facts.episode_started_at
        self._kinds = terms.document.notices.kinds
        self._by_name: dict[str, list[Notice]] = {}
        started = facts.episode_started_at
        for notice in facts.notices:
            if started is not None and notice.sent_at < started:
                continue
            if notice.policy is None or _is_of(notice.policy, terms):
                self._by_name.setdefault(notice.name, []).append(notice)

    def notices(self, name: str) -> list[Notice]:
        """Every notice of that name that belongs to this episode and policy."""
        return self._by_name.get(name, [])

    def was_named(self, name: str) -> bool:
        """Whether it was asked for in this episode, and nothing records the rest.

        Where no contacts are kept, nobody learns whether it was sent; it is not asked
        for again every day.
        """
        named_at = self._named.get(name)
        if named_at is None:
            return False
        return self._started is None or named_at >= self._started

    def proven_at(self, name: str) -> datetime | None:
        """The moment from which a notice counts: its first delivery (or sending)."""
        notice = self._by_name.get(name)
        if not notice:
            return None
        if self._kinds[name].proof == "sent":
            moments = [n.sent_at for n in notice if n.bounced_at is None]
        else:
            moments = [n.delivered_at for n in notice if n.delivered_at is not None]
        return min(moments, default=None)


def _is_of(policy: str, terms: Terms) -> bool:
    if terms.any_version:
        return policy.partition("@")[0] == terms.document.name
    return policy == terms.reference
