"""Whom of a portfolio it concerns that its notices were sent under another policy."""

from datetime import datetime

from decisions.policy_file.load import Policy
from decisions.policy_file.succession import forgets, is_of_use, ways_to_accept
from features.account import account_facts
from features.facts import Notice
from features.moments import to_datetime
from features.portfolio import Portfolio

_NOTIFIED = "SELECT DISTINCT customer_id FROM contacts WHERE kind LIKE 'notice_%'"

# a delivery may leave out what its sending says
_ARRIVED = """
SELECT DISTINCT notice, policy FROM contacts
WHERE kind IN ('notice_sent', 'notice_delivered') AND notice IS NOT NULL
    AND EXISTS (FROM contacts WHERE kind = 'notice_delivered')"""


def n_who_begin_again(portfolio: Portfolio, before: Policy, after: Policy) -> int:
    """Customers with a notice of what they owe now that would count no more.

    Args:
        portfolio: looked at as of its end.
        before: the policy until now.
        after: the one that is to take its place.
    """
    if "contacts" not in portfolio.settings.tables:
        return 0
    as_of = portfolio.latest_moment
    found = portfolio.connection.con.execute(_NOTIFIED).fetchall()
    return sum(
        any(
            forgets(notice, before, after, to_datetime(as_of))
            for notice in facts.notices
            if _is_current(facts.episode_started_at, notice.sent_at)
        )
        for events in portfolio.iter_events([customer_id for (customer_id,) in found])
        if (facts := account_facts(events, as_of, portfolio.settings)).overdue
    )


def idle_notices_note(portfolio: Portfolio, policy: Policy) -> str | None:
    """A sentence for people where no notice that arrived counts under the policy.

    Args:
        portfolio: looked at as of its end.
        policy: in use; its version of that day counts.
    """
    if "contacts" not in portfolio.settings.tables:
        return None
    at = to_datetime(portfolio.latest_moment)
    terms = policy.in_force(at) or policy.latest
    found = portfolio.connection.con.execute(_ARRIVED).fetchall()
    arrived = [Notice(name, at, delivered_at=at, policy=of) for name, of in found]
    if not arrived or any(is_of_use(one, terms, at) for one in arrived):
        return None
    others = sorted({one.policy for one in arrived if one.policy is not None})
    own = terms.document.name
    ways = ways_to_accept(is_namesake=any(o.partition("@")[0] == own for o in others))
    names = ", ".join(sorted({one.name for one in arrived}))
    of = f" of {', '.join(others)}" if others else ""
    return (
        f"no notice that was delivered counts under the policy {terms.reference}: they"
        f" are others ({names}{of}), so everybody gets the first again; to let them"
        f" count, {ways} (docs/policy.md)"
    )


def _is_current(episode_started_at: datetime | None, sent_at: datetime) -> bool:
    return episode_started_at is None or sent_at >= episode_started_at
