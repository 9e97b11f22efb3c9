"""Slots of the budgets that customers share, reserved together with a decision.

A policy limits stops in an hour and in a day, and reviews in a day. Each stop or review
takes one slot. Several processes may decide at once on one store; each counts what it
last read, so two may want the last slot. The reservation says what a decision rests on,
and the store checks it in the transaction that records the decision (optimistic
concurrency): all processes together never take more slots than there are.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

SlotKind = Literal["stop", "review"]


class BudgetSlot(NamedTuple):
    """One slot taken by one customer. `as_of`: microseconds since 1970 UTC.

    `slot_id` rises in the order of commits, over all processes.
    """

    slot_id: int
    kind: SlotKind
    customer_id: str
    as_of: int


class Limit(NamedTuple):
    """Fewer than `most` other customers may hold a slot in [begin, end)."""

    begin: int
    end: int
    most: float


@dataclass(frozen=True, slots=True)
class Reservation:
    """The slot a decision takes, and what must still hold when it is recorded.

    Args:
        as_of: the moment decided about, microseconds since 1970 UTC.
        begin, end: the local day [begin, end), in microseconds; a customer takes one
            slot of a kind in it, however often it is asked about.
        limits: of the budgets the decision rests on.
    """

    kind: SlotKind
    customer_id: str
    as_of: int
    begin: int
    end: int
    limits: tuple[Limit, ...] = ()
