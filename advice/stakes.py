"""Money at stake with many customers, valued by the costs that a policy states."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from decisions.money.cost import CostModel, expected_costs, terms_of
from decisions.money.exposure import exposure
from decisions.money.states import exclusive_states
from decisions.terms import Terms
from features.account import facts_over_time, shortened
from features.arrays import BoolArray, FloatArray, IntArray
from features.money import UNITS
from features.portfolio import Portfolio


class Stakes(NamedTuple):
    """Money at n snapshots in major units, each (n,).

    Customers of whom money at stake or lifetime value is unknown are left out.
    """

    customer_ids: tuple[str, ...]
    as_of: IntArray
    open_cost: FloatArray
    run_up: FloatArray
    stoppable: FloatArray
    clv: FloatArray

    @property
    def exposure(self) -> FloatArray:
        """At stake at cost, major units: open and what will still accrue."""
        return self.open_cost + self.run_up

    @property
    def snapshots(self) -> pa.Table:
        """customer_id, as_of of the rows."""
        ids = pa.array(self.customer_ids, pa.string())
        return pa.table({"customer_id": ids, "as_of": self.as_of})

    def take(self, rows: BoolArray) -> "Stakes":
        """Those of the rows for which `rows` (n,) holds."""
        ids = np.array(self.customer_ids, dtype=object)[rows]
        money = (column[rows] for column in self[2:])
        return Stakes(tuple(ids), self.as_of[rows], *money)

    def costs(
        self,
        model: CostModel,
        p_fraud: FloatArray,
        p_nonpayment: FloatArray,
        rho: float,
    ) -> FloatArray:
        """(n, 6) expected cost per action for the two marginal probabilities.

        `rho` is P(non-payment | fraud).
        """
        nonpayment_given_fraud = np.full(len(p_fraud), rho)
        fraud, only, good = exclusive_states(
            p_fraud, p_nonpayment, nonpayment_given_fraud
        )
        by_action = expected_costs(model, terms_of(fraud, only, good, *self[2:]))
        return np.stack(
            [np.broadcast_to(cost, fraud.shape) for cost in by_action], axis=1
        )


def stakes_at(portfolio: Portfolio, terms: Terms, snapshots: pa.Table) -> Stakes:
    """Stakes by what was known at each snapshot, in order of customer and moment.

    Args:
        portfolio: of the customers.
        terms: of the policy that says what they cost.
        snapshots: customer_id, as_of (µs).
    """
    moments_of: dict[str, list[int]] = {}
    for row in snapshots.select(["customer_id", "as_of"]).to_pylist():
        moments_of.setdefault(row["customer_id"], []).append(row["as_of"])
    ids: list[str] = []
    moments: list[int] = []
    rows: list[tuple[float, ...]] = []
    first = pc.min(snapshots["as_of"]).as_py()
    sources = None if first is None else shortened(first, portfolio.settings)
    for events in portfolio.iter_events(moments_of, sources):
        as_ofs = sorted(moments_of[events.customer_id])
        over_time = facts_over_time(events, as_ofs, portfolio.settings)
        for moment, facts in zip(as_ofs, over_time, strict=True):
            stake = exposure(terms.stake, facts)
            if stake is not None and facts.clv is not None:
                ids.append(events.customer_id)
                moments.append(moment)
                rows.append((*map(float, stake), facts.clv / UNITS))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Stakes(tuple(ids), np.array(moments, dtype=np.int64), *columns)
