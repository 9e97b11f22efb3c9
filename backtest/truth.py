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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from advice.advisor import Advisor
from backtest.errors import TruthError
from backtest.intervals import Interval, ratio_interval
from backtest.scores import Floats
from backtest.stakes import stakes_at
from decisions.money.cost import CostModel
from decisions.terms import Terms
from features.batch import feature_table, matrix
from features.moments import microseconds
from features.portfolio import Portfolio
from scoring.bundle import Bundle

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
TARGETS = ("fraud", "nonpayment")
UNDER = "policy"
HORIZON_US = 90 * 86_400_000_000
_NEEDED = {"customer_id", "as_of", "action", "p_fraud", "p_nonpayment"}
_FOLDS = 5
_FEWEST = 500  # customers to regress on; with fewer the models' scores stand
_ROUNDS = 400
_PATIENCE = 30
_CLIP = 1e-6


@dataclass(frozen=True)
class Truth:
    """What a simulated portfolio's oracle tells.

    Args:
        branched: customer_id, as_of, action, p_fraud, p_nonpayment per action that
            was tried; None when no future was branched.
        months: customer_id, as_of and when things happened (`sixty_at`,
            `written_off_at`, `fraud_at`), for what really came of a suspension.
    """

    branched: pa.Table | None = None
    months: pa.Table | None = None

    def __post_init__(self) -> None:
        if self.branched is None:
            return
        missing = _NEEDED - set(self.branched.column_names)
        if missing:
            raise TruthError(f"the oracle's truth lacks {', '.join(sorted(missing))}")

    def moments(self) -> list[int]:
        """Moments (µs) for which futures were branched, rising."""
        if self.branched is None:
            return []
        found = pc.unique(_micros(self.branched["as_of"]))
        return sorted(found.to_pylist())

    def at(self, moment: int) -> pa.Table:
        """customer_id, p_fraud, p_nonpayment of one moment, by customer."""
        table = self.branched
        if table is None:
            raise TruthError("the oracle branched no future")
        here = pc.and_(
            pc.equal(_micros(table["as_of"]), moment), pc.equal(table["action"], UNDER)
        )
        return table.filter(here).sort_by("customer_id")

    def were_good(self, who: Sequence[tuple[str, datetime]]) -> tuple[bool, ...]:
        """Whether neither fraud nor non-payment showed within 90 days of a moment.

        Before it as well: whoever is stopped after 70 days of arrears failed ten days
        ago. As history went, that is under the collections that were at work then.
        """
        bad, none = self._bad_from(), np.empty(0, dtype=np.int64)
        found = []
        for customer_id, at in who:
            moment = microseconds(at)
            shown = bad.get(customer_id, none)
            near = np.abs(shown - moment) <= HORIZON_US
            found.append(not near.any())
        return tuple(found)

    def _bad_from(self) -> dict[str, Ints]:
        """Per customer the moments (µs) at which fraud or non-payment showed."""
        if self.months is None:
            return {}
        found: dict[str, list[int]] = {}
        for column in ("sixty_at", "written_off_at", "fraud_at"):
            told = self.months.filter(pc.is_valid(self.months[column]))
            ids, at = told["customer_id"].to_pylist(), _micros(told[column]).to_pylist()
            for customer_id, moment in zip(ids, at, strict=True):
                found.setdefault(customer_id, []).append(moment)
        return {name: np.array(sorted(at)) for name, at in found.items()}


@dataclass(frozen=True)
class Regret:
    """One moment's exact costs per customer, in expectation under the truth.

    `captured` are shares of the attainable saving with 95 % intervals over customers:
    of the proposed actions (guard-rails off), of the recommended ones where the
    backtest passed that day, and of what the true probabilities would allow.
    """

    as_of: int
    n_customers: int
    cost: Mapping[str, float]
    captured: Mapping[str, Interval]


def regrets(
    advisor: Advisor,
    portfolio: Portfolio,
    terms: Terms,
    truth: Truth,
    recommended: Mapping[int, Mapping[str, int]],
) -> list[Regret]:
    """Regret at every moment of the truth.

    Args:
        advisor: the models judged.
        portfolio: the simulated one.
        terms: the policy judged; must have costs.
        truth: of that portfolio.
        recommended: per moment of the truth, the backtest's action by customer.
    """
    found = []
    for moment in truth.moments():
        table = truth.at(moment)
        sample = _Sample(advisor, portfolio, terms, table, moment)
        if len(sample.ids) and terms.model is not None:
            actions = recommended.get(moment, {})
            found.append(_regret(sample, terms.model, moment, actions))
    return found


