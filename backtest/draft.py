"""A policy with other numbers, as a file that a person reads and signs."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import yaml

from backtest.errors import UnpricedPolicyError
from backtest.review_effect import ReviewEffect
from backtest.tiers import MOVABLE
from decisions.policy.document import Tier
from decisions.policy_file.load import Policy, parse_document

NEVER = "2999-01-01"  # a draft is in force for nobody until somebody sets the day
_HEAD = """\
# DRAFT: not in force for anybody. A person reads it, sets effective_from,
# approved_by and cases, and gives it a name of its own.
"""


def draft_of(
    policy: Policy, tiers: Sequence[Tier], capacity_per_day: int, portfolio: str
) -> str:
    """The policy's own rules with typed thresholds and a capacity of reviews, YAML.

    Args:
        policy: the policy that the draft copies.
        tiers: thresholds of the draft.
        capacity_per_day: of the review queue; 0 leaves the policy's own.
        portfolio: name of the portfolio that the numbers come from.
    """
    values = _copied(policy, "typed thresholds", portfolio) | {
        "mode": "thresholds",
        "thresholds": [_plain(tier) for tier in tiers],
    }
    if capacity_per_day:
        review = values.get("review", {})
        values["review"] = review | {"capacity_per_day": capacity_per_day}
    return _written(values)


def calibrated_draft(policy: Policy, effect: ReviewEffect, portfolio: str) -> str:
    """The policy's own rules with the measured effect of `review` on fraud, YAML.

    A fraud that a review finds is stopped as a suspension stops it; of those that it
    does not find nothing is stopped.

    Args:
        policy: the policy that the draft copies; must have costs.
        effect: what reviews found.
        portfolio: name of the portfolio that records them.

    Raises:
        UnpricedPolicyError: if the policy has no costs.
    """
    costs = policy.document.costs
    if costs is None:
        raise UnpricedPolicyError(policy.reference)
    stopped = costs.actions["suspend"].stop[1].value
    low, value, high = (
        round(stopped * share, 3)
        for share in (effect.found_share()[i] for i in (1, 0, 2))
    )
    values = _copied(policy, "measured effects", portfolio)
    review = values["costs"]["actions"]["review"]
    review |= {
        "stop": [review["stop"][0], {"value": value, "low": low, "high": high}],
        "measured_on": f"{effect.n_reviews} reviews of {portfolio}",
        "because": (
            f"Of {effect.n_found + effect.n_missed} frauds under review"
            f" {effect.n_found} were found; what is found is stopped as by a"
            f" suspension ({stopped:g} of the run-up). {effect.n_mistaken} customers"
            " were called fraudulent by mistake."
        ),
    }
    return _written(values)


def _copied(policy: Policy, what: str, portfolio: str) -> dict[str, Any]:
    """The policy's values under another name, in force for nobody."""
    values = policy.document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return values | {
        "name": f"{policy.document.name}-draft",
        "version": 1,
        "title": f"DRAFT of {what} after {policy.reference}",
        "effective_from": NEVER,
        "approved_by": None,
        "because": (
            f"Proposed from the costs of {policy.reference} and the portfolio"
            f" {portfolio}; read it, try it with `forbear policy simulate`, set the"
            " date and sign it before it goes live."
        ),
    }


def _written(values: dict[str, Any]) -> str:
    for section in ("effective_to", "amendments", "cases"):
        values.pop(section, None)
    parse_document(values, "draft")
    return _HEAD + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _plain(tier: Tier) -> dict[str, Any]:
    """A tier for YAML, thresholds rising."""
    values = tier.model_dump(mode="json")
    for target in MOVABLE:
        values[target] = dict(sorted(values[target].items(), key=itemgetter(1)))
    return values
