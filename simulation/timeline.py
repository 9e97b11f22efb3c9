"""The collections policy in the loop, and what a policy may look at."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation.streams import Flags, Floats, Ints
from simulation.worlds import NONE, REMIND, SERVICE_REQUEST, SUSPEND

STAGE_DAYS = np.array([0, 3, 3, 14, 30, 30])  # days overdue at which an action is due
TERMINATE_DAYS = 90
WRITE_OFF_DAYS = 120


@dataclass(frozen=True)
class Seen:
    """What is known of every customer when a month begins; money in major units."""

    month: int
    is_live: Flags
    is_suspended: Flags
    days_overdue: Ints
    days_overdue_at_end: Ints  # of this month, if nothing is paid
    usage_cost: Floats  # last month
    u: Floats  # for policies that randomise: uniform, one per customer


Policy = Callable[[Seen], Ints]
"""Returns the harshest action, as an index into ACTIONS, due within the month."""


def timeline(seen: Seen) -> Ints:
    """Remind at 3 days overdue, ask for contact at 14, suspend at 30."""
    days = seen.days_overdue_at_end
    harshness = np.select(
        [days >= STAGE_DAYS[a] for a in (SUSPEND, SERVICE_REQUEST, REMIND)],
        [SUSPEND, SERVICE_REQUEST, REMIND],
        default=NONE,
    )
    return harshness.astype(np.int64)


def always(action: int) -> Policy:
    """Return the policy that does one thing to everyone."""

    def forced(seen: Seen) -> Ints:
        return np.full(len(seen.days_overdue), action, dtype=np.int64)

    return forced