def _regret(
    sample: "_Sample", model: CostModel, moment: int, recommended: Mapping[str, int]
) -> Regret:
    true = sample.costs(model, sample.true)
    n = np.arange(len(sample.ids))
    choices = {
        "nothing": np.zeros(len(n), dtype=np.int64),
        "proposed": sample.costs(model, sample.scored).argmin(axis=1),
        "best_given_features": sample.costs(model, sample.attainable()).argmin(axis=1),
        "best_given_truth": true.argmin(axis=1),
    }
    if recommended:
        done = [recommended.get(customer_id, 0) for customer_id in sample.ids]
        choices["recommended"] = np.array(done, dtype=np.int64)
    cost = {name: true[n, action] for name, action in choices.items()}
    saved = cost["nothing"] - cost["best_given_features"]
    captured = {
        name: ratio_interval(cost["nothing"] - values, saved)
        for name, values in cost.items()
        if name not in ("nothing", "best_given_features")
    }
    means = {name: float(values.mean()) for name, values in cost.items()}
    return Regret(moment, len(n), means, captured)


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
        asked = {
            "customer_id": table["customer_id"],
            "as_of": pa.array([moment] * len(table), pa.int64()),
        }
        self.stakes = stakes_at(portfolio, terms, pa.table(asked))
        self.ids = self.stakes.customer_ids
        known = pc.is_in(table["customer_id"], pa.array(self.ids, pa.string()))
        table = table.filter(known)
        self.true = {t: table[f"p_{t}"].to_numpy() for t in TARGETS}
        self.rho = advisor.nonpayment_given_fraud
        snapshots = self.stakes.snapshots
        self._features: dict[str, Floats] = {}
        self.scored = {t: np.zeros(len(self.ids)) for t in TARGETS}
        for target, bundle in advisor.bundles.items():
            rows = _features(portfolio, snapshots, bundle)
            self._features[target] = rows
            self.scored[target] = advisor.predictors[target].probability(rows)

    def costs(self, model: CostModel, p: Mapping[str, Floats]) -> Floats:
        """(n, 6) expected costs under given marginals."""
        return self.stakes.costs(model, p["fraud"], p["nonpayment"], self.rho)

    def attainable(self) -> dict[str, Floats]:
        """What the features can tell of the truth, per target."""
        rows = next(iter(self._features.values()))
        return {t: _regressed(rows, self.true[t], self.scored[t]) for t in TARGETS}


def _features(portfolio: Portfolio, snapshots: pa.Table, bundle: Bundle) -> Floats:
    features = bundle.feature_set
    return matrix(feature_table(portfolio, snapshots, features), features)


def _regressed(rows: Floats, true: Floats, scored: Floats) -> Floats:
    """Cross-fitted regression of true probabilities on features and score."""
    start = scored if scored.any() else np.full(len(true), true.mean())
    start = np.clip(start, _CLIP, 1 - _CLIP)
    offset = np.log(start / (1 - start))
    fold = np.random.default_rng(0).permutation(len(true)) % _FOLDS
    told = np.column_stack([rows, offset])
    found = offset.copy()
    if len(true) < _FEWEST:
        return scored
    for k in range(_FOLDS):
        here, stop = fold == k, fold == (k + 1) % _FOLDS
        found[here] += _correction(told, true, offset, ~(here | stop), stop, here)
    return np.asarray(1.0 / (1.0 + np.exp(-found)))


def _correction(
    told: Floats, true: Floats, offset: Floats, fit: Flags, stop: Flags, here: Flags
) -> Floats:
    """What the truth adds to the score's log-odds; nothing where it does not help.

    Fitted on the rows `fit`, for as many rounds as improve on the rows `stop`.
    """
    import lightgbm as lgb

    data = lgb.Dataset(told[fit], true[fit], init_score=offset[fit])
    watched = lgb.Dataset(
        told[stop], true[stop], init_score=offset[stop], reference=data
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
    return np.asarray(booster.predict(told[here], raw_score=True))


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


def _micros(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
