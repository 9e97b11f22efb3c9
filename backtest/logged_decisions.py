"""Recorded decisions beside what came of them and what a new policy would do.

Reads the file of `forbear decisions export`: who, when, the action, and with which
probability it was drawn.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from advice.advisor import Advisor
from advice.portfolio_run import advise_portfolio
from advice.stakes import stakes_at
from backtest.errors import LoggedDecisionsError, UnpricedPolicyError
from backtest.offpolicy import LoggedDecisions
from decisions.actions import ACTIONS
from decisions.money.states import exclusive_states
from decisions.steps.arms import GREEDY, softer
from features.arrays import FloatArray, IntArray
from features.batch import feature_table, matrix
from features.labels import labels
from features.portfolio import Portfolio
from features.targets import TARGETS


class LoggedDecision(NamedTuple):
    """One decision as it was recorded; `greedy` is what no draw had changed."""

    customer_id: str
    as_of: int
    action: int
    arm: str
    propensity: float
    greedy: int


def read_logged(file: Path) -> list[LoggedDecision]:
    """The last decision of each customer and moment; "no decision" is left out.

    Raises:
        LoggedDecisionsError: if the file is none of `forbear decisions export`.
    """
    try:
        table = pq.read_table(
            file, columns=["customer_id", "as_of", "action", "answer"]
        )
        moments = table["as_of"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        rows = zip(
            table["customer_id"].to_pylist(),
            moments.to_pylist(),
            table["action"].to_pylist(),
            table["answer"].to_pylist(),
            strict=True,
        )
        decisions = [_decision(*row) for row in rows]
    except (
        OSError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        pa.ArrowException,
    ) as error:
        raise LoggedDecisionsError(
            f"{file}: not a file that `forbear decisions export FILE` wrote; it has"
            " customer_id, as_of, action and answer, as Parquet"
        ) from error
    return list(
        {(one.customer_id, one.as_of): one for one in decisions if one}.values()
    )


def _decision(
    who: str, at: int, action: str | None, text: str
) -> LoggedDecision | None:
    """One row of the file; None where nothing was decided."""
    permission = json.loads(text).get("permission")
    if action is None or permission is None:
        return None
    index, propensity = ACTIONS.index(action), float(permission["propensity"])
    if not 0.0 < propensity <= 1.0:
        raise LoggedDecisionsError(f"propensity {propensity}: none of a decision")
    greedy = _greedy(index, permission["arm"], permission.get("withheld", ()))
    return LoggedDecision(who, at, index, permission["arm"], propensity, greedy)


def _greedy(action: int, arm: str, withheld: Iterable[Mapping[str, Any]]) -> int:
    """What was recommended but for the draw: the harshest that it alone withheld."""
    by_arm: set[int] = set()
    otherwise: set[int] = set()
    for reason in withheld:
        actions = {ACTIONS.index(name) for name in reason["actions"]}
        (by_arm if reason["code"] == arm else otherwise).update(actions)
    return max(by_arm - otherwise, default=action)


def with_outcomes(
    logged: list[LoggedDecision], portfolio: Portfolio, advisor: Advisor
) -> LoggedDecisions:
    """The decisions whose outcome and money are known.

    Args:
        logged: of the old policy.
        portfolio: says what came of them.
        advisor: models, and the new policy.

    Raises:
        UnpricedPolicyError: if the new policy states no costs.
        LoggedDecisionsError: if of no decision both outcomes and the money are known.
    """
    terms = advisor.policy.latest
    if terms.model is None:
        raise UnpricedPolicyError(advisor.policy.reference)
    pairs = _pairs([(one.customer_id, one.as_of) for one in logged])
    came = {target: _mature(portfolio, pairs, target) for target in TARGETS}
    is_known = ~np.isnan(came["nonpayment"]) & ~np.isnan(came["fraud"])
    stakes = stakes_at(portfolio, terms, pairs.filter(pa.array(is_known)))
    if not stakes.customer_ids:
        raise LoggedDecisionsError(
            "of none of the decisions is it known both what came and what was at stake:"
            " wait until outcomes are mature"
        )
    keys = list(zip(stakes.customer_ids, stakes.as_of.tolist(), strict=True))
    place = {(one.customer_id, one.as_of): i for i, one in enumerate(logged)}
    chosen = np.array([place[key] for key in keys], dtype=np.int64)
    label = {target: values[chosen] for target, values in came.items()}
    p = _probabilities(advisor, portfolio, _pairs(keys))
    rho = advisor.nonpayment_given_fraud
    # what came is certain: a fraud that did not pay is a fraud
    real = stakes.costs(terms.model, label["fraud"], label["nonpayment"], 1.0)
    old = [logged[i] for i in chosen.tolist()]
    action = np.array([one.action for one in old], dtype=np.int64)
    propensity = np.array([one.propensity for one in old])
    # valued as it recommends where nothing is drawn
    certain = Advisor(advisor.bundles, advisor.policy.undrawn(), advisor.settings)
    advised = advise_portfolio(certain, portfolio, _pairs(keys))["action"].to_pylist()
    greedy = np.array([one.greedy for one in old], dtype=np.int64)
    new = greedy.copy()  # where the new policy decides nothing, nothing changes
    for row, name in enumerate(advised):
        new[row] = greedy[row] if name is None else ACTIONS.index(name)
    _, _, good = exclusive_states(p["fraud"], p["nonpayment"], rho)
    return LoggedDecisions(
        customer=np.unique(stakes.customer_ids, return_inverse=True)[1],
        logged=action,
        greedy=greedy,
        propensity=propensity,
        explored=np.array([one.arm == "explore" for one in old]),
        new=new,
        new_propensity=new_propensity(old, new),
        expected=stakes.costs(terms.model, p["fraud"], p["nonpayment"], rho),
        realised=real[np.arange(len(chosen)), action],
        p=1.0 - good,
        label=np.maximum(label["fraud"], label["nonpayment"]),
    )


def new_propensity(old: Sequence[LoggedDecision], new: IntArray) -> FloatArray:
    """(n,) probability with which the old policy takes the new one's action.

    A draw that was made could have left the recommended action. What a draw that was
    not made would have given is recorded only where it was: its probability is shared
    as among the draws from the same action; without any, the next softer action has it.

    >>> def one(action, arm, propensity, greedy):
    ...     return LoggedDecision("c", 0, action, arm, propensity, greedy)
    >>> drawn = one(2, "explore", 0.25, 4)
    >>> kept = one(4, "greedy", 0.75, 4)
    >>> new_propensity([drawn, kept, kept, kept], np.array([4, 2, 3, 4]))
    array([0.75, 0.25, 0.  , 0.75])
    >>> new_propensity([kept, kept, one(4, "greedy", 1.0, 4)], np.array([3, 2, 2]))
    array([0.25, 0.  , 0.  ])
    """
    draws = Counter((one.greedy, one.action) for one in old if one.arm != GREEDY)
    n_draws = Counter(one.greedy for one in old if one.arm != GREEDY)

    def of(one: LoggedDecision, action: int) -> float:
        if action == one.action:
            return one.propensity
        if one.arm != GREEDY:
            return 1.0 - one.propensity if action == one.greedy else 0.0
        if n_draws[one.greedy]:
            share = draws[one.greedy, action] / n_draws[one.greedy]
        else:
            share = float(action == softer(one.greedy, 0))
        return (1.0 - one.propensity) * share

    return np.array([of(*pair) for pair in zip(old, new.tolist(), strict=True)])


def _pairs(keys: list[tuple[str, int]]) -> pa.Table:
    ids, moments = [who for who, _ in keys], [at for _, at in keys]
    return pa.table(
        {
            "customer_id": pa.array(ids, pa.string()),
            "as_of": pa.array(moments, pa.int64()),
        }
    )


def _mature(portfolio: Portfolio, pairs: pa.Table, target: str) -> FloatArray:
    table = labels(portfolio, pairs, target)  # type: ignore[arg-type]
    label = table["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    is_mature = table["mature_at"].to_numpy() <= portfolio.observed_until
    return np.where(is_mature, label, np.nan)


def _probabilities(
    advisor: Advisor, portfolio: Portfolio, pairs: pa.Table
) -> dict[str, FloatArray]:
    p = {target: np.zeros(len(pairs)) for target in TARGETS}
    for target, predictor in advisor.predictors.items():
        features = predictor.bundle.feature_set
        rows = matrix(feature_table(portfolio, pairs, features), features)
        p[target] = predictor.probability(rows)  # type: ignore[index]
    return {str(target): values for target, values in p.items()}
