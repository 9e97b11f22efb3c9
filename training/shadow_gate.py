"""What a shadow of the challenger says to its promotion."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from features.moments import DAY_US
from features.targets import Target
from scoring.cards import PromotionGate

if TYPE_CHECKING:  # the store brings packages that training does not need
    from store.shadows import Shadow

LEAST_DECISIONS = 200
LEAST_DAYS = 7  # a week has a payday, a weekend and a run of every nightly job
MOST_DIFFERENT = 0.2  # share of actions
MOST_STOPS = 2.0  # times those of the champion
FEW_STOPS = 10  # more than the double of so few is chance


def shadow_gate(
    target: Target,
    bundle_id: str,
    champions: Mapping[str, str],
    shadows: Iterable["Shadow"],
    policy_hash: str,
    *,
    is_required: bool = False,
) -> PromotionGate:
    """Whether the challenger answered what was decided, and how much it would change.

    Args:
        target: whose model.
        bundle_id: of the challenger.
        champions: ids of the bundles in force, by target.
        shadows: of the store; of one pair under one policy there is one.
        policy_hash: of the policy in force: what was decided under another one says
            nothing of the decisions to come.
        is_required: without enough decisions the gate is not passed, rather than open.
    """
    asked = {**champions, target: bundle_id}
    found = [
        one
        for one in shadows
        if one.champion.bundles == champions
        and one.challenger.bundles == asked
        and one.champion.policy_hash == one.challenger.policy_hash == policy_hash
    ]
    if not found:
        return _gate(
            False if is_required else None,
            "no shadow compared it with what is in force:"
            f" `forbear shadow run --model {target}` asks it what was decided",
        )
    return _judged(found[0], is_required)


def _judged(shadow: "Shadow", is_required: bool) -> PromotionGate:
    """Open, not failed, where too little was compared and no shadow is required."""
    n, days = shadow.n, _days(shadow)
    share = shadow.n_different / max(n, 1)
    text = (
        f"shadow {shadow.shadow_id}: {n:,} decisions of {days:.0f} days,"
        f" {share:.1%} with another action, stops {shadow.stops_after:,} instead of"
        f" {shadow.stops_before:,}, {shadow.n_failed:,} not answered"
    )
    if shadow.n_failed:
        return _gate(False, f"{text}; none may be")
    if n < LEAST_DECISIONS or days < LEAST_DAYS:
        least = f"at least {LEAST_DECISIONS} decisions of {LEAST_DAYS} days tell enough"
        return _gate(False if is_required else None, f"{text}; {least}")
    allowed = max(MOST_STOPS * shadow.stops_before, FEW_STOPS)
    return _gate(
        share <= MOST_DIFFERENT and shadow.stops_after <= allowed,
        f"{text}; at most {MOST_DIFFERENT:.0%} and {allowed:,.0f} stops pass unseen",
    )


def _days(shadow: "Shadow") -> float:
    if shadow.first_at is None or shadow.last_at is None:
        return 0.0
    return (shadow.last_at - shadow.first_at) / DAY_US


def _gate(is_passed: bool | None, text: str) -> PromotionGate:
    return PromotionGate("shadow", is_passed, text)
