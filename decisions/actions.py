"""The six actions in order of severity, and what a policy may do to a customer."""

from collections.abc import Iterable
from typing import Final, Literal

Action = Literal["none", "remind", "review", "service_request", "suspend", "block"]

ACTIONS: Final[tuple[Action, ...]] = (
    "none",
    "remind",
    "review",
    "service_request",
    "suspend",
    "block",
)
SEVERITY: Final[dict[str, int]] = {action: i for i, action in enumerate(ACTIONS)}
NONE, REMIND, REVIEW, SERVICE_REQUEST, SUSPEND, BLOCK = range(6)
STOPS: Final[tuple[Action, ...]] = ("suspend", "block")  # access is taken away
PURSUIT: Final[tuple[Action, ...]] = ("service_request", *STOPS)
STEPS: Final[tuple[Action, ...]] = ("remind", *PURSUIT)  # all but a person's look


def bits_of(actions: Iterable[str]) -> int:
    """A mask of actions: bit n stands for the action of severity n.

    >>> bin(bits_of(("remind", "suspend")))
    '0b10010'
    """
    mask = 0
    for action in actions:
        mask |= 1 << SEVERITY[action]
    return mask


REMIND_BIT, REVIEW_BIT = 1 << REMIND, 1 << REVIEW
STOP_BITS, STEP_BITS = bits_of(STOPS), bits_of(STEPS)
