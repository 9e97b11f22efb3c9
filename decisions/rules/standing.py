"""Standing holds: exemptions, plans, legal and manual ones, and when they end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import get_args

from decisions.policy.document import PolicyDocument
from decisions.policy.holds import StandingHold, StandingKind
from decisions.rules.reason import Hold, Releaser, Values
from features.facts import AccountFacts, ActiveHold

_KINDS: tuple[StandingKind, ...] = get_args(StandingKind)


def standing_kind(kind: str) -> StandingKind:
    """A kind of standing hold that the policy has a rule for; others count as manual.

    >>> standing_kind("legal"), standing_kind("unheard_of")
    ('legal', 'manual')
    """
    return next((known for known in _KINDS if known == kind), "manual")


def standing_rule(document: PolicyDocument, kind: str) -> StandingHold:
    """The policy's rule for a kind of standing hold."""
    rules: dict[StandingKind, StandingHold] = {
        "instalment_plan": document.holds.instalment_plan,
        "exemption": document.holds.exemption,
        "legal": document.holds.legal,
        "manual": document.holds.manual,
    }
    return rules[standing_kind(kind)]


def releaser(name: str) -> tuple[Releaser, Values]:
    """Whom the policy names as the one who ends a hold, with what a sentence quotes.

    >>> releaser("person"), releaser("collections")
    (('person', {}), ('team', {'team': 'collections'}))
    """
    return ("person", {}) if name == "person" else ("team", {"team": name})


def ends_at(rule: StandingHold, hold: ActiveHold) -> datetime | None:
    """When a hold expires: its own date, or the longest time the policy allows."""
    if rule.max_days is None:
        return hold.until
    longest = hold.since + timedelta(days=rule.max_days)
    return longest if hold.until is None else min(hold.until, longest)


def standing_holds(
    document: PolicyDocument, facts: AccountFacts, at: datetime
) -> Iterator[tuple[Hold, bool]]:
    """Holds from the table `holds` in force at `at`: (hold, covers fraud as well)."""
    for hold in facts.holds:
        rule = standing_rule(document, hold.kind)
        until = ends_at(rule, hold)
        if until is not None and until <= at:
            continue
        released_by, values = releaser(rule.released_by)
        yield (
            Hold(
                kind=standing_kind(hold.kind),
                protects=True,
                since=hold.since,
                until=until,
                released_by=released_by,
                values=values,
                subscription_id=hold.subscription_id,
            ),
            rule.covers_fraud,
        )
