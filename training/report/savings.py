"""What decisions by the model cost on the test rows, beside simpler ways to decide.

Costs are those of the policy for what really came of each row. Three yardsticks: doing
nothing, the best single threshold above which everybody is stopped (found on the very
rows, so it is flattered), and the plain timeline, which acts by days overdue alone. The
ceiling knows what came.
"""

from dataclasses import dataclass

import numpy as np

from advice.stakes import Stakes
from decisions.actions import ACTIONS
from decisions.money.cost import CostModel
from decisions.policy_file.load import SHIPPED, load_policy
from features.arrays import FloatArray, IntArray
from features.targets import Target
from scoring.intervals import MetricEstimate
from training.report.drawn_ratio import drawn_ratio

_MODEL = "this model"
_THRESHOLD = "best single threshold"
_CEILING = "ceiling: what came was known"


@dataclass(frozen=True)
class Saving:
    """One way to decide.

    Args:
        per_customer: saved against doing nothing, in money a row.
        captured: of what the ceiling saves.
        acted_on: share of rows with an action.
        good_stopped: rows suspended or blocked to whom nothing happened, of 1,000.
    """

    name: str
    per_customer: MetricEstimate
    captured: MetricEstimate
    acted_on: float
    good_stopped: float


@dataclass(frozen=True)
class Savings:
    """All ways to decide about the same n rows.

    `regret` is what the model's decisions cost beyond the ceiling, in money a row.
    """

    currency: str
    priced_with: str
    n: int
    nothing: float
    regret: MetricEstimate
    ways: tuple[Saving, ...]

    def shortfall(self) -> str | None:
        """A sentence where the model saves less than a simpler way; None: it does not.

        Less by what the sentence can show, a hundredth of the currency. The best single
        threshold saves no less than doing nothing, so it comes second.
        """
        saved = {way.name: way.per_customer for way in self.ways}
        ours, threshold = saved[_MODEL], saved[_THRESHOLD]
        shown, shown_threshold = round(ours.value, 2), round(threshold.value, 2)
        if shown < 0.0:
            than = "less than doing nothing"
        elif shown < shown_threshold:
            than = (
                f"less than one threshold for everybody ({threshold.value:,.2f}; found"
                " on these very rows, which flatters it)"
            )
        else:
            return None
        return (
            f"by the costs of {self.priced_with}, decisions by this model save"
            f" {ours.value:,.2f} {self.currency} a row (95 %: {ours.low:,.2f} to"
            f" {ours.high:,.2f}), {than}"
        )


def savings(
    target: Target,
    stakes: Stakes,
    model: CostModel,
    label: FloatArray,
    p: FloatArray,
    days_overdue: FloatArray,
    blocks: IntArray,
    currency: str,
    priced_with: str,
) -> Savings:
    """Compare ways to decide about rows whose outcome is known.

    Args:
        target: what label and p are of; the other target is left out of the costs.
        stakes: money of the n rows.
        model: the policy's costs.
        label: (n,) what came.
        p: (n,) what was said.
        days_overdue: (n,) at the moment of the row.
        blocks: (n,) number of the customer.
        currency: of the costs.
        priced_with: the policy that states them.
    """
    real = _costs(target, stakes, model, label)
    rows = np.arange(len(label))
    ways = {
        _MODEL: _costs(target, stakes, model, p).argmin(axis=1),
        _THRESHOLD: _best_threshold(real, p),
        "plain timeline": by_timeline(days_overdue),
        _CEILING: real.argmin(axis=1),
    }
    saved = {name: real[:, 0] - real[rows, action] for name, action in ways.items()}
    ceiling = saved[_CEILING]
    stops = np.isin(np.array(ACTIONS, dtype=object), ("suspend", "block"))
    return Savings(
        currency,
        priced_with,
        len(label),
        float(real[:, 0].mean()),
        drawn_ratio(ceiling - saved[_MODEL], np.ones(len(label)), blocks),
        tuple(
            Saving(
                name,
                drawn_ratio(saved[name], np.ones(len(label)), blocks),
                drawn_ratio(saved[name], ceiling, blocks),
                float((action > 0).mean()),
                1000.0 * float((stops[action] & (label == 0.0)).mean()),
            )
            for name, action in ways.items()
        ),
    )


def _costs(
    target: Target, stakes: Stakes, model: CostModel, p: FloatArray
) -> FloatArray:
    none = np.zeros(len(p))
    fraud, nonpayment = (p, none) if target == "fraud" else (none, p)
    return stakes.costs(model, fraud, nonpayment, 0.0)


def _best_threshold(real: FloatArray, p: FloatArray) -> IntArray:
    """The action and threshold that cost least in hindsight, one for everybody."""
    order = np.argsort(-p, kind="stable")
    best = (0.0, 0, 0)
    for action in range(1, len(ACTIONS)):
        saved = np.cumsum((real[:, 0] - real[:, action])[order])
        n = int(np.argmax(saved)) + 1
        best = max(best, (float(saved[n - 1]), action, n))
    _, action, n = best
    chosen = np.zeros(len(p), dtype=np.int64)
    chosen[order[:n]] = action
    return chosen


def by_timeline(days_overdue: FloatArray) -> IntArray:
    """(n,) what the shipped plain timeline has reached by so many days overdue.

    As if every notice had been sent and delivered on its day.

    >>> [ACTIONS[i] for i in by_timeline(np.array([0.0, 5.0, 45.0]))]
    ['none', 'remind', 'suspend']
    """
    ladder = load_policy(SHIPPED / "plain-timeline.yaml").document.ladder
    action = np.zeros(len(days_overdue), dtype=np.int64)
    for state in ladder:
        if state.when.days_suspended:  # nobody is suspended at a moment alone
            continue
        reached = days_overdue >= state.when.days_overdue
        action[reached] = np.maximum(action[reached], ACTIONS.index(state.action))
    return action
