"""Classes for what rules find: `Withheld` (an action, why) and `Hold`, with codes."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from typing import Literal

from decisions.actions import Action, bits_of
from features.made_often import dataclass

# What a sentence quotes: numbers (money in major units, probabilities in [0, 1]), names
# of the policy file and of the data, and several of them.
Value = int | float | str | tuple[str, ...]


Values = Mapping[str, Value]


# Who or what ends a reason: automation; any person; the team that the policy names
# (`team` of the values); the person who decided it (`by` of the values); or an event.
Releaser = Literal[
    "automation",
    "person",
    "team",
    "author",
    "settlement",
    "promised_date",
    "dispute_end",
    "appeal_decision",
    "retry",
]


# Reasons not to act; and what access was taken away for.
ProtectingHold = Literal[
    "dispute",
    "promise",
    "payment_in_flight",
    "exemption",
    "instalment_plan",
    "legal",
    "manual",
    "override",
]


AccessHold = Literal["nonpayment", "fraud", "manual"]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A reason why actions are not permitted now.

    `detail` says which of a rule's causes it is, where one code has several; `values`
    are what the sentence about it quotes. `permitted_from` is the moment this reason
    ends by itself; None when it waits for somebody (a payment, a delivery, a person).
    """

    code: str
    actions: tuple[Action, ...]
    detail: str | None = None
    values: Values = field(default_factory=dict, hash=False)
    permitted_from: datetime | None = None
    released_by: Releaser | None = None


def bits_withheld(reasons: Iterable[Withheld]) -> int:
    """Mask of the actions that any of these reasons withholds."""
    mask = 0
    for reason in reasons:
        mask |= _bits_of(reason.actions)
    return mask


@lru_cache(maxsize=64)  # rules withhold the same few sets of actions
def _bits_of(actions: tuple[Action, ...]) -> int:
    return bits_of(actions)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason not to act (`protects`), or a reason access is off.

    `is_beyond_policy`: it lasts longer, or comes more often, than the policy grants, so
    that a person must look. `values` are what the sentence about it quotes.
    """

    kind: ProtectingHold | AccessHold
    protects: bool
    since: datetime | None
    until: datetime | None
    released_by: Releaser
    values: Values = field(default_factory=dict, hash=False)
    cure: str | None = None  # how the cause went away, as in Reactivation
    subscription_id: str | None = None
    is_beyond_policy: bool = False
