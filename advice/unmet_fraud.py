"""What fraud costs with customers of whom a list asks nothing that would meet it.

Until outcomes bear a model of fraud out, something else stands in for it: a model of
few outcomes, the starter, or only the signs of fraud. What that costs is told by the
list itself: each customer's probability times what the policy counts as lost if it is a
fraud and nothing is done, and the same at both ends of the interval of the level.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.advised import AdvisedParts
from decisions.actions import NONE
from decisions.money.cost import CostModel, product, terms_of
from decisions.policy_file.load import Policy
from features.arrays import FloatArray
from features.counted import counted
from scoring.bundle import Bundle

_MONEY = ("p_fraud", "open", "run_up")
_READ = ("action_in_run", "measures", "is_fraud_confirmed", *_MONEY)
_NOTHING_DONE = (None, "none", "remind")


@dataclass(frozen=True)
class UnmetFraud:
    """The customers whom a list leaves alone or reminds, money in major units.

    Args:
        n_customers: of whom the money is known.
        n_unknown: of whom it is not.
        each: what one of them costs on average that is a fraud, each customer counted
            by the probability; counted alike where probabilities are unknown. NaN of
            nobody.
        expected: sum of probability times cost; None where probabilities are unknown.
        low, high: the same at the ends of the interval of the level, where it is known.
    """

    n_customers: int
    n_unknown: int
    each: float
    expected: float | None
    low: float | None
    high: float | None


def unmet_fraud(advised: AdvisedParts, costs: CostModel) -> UnmetFraud:
    """Sums over the list, one part held at a time.

    Who is a confirmed fraud, or is to get a measure, is not among them; what measures
    in force avoid is not deducted.
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
    sums = [_sum(q, loss) for q in (p, low, high)]
    weights = p if sums[0] is not None and p.any() else np.ones(len(loss))
    each = float(np.average(loss, weights=weights)) if len(loss) else np.nan
    return UnmetFraud(len(loss), n_unknown, each, *sums)


def _sum(p: FloatArray | None, loss: FloatArray) -> float | None:
    return None if p is None or np.isnan(p).any() else float(p @ loss)


def _of_part(rows: pa.Table, costs: CostModel) -> tuple[FloatArray, FloatArray]:
    """What each would cost as a fraud (NaN: unknown), and the probability of it."""
    actions = rows["action_in_run"].to_pylist()
    left = np.array([action in _NOTHING_DONE for action in actions], dtype=np.bool_)
    left &= ~rows["is_fraud_confirmed"].to_numpy()
    left &= pc.list_value_length(rows["measures"]).to_numpy() == 0
    p, face, run_up = (
        rows[name].cast(pa.float64()).to_numpy()[left] for name in _MONEY
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
    each = f"{currency} {seen.each:,.0f}"
    return (
        f"{who}. {_expected(seen, currency)}; one that turns out a fraud costs {each}"
        f" on average{_unknown(seen)}"
    )


def _stands_in(advised: AdvisedParts, bundle: Bundle | None) -> str:
    if bundle is None:
        return "fraud: no model of it is in force, only its signs stand in"
    is_starter = bundle.is_starter or bundle.learner == "starter"
    level = advised.level("fraud")
    if level is None:
        return (
            "fraud: the starter stands in at its own level, which nothing here confirms"
            if bundle.is_starter
            else "fraud: a model that outcomes do not bear out yet stands in"
        )
    model = "the starter" if is_starter else "a model of few outcomes"
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
