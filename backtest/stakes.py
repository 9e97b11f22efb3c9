"""What is at stake with many customers, at a policy's own cost."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backtest.scores import Floats
from decisions.money.cost import CostModel, expected_costs, terms_of
from decisions.money.exposure import exposure
from decisions.money.states import exclusive_states
from decisions.terms import Terms
from features.account import facts_over_time
from features.money import UNITS
from features.portfolio import Portfolio


class Stakes(NamedTuple):
    """Money at n snapshots in major units, each (n,); who has none is left out."""

    customer_ids: tuple[str, ...]
    as_of: npt.NDArray[np.int64]
    open_cost: Floats
    run_up: Floats
    stoppable: Floats
    clv: Floats

    @property
    def exposure(self) -> Floats:
        return self.open_cost + self.run_up

    @property
    def snapshots(self) -> pa.Table:
        """customer_id, as_of of the rows."""
        ids = pa.array(self.customer_ids, pa.string())
        return pa.table({"customer_id": ids, "as_of": self.as_of})

    def take(self, rows: npt.NDArray[np.bool_]) -> "Stakes":
        """Those of the rows for which `rows` (n,) holds."""
        ids = np.array(self.customer_ids, dtype=object)[rows]
        money = (column[rows] for column in self[2:])
        return Stakes(tuple(ids), self.as_of[rows], *money)

    def costs(
        self, model: CostModel, p_fraud: Floats, p_nonpayment: Floats, rho: float
    ) -> Floats:
        """(n, 6) expected cost per action under given marginals."""
        given = np.full(len(p_fraud), rho)
        fraud, only, good = exclusive_states(p_fraud, p_nonpayment, given)
        x = terms_of(fraud, only, good, *self[2:])
        found = expected_costs(model, x)
        return np.stack([np.broadcast_to(c, fraud.shape) for c in found], axis=1)


def stakes_at(portfolio: Portfolio, terms: Terms, snapshots: pa.Table) -> Stakes:
    """Stakes by what was known at each snapshot, by customer and moment.

    Args:
        portfolio: whose facts are looked at.
        terms: of the policy that says what they cost.
        snapshots: customer_id, as_of (µs).
    """
    asked: dict[str, list[int]] = {}
    for row in snapshots.select(["customer_id", "as_of"]).to_pylist():
        asked.setdefault(row["customer_id"], []).append(row["as_of"])
    ids: list[str] = []
    moments: list[int] = []
    rows: list[tuple[float, ...]] = []
    for events in portfolio.iter_events(asked):
        theirs = sorted(asked[events.customer_id])
        over_time = facts_over_time(events, theirs, portfolio.settings)
        for moment, facts in zip(theirs, over_time, strict=True):
            stake = exposure(terms.stake, facts)
            if stake is not None and facts.clv is not None:
                ids.append(events.customer_id)
                moments.append(moment)
                rows.append((*map(float, stake), facts.clv / UNITS))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Stakes(tuple(ids), np.array(moments, dtype=np.int64), *columns)
