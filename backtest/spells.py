"""What acts are worth: each act once, over the horizon its probability speaks of.

A spell begins with a customer's first act and lasts the policy's horizon. Within it
an act counts for what it is expected to save beyond the harshest one before it, with
the numbers of its own day; an act that goes no farther costs its fixed cost and saves
nothing more. So a customer who is reminded three times is not counted three times.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backtest.book import Ints
from backtest.scores import Floats
from backtest.world import Looked
from decisions.actions import ACTIONS, REMIND, REVIEW
from decisions.money.cost import CostModel
from features.money import UNITS

ACTS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("proposed_action", pa.string()),
        ("action", pa.string()),
        ("harshest_before", pa.string()),
        ("expected_saving", pa.float64()),
        ("p_fraud", pa.float64()),
        ("p_nonpayment", pa.float64()),
        ("p_good", pa.float64()),
        ("open", pa.float64()),
        ("exposure", pa.float64()),
        ("days_overdue", pa.int64()),
        ("is_repeat", pa.bool_()),
        ("requires_person", pa.bool_()),
        ("arm", pa.string()),
        ("by_breaker", pa.bool_()),
    ]
)


@dataclass
class Spells:
    """Values the acts of one world, all worlds at the same prices.

    Args:
        model: the costs everything is priced with.
        n_customers: of the portfolio.
        horizon_days: how long a spell lasts.
    """

    model: CostModel
    n_customers: int
    horizon_days: int
    saving: Floats = field(init=False)  # per customer, so far
    harshest: Ints = field(init=False)  # per customer, of the whole period
    parts: list[pa.Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.saving = np.zeros(self.n_customers)
        self.harshest = np.zeros(self.n_customers, dtype=np.int64)
        self._began_on = np.full(self.n_customers, -np.inf)
        self._done = np.zeros(self.n_customers, dtype=np.int64)
        self._fixed = np.array([row[0] for row in self.model.by_action])

    def done_by(self, day: float, who: Ints) -> Ints:
        """The harshest act of the spell that runs on a day, 0 where none runs."""
        runs = day - self._began_on[who] < self.horizon_days
        return np.where(runs, self._done[who], 0)

    def record(self, looked: Looked, costs: Floats) -> pa.Table:
        """Value the day's acts.

        Args:
            looked: the day, as the world decided it.
            costs: (customers, 6) expected cost per action, NaN where unknown.

        Returns:
            the acts, as `ACTS`.
        """
        day = looked.today.at.timestamp() / 86_400
        action = looked.answer.recommended
        before = self.done_by(day, looked.who)
        farther = looked.acted & (action > before)
        repeated = np.isin(action, (REMIND, REVIEW)) | (looked.answer.broken)
        repeats = looked.acted & ~farther & repeated
        rows = np.flatnonzero(farther | repeats)
        who, new, old = looked.who[rows], action[rows], before[rows]
        worth = costs[who, old] - costs[who, new]
        saving = np.where(farther[rows], worth, -self._fixed[new])
        known = np.nan_to_num(saving, nan=0.0)
        self.saving[who] += known
        starts = rows[old == 0]
        self._began_on[looked.who[starts]] = day
        self._done[who] = np.maximum(old, new)
        self.harshest[who] = np.maximum(self.harshest[who], new)
        acts = _acts(looked, rows, old, saving, repeats[rows])
        self.parts.append(acts)
        return acts

    def acts(self) -> pa.Table:
        """All acts so far, in order."""
        return pa.concat_tables([ACTS.empty_table(), *self.parts])


def _acts(
    looked: Looked,
    rows: Ints,
    before: Ints,
    saving: Floats,
    is_repeat: npt.NDArray[np.bool_],
) -> pa.Table:
    view, answer = looked.columns.inputs, looked.answer
    names = np.array(ACTIONS, dtype=object)
    n_plain = len(looked.who) - len(looked.cases)
    overdue = [
        looked.cases[row - n_plain].facts.days_overdue if row >= n_plain else 0
        for row in rows.tolist()
    ]
    exposure = np.asarray(view.exposure)
    columns: dict[str, Any] = {
        "customer_id": looked.columns.customer_id[rows],
        "at": [looked.today.at] * len(rows),
        "proposed_action": names[answer.proposed[rows]],
        "action": names[answer.recommended[rows]],
        "harshest_before": names[before],
        "expected_saving": saving,
        "p_fraud": np.asarray(view.p_fraud_marginal)[rows],
        "p_nonpayment": np.asarray(view.p_nonpayment)[rows],
        "p_good": np.asarray(view.p_good)[rows],
        "open": np.nan_to_num(looked.today.money[looked.who[rows], 0]) / UNITS,
        "exposure": exposure[rows],
        "days_overdue": overdue,
        "is_repeat": is_repeat,
        "requires_person": answer.requires_person[rows],
        "arm": answer.arm[rows],
        "by_breaker": answer.broken[rows],
    }
    arrays = [pa.array(columns[f.name], f.type, from_pandas=True) for f in ACTS]
    return pa.Table.from_arrays(arrays, schema=ACTS)
