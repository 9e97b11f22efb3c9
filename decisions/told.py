"""What the customer was told: notices that count, and since when."""

from datetime import datetime

from decisions.terms import Terms
from features.facts import AccountFacts, Notice


class Told:
    """Notices that count: sent in this episode, under this policy, by name."""

    def __init__(self, terms: Terms, facts: AccountFacts) -> None:
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

    def proven_at(self, name: str) -> datetime | None:
        """The moment from which a notice counts: its first delivery (or sending)."""
        found = self._by_name.get(name)
        if not found:
            return None
        if self._kinds[name].proof == "sent":
            moments = [n.sent_at for n in found if n.bounced_at is None]
        else:
            moments = [n.delivered_at for n in found if n.delivered_at is not None]
        return min(moments, default=None)


def _is_of(policy: str, terms: Terms) -> bool:
    if terms.any_version:
        return policy.partition("@")[0] == terms.document.name
    return policy == terms.reference
