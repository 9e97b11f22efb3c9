"""What is at stake with many customers at one moment, at a policy's own cost."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from advice.rehearsal.scores import Floats
from decisions.cost import CostModel, expected_costs, terms_of
from decisions.exposure import UNITS, exposure
from decisions.states import exclusive_state_arrays
from decisions.terms import Terms
from features.account import account_facts
from features.portfolio import Portfolio


class Stakes(NamedTuple):
    """Money of n customers in major units, each (n,); who has none is left out."""

    customer_ids: tuple[str, ...]
    open_cost: Floats
    run_up: Floats
    stoppable: Floats
    clv: Floats

    @property
    def exposure(self) -> Floats:
        return self.open_cost + self.run_up

    def take(self, rows: npt.NDArray[np.bool_]) -> "Stakes":
        """Those of the customers for whom `rows` (n,) holds."""
        ids = np.array(self.customer_ids, dtype=object)[rows]
        return Stakes(tuple(ids), *(column[rows] for column in self[1:]))

    def costs(
        self, model: CostModel, p_fraud: Floats, p_nonpayment: Floats, rho: float
    ) -> Floats:
        """(n, 6) expected cost per action under given marginals."""
        given = np.full(len(p_fraud), rho)
        fraud, only, good = exclusive_state_arrays(p_fraud, p_nonpayment, given)
        x = terms_of(fraud, only, good, *self[1:])
        found = expected_costs(model, x)
        return np.stack([np.broadcast_to(c, fraud.shape) for c in found], axis=1)


def stakes_at(
    portfolio: Portfolio, terms: Terms, customer_ids: list[str], moment: int
) -> Stakes:
    """Stakes by what was known at a moment (µs), ordered by customer."""
    ids, rows = [], []
    for events in portfolio.iter_events(customer_ids):
        facts = account_facts(events, moment, portfolio.settings)
        stake = exposure(terms.stake, facts)
        if stake is not None and facts.clv is not None:
            ids.append(events.customer_id)
            rows.append((*map(float, stake), facts.clv / UNITS))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Stakes(tuple(ids), *columns)
