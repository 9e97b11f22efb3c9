"""Whom of a portfolio it concerns that its notices were sent under another policy."""

from collections.abc import Iterator
from datetime import datetime

from decisions.policy_file.load import Policy
from decisions.policy_file.succession import forgets, is_of_use, ways_to_accept
from decisions.rules.notices_served import counts_as
from decisions.terms import Terms
from features.account import account_facts
from features.facts import AccountFacts, Notice
from features.moments import to_datetime
from features.portfolio import Portfolio

_SENT = """
SELECT DISTINCT notice, policy FROM contacts
WHERE kind LIKE 'notice_%' AND notice IS NOT NULL AND NOT retracted
"""
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
    as_of = to_datetime(portfolio.latest_moment)
    return sum(
        any(
            forgets(notice, before, after, as_of)
            for notice in facts.notices
            if _is_current(facts.episode_started_at, notice.sent_at)
        )
        for facts in _notified(portfolio)
        if facts.overdue
    )


def idle_notices_note(portfolio: Portfolio, policy: Policy) -> str | None:
    """A sentence for people where no notice that arrived counts under the policy.

    Notices of what is owed now, each with what became of it, as decisions see them.

    Args:
        portfolio: looked at as of its end.
        policy: in use; its version of that day counts.
    """
    if "contacts" not in portfolio.settings.tables:
        return None
    at, terms = _terms_at_end(portfolio, policy)
    arrived: set[Notice] = set()
    for facts in _notified(portfolio):
        proven = [one for one in facts.notices if one.delivered_at is not None]
        if any(is_of_use(one, terms, at) for one in proven):
            return None
        arrived.update(proven)
    if not arrived:
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


def missing_notices_note(portfolio: Portfolio, policy: Policy) -> str | None:
    """A sentence for people where the ladder waits for a notice that nobody ever got.

    It may bear another name in the data. Where no notice was sent at all nothing is
    said, nor where all are others (`idle_notices_note`).

    Args:
        portfolio: looked at as of its end.
        policy: in use; its version of that day counts.
    """
    if "contacts" not in portfolio.settings.tables:
        return None
    at, terms = _terms_at_end(portfolio, policy)
    found = portfolio.connection.con.execute(_SENT).fetchall()
    sent = [Notice(name, at, delivered_at=at, policy=of) for name, of in found]
    counted = {counts_as(one, terms, at) for one in sent if is_of_use(one, terms, at)}
    waited_for: dict[str, str] = {}
    for state in terms.document.ladder:
        for name in {**state.when.days_since, **state.when.business_days_since}:
            if name not in counted:
                waited_for.setdefault(name, state.state)
    if not sent or not waited_for:
        return None
    others = sorted({one.name for one in sent} - counted)
    waits = ", ".join(f"{name} ({state})" for name, state in waited_for.items())
    named = f" (its other names: {', '.join(others)})" if others else ""
    return (
        f"the policy {terms.reference} has steps that wait for a notice which never"
        f" occurs in `contacts`{named}: {waits}; nobody comes to such a step before it"
        " is sent and recorded there; if it has another name there, say so under"
        " `notices.accept_notices` (docs/policy.md)"
    )


def _terms_at_end(portfolio: Portfolio, policy: Policy) -> tuple[datetime, Terms]:
    """The end of the data, and the policy's terms then."""
    at = to_datetime(portfolio.latest_moment)
    return at, policy.in_force(at) or policy.latest


def _notified(portfolio: Portfolio) -> Iterator[AccountFacts]:
    """The facts of everybody who was ever sent a notice, as of the portfolio's end."""
    found = portfolio.connection.con.execute(_NOTIFIED).fetchall()
    for events in portfolio.iter_events([customer_id for (customer_id,) in found]):
        yield account_facts(events, portfolio.latest_moment, portfolio.settings)


def _is_current(episode_started_at: datetime | None, sent_at: datetime) -> bool:
    return episode_started_at is None or sent_at >= episode_started_at
