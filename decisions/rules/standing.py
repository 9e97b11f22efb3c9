"""Standing holds: exemptions, plans, legal and manual ones, and when they end."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from decisions.policy.document import PolicyDocument
from decisions.policy.holds import StandingHold
from decisions.recommendation import Hold
from features.facts import AccountFacts, ActiveHold


def standing_rule(document: PolicyDocument, kind: str) -> StandingHold:
    """The policy's rule for a kind of standing hold; unknown kinds count as manual."""
    rules = {
        "instalment_plan": document.holds.instalment_plan,
        "exemption": document.holds.exemption,
        "legal": document.holds.legal,
    }
    return rules.get(kind, document.holds.manual)


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
        ends = "until a person ends it" if until is None else f"until {until:%Y-%m-%d}"
        yield (
            Hold(
                kind=hold.kind,
                protects=True,
                since=hold.since,
                until=until,
                released_by=rule.released_by,
                sentence=f"{hold.kind.replace('_', ' ').capitalize()} {ends}.",
                subscription_id=hold.subscription_id,
            ),
            rule.covers_fraud,
        )
