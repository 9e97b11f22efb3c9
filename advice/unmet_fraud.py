"""What fraud costs with customers of whom a list asks nothing that would meet it.

Until outcomes bear a model of fraud out, something else stands in for it: a model of
few outcomes, the starter, or only the signs of fraud. What that costs is told by the
list itself: each customer's probability times what the policy counts as lost if it is a
fraud and nothing is done, and the same at both ends of the interval of the level.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from advice.advised import AdvisedParts
from decisions.actions import NONE
from decisions.money.cost import CostModel, product, terms_of
from decisions.policy_file.load import Policy
from features.arrays import FloatArray
from features.counted import counted
from scoring.bundle import Bundle

_READ = ("action_in_run", "is_fraud_confirmed", "p_fraud", "open", "run_up")
_NOTHING_DONE = (None, "none", "remind")


@dataclass(frozen=True)
class UnmetFraud:
    """The customers whom a list leaves alone or reminds, money in major units.

    Args:
        n_customers: of whom the money is known.
        n_unknown: of whom it is not.
        loss: sum of what each would cost as a fraud of whom nothing is asked.
        expected: sum of probability times that; None where a probability is unknown.
        low, high: the same at the ends of the interval of the level, where it is known.
    """

    n_customers: int
    n_unknown: int
    loss: float
    expected: float | None
    low: float | None
    high: float | None


def unmet_fraud(advised: AdvisedParts, costs: CostModel) -> UnmetFraud:
    """Sums over the list, one part held at a time.

    Measures in force are not counted, and who is a confirmed fraud is not among them.
    """
    level, n_unknown = advised.level("fraud"), 0
    losses, chances = [np.empty(0)], [np.empty(0)]
    for rows in advised.tables(_READ):
        loss, p = _of_part(rows, costs)
        is_known = ~np.isnan(loss)
        n_unknown += int((~is_known).sum())
        losses.append(loss[is_known])
        chances.append(p[is_known])
    loss, p = np.concatenate(losses), np.concatenate(chances)
    low, high = (None, None) if level is None else level.moved(p)
    return UnmetFraud(
        len(loss),
        n_unknown,
        float(loss.sum()),
        *(_sum(q, loss) for q in (p, low, high)),
    )


def _sum(p: FloatArray | None, loss: FloatArray) -> float | None:
    is_told = p is not None and not np.isnan(p).any()
    return float(p @ loss) if p is not None and is_told else None


def _of_part(rows: pa.Table, costs: CostModel) -> tuple[FloatArray, FloatArray]:
    """What each would cost as a fraud (NaN: unknown), and the probability of it."""
    actions = rows["action_in_run"].to_pylist()
    left = np.array([action in _NOTHING_DONE for action in actions], dtype=np.bool_)
    left &= ~rows["is_fraud_confirmed"].to_numpy()
    p, face, run_up = (
        rows[name].cast(pa.float64()).to_numpy()[left] for name in _READ[2:]
    )
    terms = terms_of(1.0, 0.0, 0.0, costs.cost_share * face, run_up, 0.0, 0.0)
    return np.asarray(product(terms, costs.by_action[NONE])), p


def unmet_fraud_note(
    advised: AdvisedParts, policy: Policy, bundle: Bundle | None, currency: str
) -> str | None:
    """A sentence for people: what stands in for a model of fraud, and what that costs.

    Args:
        advised: the list.
        policy: that decided, in the portfolio's currency.
        bundle: of fraud that is in force; None: there is none.
        currency: of the portfolio.

    Returns:
        None where outcomes bear the model out.
    """
    if bundle is not None and bundle.is_proven:
        return None
    has_p = "bundle_fraud" in advised.metadata and bundle is not None
    who = _stands_in(advised, bundle if has_p else None)
    costs = policy.latest.model
    if costs is None:
        return f"{who}; what that costs is not known, for the policy states no costs"
    seen = unmet_fraud(advised, costs)
    if seen.n_customers == 0:
        return f"{who}; the list leaves nobody alone of whom the money is known"
    each = f"{currency} {seen.loss / seen.n_customers:,.0f}"
    return (
        f"{who}. {_expected(seen, currency)}; each that turns out a fraud costs {each}"
        f" on average{_unknown(seen)}"
    )


def _stands_in(advised: AdvisedParts, bundle: Bundle | None) -> str:
    if bundle is None:
        return "fraud: no model of it is in force, only its signs stand in"
    is_starter = bundle.is_starter or bundle.learner == "starter"
    model = "the starter" if is_starter else "a model of few outcomes"
    level = advised.level("fraud")
    if level is None:
        return f"fraud: {model} stands in at its own level, which nothing here confirms"
    within = f"within {bundle.horizon_days} days"
    return f"fraud: {model} stands in, which {within} expects it of {level}"


def _expected(seen: UnmetFraud, currency: str) -> str:
    whom = counted(seen.n_customers, "customer")
    whom = f"the {whom} whom this list leaves alone or reminds"
    if seen.expected is None:
        return f"How many of {whom} are frauds is not known"
    text = f"With {whom} a loss of {currency} {seen.expected:,.0f} is expected"
    if seen.low is None or seen.high is None:
        return text
    return f"{text} ({currency} {seen.low:,.0f} to {currency} {seen.high:,.0f})"


def _unknown(seen: UnmetFraud) -> str:
    n = counted(seen.n_unknown, "customer")
    return f"; of {n} the money is not known" if seen.n_unknown else ""
