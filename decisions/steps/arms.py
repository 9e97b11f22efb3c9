"""Randomised arms: a keyed hash decides, so anybody can recompute who was in which.

`explore` goes one permitted step softer on a small share of harsh recommendations;
`holdout` treats a small share of customers by the plain ladder. Never where fraud is
confirmed or acted upon, and only up to an exposure.
"""

from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from decisions.recommendation import ArmName
from decisions.terms import Terms
from features.moments import EPOCH


class Arm(NamedTuple):
    """Which arm a customer is in, its action, and that action's probability."""

    name: ArmName
    action: int
    propensity: float


GREEDY: ArmName = "greedy"
HOLDOUT: ArmName = "holdout"


def uniform(salt: str, purpose: str, customer_id: str, epoch: int) -> float:
    """A number in [0, 1) that depends on nothing but its arguments.

    >>> uniform("a", "explore", "c1", 3) == uniform("a", "explore", "c1", 3)
    True
    """
    key = f"{salt}|{purpose}|{customer_id}|{epoch}".encode()
    digest = blake2b(key, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53


def epoch_of(at: datetime, epoch_days: int) -> int:
    """Number of the epoch that contains `at`."""
    return (at - EPOCH).days // epoch_days


def has_arms(terms: Terms) -> bool:
    """Whether the policy draws anybody into an arm."""
    document = terms.document
    return document.exploration.share > 0.0 or document.holdout.share > 0.0


def softer(action: int, forbidden: int) -> int:
    """The harshest permitted action below `action`."""
    action -= 1
    while action > 0 and forbidden >> action & 1:
        action -= 1
    return max(action, 0)


def draw_arm(
    terms: Terms,
    customer_id: str,
    at: datetime,
    greedy: int,
    soft: int | None,
    plain: int | None,
) -> Arm:
    """Draw the arm of one customer.

    `greedy` is what the policy recommends; `soft` is one step softer, None where
    nothing may be explored; `plain` is what the ladder alone would do, None where
    the customer cannot be in the holdout.
    """
    explore, holdout = terms.document.exploration, terms.document.holdout
    n_explore, n_holdout = explore.epoch_days, holdout.epoch_days
    p_holdout = 0.0 if plain is None else holdout.share
    p_explore = 0.0 if soft is None else explore.share * (1.0 - p_holdout)
    name: ArmName = GREEDY
    action = greedy
    if plain is not None and p_holdout > uniform(
        explore.salt, "holdout", customer_id, epoch_of(at, n_holdout)
    ):
        name, action = "holdout", plain
    elif soft is not None and explore.share > uniform(
        explore.salt, "explore", customer_id, epoch_of(at, n_explore)
    ):
        name, action = "explore", soft
    propensity = (
        p_holdout * (plain == action)
        + p_explore * (soft == action)
        + (1.0 - p_holdout - p_explore) * (greedy == action)
    )
    return Arm(name, action, propensity)
