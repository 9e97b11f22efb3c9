"""Whom of a portfolio it concerns that one policy takes another's place."""

from datetime import datetime

from decisions.policy_file.load import Policy
from decisions.policy_file.succession import forgets
from features.account import account_facts
from features.moments import to_datetime
from features.portfolio import Portfolio

_NOTIFIED = "SELECT DISTINCT customer_id FROM contacts WHERE kind LIKE 'notice_%'"


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


def _is_current(episode_started_at: datetime | None, sent_at: datetime) -> bool:
    return episode_started_at is None or sent_at >= episode_started_at
