"""What actions save: each counts once in the horizon that its probability speaks of.

A horizon window begins with a customer's first action and lasts the policy's horizon.
Within it an action counts for what it is expected to save beyond the harshest one
before it, with the numbers of its own day. An action that goes no further costs its
fixed cost and saves nothing more. So a customer who is reminded three times is not
counted three times.

A measure counts once in such a window, too, by the numbers of the policy that lists it:
what it saves beside the harshest action of the window that runs, less what it costs.
Beside a stop, or begun again, it costs its fixed cost and saves nothing. What it avoids
is no gain of an action afterwards.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from backtest.day_decisions import DayDecisions
from decisions.actions import ACTIONS, NONE, REMIND, REVIEW, SUSPEND
from decisions.money.cost import CostModel, product
from decisions.money.measures import MeasureCost
from decisions.money.numbers import at
from features.arrays import BoolArray, FloatArray, IntArray
from features.money import UNITS

EXECUTED_ACTIONS = pa.schema(
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


class Savings:
    """Values the actions of one policy; two policies are valued by the same costs.

    Args:
        model: the costs.
        n_customers: of the portfolio.
        horizon_days: how long a window lasts.

    Attributes:
        per_customer: (customers,) expected saving so far.
        harshest: (customers,) the harshest action of the whole period.
    """

    def __init__(self, model: CostModel, n_customers: int, horizon_days: int) -> None:
        self.horizon_days = horizon_days
        self.per_customer = np.zeros(n_customers)
        self.harshest = np.zeros(n_customers, dtype=np.int64)
        self._window_began_on = np.full(n_customers, -np.inf)  # days since 1970
        self._harshest_in_window = np.zeros(n_customers, dtype=np.int64)
        self._fixed_cost = np.array([row[0] for row in model.by_action])
        self._executed: list[pa.Table] = []
        # by measure, (customers,) when its window began, days since 1970
        self._measured_on: dict[str, FloatArray] = {}

    def harshest_in_window(self, day_number: float, customers: IntArray) -> IntArray:
        """(n,) the harshest action of the window that runs, 0 where none runs."""
        age = day_number - self._window_began_on[customers]
        return np.where(age < self.horizon_days, self._harshest_in_window[customers], 0)

    def record(self, decisions: DayDecisions, costs: FloatArray) -> pa.Table:
        """Value the actions of a day.

        Args:
            decisions: of the day.
            costs: (customers, 6) expected cost per action, NaN where unknown.

        Returns:
            the actions, as `EXECUTED_ACTIONS`.
        """
        answer, day_number = decisions.answer, decisions.day_number
        action = answer.recommended
        before = self.harshest_in_window(day_number, decisions.customers)
        goes_further = decisions.is_executed & (action > before)
        # a stop is carried out once, reminders and reviews again and again
        may_repeat = np.isin(action, (REMIND, REVIEW)) | answer.broken
        is_repeat = decisions.is_executed & ~goes_further & may_repeat
        rows = np.flatnonzero(goes_further | is_repeat)
        customers, new, old = decisions.customers[rows], action[rows], before[rows]
        beyond = costs[customers, old] - costs[customers, new]
        saving = np.where(goes_further[rows], beyond, -self._fixed_cost[new])
        self.per_customer[customers] += np.nan_to_num(saving, nan=0.0)
        self._window_began_on[customers[old == 0]] = day_number
        self._harshest_in_window[customers] = np.maximum(old, new)
        self.harshest[customers] = np.maximum(self.harshest[customers], new)
        executed = _executed_actions(decisions, rows, old, saving, is_repeat[rows])
        self._executed.append(executed)
        return executed

    def record_measures(self, decisions: DayDecisions) -> float:
        """Value the measures of a day, after its actions; what they save together."""
        answer, total = decisions.answer, 0.0
        before = self.harshest_in_window(decisions.day_number, decisions.customers)
        harshest = np.maximum(answer.recommended, before)
        for i, measure in enumerate(decisions.terms.measures):
            rows = np.flatnonzero(answer.measure == i)
            customers = decisions.customers[rows]
            never = np.full(len(self.per_customer), -np.inf)
            began_on = self._measured_on.setdefault(measure.name, never)
            is_new = decisions.day_number - began_on[customers] >= self.horizon_days
            gain = _measure_gain(decisions, measure, harshest)[rows]
            saving = np.where(is_new, gain, -measure.by_action[NONE][0])
            began_on[customers[is_new]] = decisions.day_number
            self.per_customer[customers] += saving
            total += float(saving.sum())
        return total

    def executed_actions(self) -> pa.Table:
        """All actions so far, in order, as `EXECUTED_ACTIONS`."""
        return pa.concat_tables([EXECUTED_ACTIONS.empty_table(), *self._executed])


def _measure_gain(
    decisions: DayDecisions, measure: MeasureCost, action: IntArray
) -> FloatArray:
    """(n,) what a measure saves beside an action that was carried out before."""
    x = decisions.columns.inputs.x
    costs = [product(x, coefficients) for coefficients in measure.by_action]
    gain: FloatArray = -np.asarray(at(costs, action))
    return np.where(action >= SUSPEND, -measure.by_action[NONE][0], gain)


def _executed_actions(
    decisions: DayDecisions,
    rows: IntArray,
    before: IntArray,
    saving: FloatArray,
    is_repeat: BoolArray,
) -> pa.Table:
    inputs, answer = decisions.columns.inputs, decisions.answer
    names = np.array(ACTIONS, dtype=object)
    facts = [decisions.facts(row) for row in rows.tolist()]
    open_money = decisions.today.money[decisions.customers[rows], 0]
    columns: dict[str, Any] = {
        "customer_id": decisions.columns.customer_id[rows],
        "at": [decisions.today.at] * len(rows),
        "proposed_action": names[answer.proposed[rows]],
        "action": names[answer.recommended[rows]],
        "harshest_before": names[before],
        "expected_saving": saving,
        "p_fraud": np.asarray(inputs.p_fraud_marginal)[rows],
        "p_nonpayment": np.asarray(inputs.p_nonpayment)[rows],
        "p_good": np.asarray(inputs.p_good)[rows],
        "open": np.nan_to_num(open_money) / UNITS,
        "exposure": np.asarray(inputs.exposure)[rows],
        "days_overdue": [0 if f is None else f.days_overdue for f in facts],
        "is_repeat": is_repeat,
        "requires_person": answer.requires_person[rows],
        "arm": answer.arm[rows],
        "by_breaker": answer.broken[rows],
    }
    arrays = [
        pa.array(columns[column.name], column.type, from_pandas=True)
        for column in EXECUTED_ACTIONS
    ]
    return pa.Table.from_arrays(arrays, schema=EXECUTED_ACTIONS)
