"""The six actions in order of severity, and what a policy may do to a customer."""

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
