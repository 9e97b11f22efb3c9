"""What taking access away does to the provider's bill."""

from datetime import datetime

from decisions.follow_up.parts import ProviderEffect
from decisions.money.exposure import provider_rule
from decisions.terms import Terms
from features.facts import AccountFacts


def provider_effects(
    terms: Terms, facts: AccountFacts, touched: tuple[str, ...], at: datetime
) -> tuple[ProviderEffect, ...]:
    """One line per subscription a stop would touch (all of them when none is named)."""
    effects = []
    for subscription in facts.subscriptions:
        if touched and subscription.subscription_id not in touched:
            continue
        rule = provider_rule(terms.stake.rules, subscription)
        share = 1.0 if rule is None else rule.suspension_stops
        ends = subscription.cancel_window_ends_at
        window = rule is not None and rule.cancel_window and ends is not None
        open_until = ends if window and ends is not None and ends > at else None
        instead = None if rule is None else terms.document.own(rule.instead)
        effects.append(
            ProviderEffect(
                subscription_id=subscription.subscription_id,
                product=subscription.product,
                share_stopped=share,
                instead=instead or None,
                cancel_until=open_until,
            )
        )
    return tuple(effects)
