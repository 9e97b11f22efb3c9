"""With a simulated portfolio's oracle: how much of the attainable saving is captured.

Everything is an expectation under the true probabilities, at the policy's own costs,
for the customers and moments whose futures the oracle branched:

    captured = (do nothing - policy) / (do nothing - best policy given the features)

The true probabilities are those under the collections that were at work (`policy` in
the oracle), because that is what the labels speak of; what actions change is in the
costs. The best policy given the features decides by a booster that regresses the true
probabilities on the features, starting from the models' own scores and cross-fitted by
customer, so it never decides about a customer it has seen. On few customers it learns
little beyond the scores, and the captured share is then flattered: branch thousands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.advisor import Advisor
from advice.stakes import stakes_at
from backtest.intervals import Interval, ratio_interval
from backtest.truth import Truth
from decisions.actions import SUSPEND
from decisions.money.cost import CostModel
from decisions.money.states import exclusive_states
from decisions.terms import Terms
from features.arrays import BoolArray, FloatArray
from features.batch import feature_table, matrix
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.bundle import Bundle

_FOLDS = 5
_FEWEST = 500  # customers to regress on; with fewer the models' scores stand
_ROUNDS = 400
_PATIENCE = 30
_CLIP = 1e-6


@dataclass(frozen=True)
class Regret:
    """One moment's exact costs per customer, in expectation under the truth.

    `captured` are shares of the attainable saving with 95 % intervals over customers:
    of the proposed actions (guard-rails off), of the recommended ones where the
    backtest decided on that day, and of what the true probabilities would allow.
    `good_stopped` is, by the same choices, the expected share of all customers who are
    good and lose access.
    """

    as_of: int
    n_customers: int
    cost: Mapping[str, float]
    captured: Mapping[str, Interval]
    good_stopped: Mapping[str, float]


def regrets(
    advisor: Advisor,
    portfolio: Portfolio,
    terms: Terms,
    truth: Truth,
    chosen: Mapping[int, Mapping[str, Mapping[str, int]]],
) -> list[Regret]:
    """Regret at every moment of the truth.

    Args:
        advisor: the models judged.
        portfolio: the simulated one.
        terms: the policy judged; must have costs.
        truth: of that portfolio.
        chosen: per moment of the truth, actions by customer under the name of the
            choice; a customer without an action has none (0).
    """
    by_moment = []
    for moment in truth.moments():
        sample = _Sample(advisor, portfolio, terms, truth.at(moment), moment)
        if len(sample.ids) and terms.model is not None:
            actions = chosen.get(moment, {})
            by_moment.append(_regret(sample, terms.model, moment, actions))
    return by_moment


def _regret(
    sample: "_Sample",
    model: CostModel,
    moment: int,
    chosen: Mapping[str, Mapping[str, int]],
) -> Regret:
    true = sample.costs(model, sample.true)
    rows = np.arange(len(sample.ids))
    choices = {
        "nothing": np.zeros(len(rows), dtype=np.int64),
        "proposed": sample.costs(model, sample.scored).argmin(axis=1),
        "best_given_features": sample.costs(model, sample.attainable()).argmin(axis=1),
        "best_given_truth": true.argmin(axis=1),
    }
    for name, actions in chosen.items():
        choices[name] = np.array([actions.get(customer, 0) for customer in sample.ids])
    cost = {name: true[rows, action] for name, action in choices.items()}
    attainable = cost["nothing"] - cost["best_given_features"]
    captured = {
        name: ratio_interval(cost["nothing"] - values, attainable)
        for name, values in cost.items()
        if name not in ("nothing", "best_given_features")
    }
    means = {name: float(values.mean()) for name, values in cost.items()}
    p_good = sample.p_good
    good = {
        name: float((p_good * (action >= SUSPEND)).mean())
        for name, action in choices.items()
    }
    return Regret(moment, len(rows), means, captured, good)


class _Sample:
    """Customers of the truth at one moment: their stakes, scores and truth."""

    def __init__(
        self,
        advisor: Advisor,
        portfolio: Portfolio,
        terms: Terms,
        table: pa.Table,
        moment: int,
    ) -> None:
        snapshots = {
            "customer_id": table["customer_id"],
            "as_of": pa.array([moment] * len(table), pa.int64()),
        }
        self.stakes = stakes_at(portfolio, terms, pa.table(snapshots))
        self.ids = self.stakes.customer_ids
        has_stakes = pc.is_in(table["customer_id"], pa.array(self.ids, pa.string()))
        table = table.filter(has_stakes)
        self.true: dict[str, FloatArray] = {
            target: table[f"p_{target}"].to_numpy() for target in TARGETS
        }
        self.rho = advisor.nonpayment_given_fraud
        self._features: dict[str, FloatArray] = {}
        self.scored: dict[str, FloatArray] = {
            target: np.zeros(len(self.ids)) for target in TARGETS
        }
        for target, bundle in advisor.bundles.items():
            rows = _features(portfolio, self.stakes.snapshots, bundle)
            self._features[target] = rows
            self.scored[target] = advisor.predictors[target].probability(rows)

    @property
    def p_good(self) -> FloatArray:
        """(n,) the true probability of neither fraud nor non-payment."""
        true, rho = self.true, np.full(len(self.ids), self.rho)
        _, _, good = exclusive_states(true["fraud"], true["nonpayment"], rho)
        return np.asarray(good)

    def costs(self, model: CostModel, p: Mapping[str, FloatArray]) -> FloatArray:
        """(n, 6) expected costs for marginal probabilities per target."""
        return self.stakes.costs(model, p["fraud"], p["nonpayment"], self.rho)

    def attainable(self) -> dict[str, FloatArray]:
        """What the features can tell of the truth, per target."""
        rows = next(iter(self._features.values()))
        return {t: _regressed(rows, self.true[t], self.scored[t]) for t in TARGETS}


def _features(portfolio: Portfolio, snapshots: pa.Table, bundle: Bundle) -> FloatArray:
    features = bundle.feature_set
    return matrix(feature_table(portfolio, snapshots, features), features)


def _regressed(rows: FloatArray, true: FloatArray, scored: FloatArray) -> FloatArray:
    """Cross-fitted regression of true probabilities on features and score."""
    if len(true) < _FEWEST:
        return scored
    start = scored if scored.any() else np.full(len(true), true.mean())
    start = np.clip(start, _CLIP, 1 - _CLIP)
    offset = np.log(start / (1 - start))
    fold = np.random.default_rng(0).permutation(len(true)) % _FOLDS
    inputs = np.column_stack([rows, offset])
    log_odds = offset.copy()
    for k in range(_FOLDS):
        here, stop = fold == k, fold == (k + 1) % _FOLDS
        fit = ~(here | stop)
        log_odds[here] += _correction(inputs, true, offset, fit, stop, here)
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def _correction(
    inputs: FloatArray,
    true: FloatArray,
    offset: FloatArray,
    fit: BoolArray,
    stop: BoolArray,
    here: BoolArray,
) -> FloatArray:
    """What the truth adds to the score's log-odds; nothing where it does not help.

    Fitted on the rows `fit`, for as many rounds as improve on the rows `stop`.
    """
    import lightgbm as lgb

    data = lgb.Dataset(inputs[fit], true[fit], init_score=offset[fit])
    watched = lgb.Dataset(
        inputs[stop], true[stop], init_score=offset[stop], reference=data
    )
    losses: dict[str, dict[str, list[float]]] = {}
    booster = lgb.train(
        _BOOSTER,
        data,
        num_boost_round=_ROUNDS,
        valid_sets=[watched],
        callbacks=[
            lgb.early_stopping(_PATIENCE, verbose=False),
            lgb.record_evaluation(losses),
        ],
    )
    p = 1.0 / (1.0 + np.exp(-offset[stop]))
    y = true[stop]
    before = float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
    if min(losses["valid_0"]["cross_entropy"]) >= before:
        return np.zeros(int(here.sum()))
    return np.asarray(booster.predict(inputs[here], raw_score=True))


_BOOSTER = {
    "objective": "cross_entropy",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "num_threads": 2,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbose": -1,
}
