"""What changes from month to month, for every customer at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.people import People
from simulation.streams import Flags, Floats, Ints

SLOTS = 8  # invoices are written off long before the ninth
NEVER = 1 << 40  # a day that does not come
MATERIALITY = 25 * 10_000


@dataclass
class State:
    """Shape (customers,), or (customers, SLOTS) by the month of falling due."""

    is_live: Flags  # has a subscription
    has_left: Flags
    is_suspended: Flags  # for non-payment
    is_stopped: Flags  # on suspicion of fraud
    is_fraud_known: Flags
    is_abusing: Flags
    is_hijacked: Flags
    liquidity: Floats
    distress: Floats
    usage_log: Floats  # slow drift of the usage
    burst_log: Floats
    burst_months: Ints
    burst_kind: Ints
    seats: Ints
    usage_cost: Ints  # of last month
    last_planned: Ints  # harshest action of this arrears episode
    remainder: Ints
    due_day: Ints
    charged_day: Ints  # day of a payment that a cardholder may still take back
    is_friendly: Flags  # … although the customer bought it himself

    def take(self, rows: npt.NDArray[np.int64]) -> "State":
        values = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return State(**values)

    def copy(self) -> "State":
        return self.take(np.arange(len(self.is_live)))

    def oldest_due(self, before: int) -> tuple[Ints, Ints]:
        """Return the first due day before a day (or NEVER), and what is due by then."""
        is_due = (self.remainder > 0) & (self.due_day < before)
        owed = np.where(is_due, self.remainder, 0).sum(axis=1)
        first = np.where(is_due, self.due_day, NEVER).min(axis=1)
        return np.where(owed > MATERIALITY, first, NEVER), owed


def first_state(people: People) -> State:
    n = len(people)

    def no() -> Flags:
        return np.zeros(n, dtype=bool)

    def zero() -> Ints:
        return np.zeros(n, dtype=np.int64)

    return State(
        is_live=people.joined_month < 0,
        has_left=no(),
        is_suspended=no(),
        is_stopped=no(),
        is_fraud_known=no(),
        is_abusing=no(),
        is_hijacked=no(),
        liquidity=np.zeros(n),
        distress=np.zeros(n),
        usage_log=np.zeros(n),
        burst_log=np.zeros(n),
        burst_months=zero(),
        burst_kind=zero(),
        seats=people.seats.copy(),
        usage_cost=np.where(
            (people.joined_month < 0) & people.has_usage,
            30 * people.usage_daily_cost,
            0,
        ),
        last_planned=zero(),
        remainder=np.zeros((n, SLOTS), dtype=np.int64),
        due_day=np.full((n, SLOTS), NEVER, dtype=np.int64),
        charged_day=np.full((n, SLOTS), NEVER, dtype=np.int64),
        is_friendly=np.zeros((n, SLOTS), dtype=bool),
    )
