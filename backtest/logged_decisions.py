"""Recorded decisions beside what came of them and what a new policy would do.

Reads the file of `forbear decisions export`: who, when, the action, and with which
probability it was drawn.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from advice.advisor import Advisor
from advice.portfolio_run import advise_portfolio
from advice.stakes import stakes_at
from backtest.errors import LoggedDecisionsError, UnpricedPolicyError
from backtest.offpolicy import LoggedDecisions
from decisions.actions import ACTIONS
from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.labels import labels
from features.portfolio import Portfolio
from features.targets import TARGETS


class LoggedDecision(NamedTuple):
    """One decision as it was recorded."""

    customer_id: str
    as_of: int
    action: int
    arm: str
    propensity: float


def read_logged(file: Path) -> list[LoggedDecision]:
    """The last decision of each customer and moment; "no decision" is left out.

    Raises:
        LoggedDecisionsError: if the file is none of `forbear decisions export`.
    """
    try:
        table = pq.read_table(
            file, columns=["customer_id", "as_of", "action", "answer"]
        )
    except (OSError, KeyError, pa.ArrowException) as error:
        raise LoggedDecisionsError(f"{file}: {error}") from error
    moments = table["as_of"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    logged = {}
    for who, at, action, answer in zip(
        table["customer_id"].to_pylist(),
        moments.to_pylist(),
        table["action"].to_pylist(),
        table["answer"].to_pylist(),
        strict=True,
    ):
        permission = json.loads(answer).get("permission")
        if action is None or permission is None:
            continue
        logged[who, at] = LoggedDecision(
            who, at, ACTIONS.index(action), permission["arm"], permission["propensity"]
        )
    return list(logged.values())


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
    advised = advise_portfolio(advisor, portfolio, _pairs(keys))["action"].to_pylist()
    new = action.copy()  # where the new policy decides nothing, nothing changes
    for row, name in enumerate(advised):
        new[row] = action[row] if name is None else ACTIONS.index(name)
    return LoggedDecisions(
        customer=np.unique(stakes.customer_ids, return_inverse=True)[1],
        logged=action,
        propensity=propensity,
        explored=np.array([one.arm == "explore" for one in old]),
        new=new,
        new_propensity=new_propensity(action, propensity, new),
        expected=stakes.costs(terms.model, p["fraud"], p["nonpayment"], rho),
        realised=real[np.arange(len(chosen)), action],
        p=1.0 - (1.0 - p["fraud"]) * (1.0 - p["nonpayment"]),
        label=np.maximum(label["fraud"], label["nonpayment"]),
    )


def new_propensity(
    logged: np.ndarray, propensity: FloatArray, new: np.ndarray
) -> FloatArray:
    """(n,) probability with which the old policy takes the new one's action.

    Where a draw was made, the other action it could have given is the next one up or
    down; anything else the old policy never takes.

    >>> drawn = np.array([0.75, 0.25, 1.0])
    >>> new_propensity(np.array([4, 3, 4]), drawn, np.array([3, 4, 3]))
    array([0.25, 0.75, 0.  ])
    """
    is_other = (np.abs(new - logged) == 1) & (propensity < 1.0)
    other = np.where(is_other, 1.0 - propensity, 0.0)
    return np.where(new == logged, propensity, other)


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
