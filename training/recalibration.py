"""Recalibration: the champion's model with a map of the latest mature window.

The champion has seen none of the window's outcomes, nor any that share time with them:
the window begins a horizon after the last date it learnt. So its margins there are held
out.
The map is fitted on them, and drawn towards the one in force where they say little. To
be judged, it is fitted on some customers and speaks of the others: so the challenger
goes through the same gate as any other, on rows that neither learned from.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from scipy.special import logit

from advice.mature_window import PendingOutcomes, mature_window
from features.arrays import FloatArray, IntArray
from features.batch import feature_table, matrix
from features.portfolio import Portfolio
from scoring.bundle import Bundle
from scoring.calibration import MIN_SLOPE, LogOddsMap, newton_logistic
from scoring.cards import card_of, keep_card
from scoring.intervals import measured
from scoring.reference import Sketch
from training.errors import NothingToRecalibrateError
from training.fitting import margin
from training.judged_money import Money, money_of
from training.judged_rows import judged_table
from training.logged_run import JUDGED, JUDGED_BEFORE
from training.rows import Rows
from training.tracking import Tracker

N_FOLDS = 5
# the level of a portfolio moves by about 1 on log-odds, a slope by about 0.2 (standard
# deviations): a ridge of one over their squares pulls towards the map as it is
AS_IT_IS, PULL = np.array([0.0, 1.0]), np.array([1.0, 25.0])


@dataclass(frozen=True)
class RecalibratedModel:
    """A champion's model with another map.

    Args:
        bundle: to be registered. before: the champion's.
        rows: (n,) of the window; neither learned from their outcomes.
        customer_ids: by the number that rows give a customer.
        money: of the rows.
        p: (n,) by maps of the other customers. p_before: (n,) by the champion.
    """

    bundle: Bundle
    before: Bundle
    rows: Rows
    customer_ids: tuple[str, ...]
    money: Money
    p: FloatArray
    p_before: FloatArray


def recalibrate(
    portfolio: Portfolio, champion: Bundle, seed: int = 0
) -> RecalibratedModel:
    """Fit the champion's map anew on the latest mature window.

    Args:
        portfolio: with outcomes that came after the training.
        champion: whose map it is.
        seed: of the folds: same data and seed, same bundle.

    Raises:
        NothingToRecalibrateError: a starter, or fewer than 20 positives came since.
    """
    if champion.is_starter:
        raise NothingToRecalibrateError(champion.target, None, 0, 0, is_starter=True)
    window = mature_window(portfolio, champion)
    if isinstance(window, PendingOutcomes):
        raise NothingToRecalibrateError(
            champion.target, window.next_at, window.n_positives, window.n_negatives
        )
    is_known = ~np.isnan(window.label)
    pairs = window.pairs.filter(pa.array(is_known))
    rows, names = _rows(portfolio, champion, pairs, window.label[is_known])
    margins = margin(champion.model, rows)
    fold = np.random.default_rng(seed).integers(0, N_FOLDS, len(names))[rows.customer]
    p = _held_out(margins, rows.label, fold, champion.calibration)
    latest = _map(margins, rows.label, champion.calibration)
    metrics = {
        name: (round(m.value, 6), round(m.low, 6), round(m.high, 6))
        for name, m in measured(rows.label, p, rows.customer).items()
    }
    reference = champion.reference
    if reference is not None:
        reference = replace(
            reference,
            learnt_until=int(rows.as_of.max()),
            probability=_by(latest, champion.calibration, reference.probability),
        )
    bundle = replace(
        champion,
        calibration=latest,
        trained_on=datetime.fromtimestamp(portfolio.observed_until / 1e6, UTC).date(),
        metrics=metrics,
        data_hash=portfolio.content_hash,
        reference=reference,
    )
    before = champion.calibration.probability(margins)
    money = money_of(portfolio, rows, names, seed)
    return RecalibratedModel(bundle, champion, rows, names, money, p, before)


def _rows(
    portfolio: Portfolio, champion: Bundle, pairs: pa.Table, label: FloatArray
) -> tuple[Rows, tuple[str, ...]]:
    """As the champion reads them, with the names of customers by their numbers."""
    table = feature_table(portfolio, pairs, champion.feature_set)
    coded = pairs["customer_id"].combine_chunks().dictionary_encode()
    as_of = pairs["as_of"].to_numpy()
    rows = Rows(
        matrix(table, champion.feature_set),
        label,
        coded.indices.to_numpy().astype(np.int64),
        as_of,
        as_of,  # all of them are mature
        champion.feature_set,
    )
    return rows, tuple(coded.dictionary.to_pylist())


def _map(margins: FloatArray, label: FloatArray, before: LogOddsMap) -> LogOddsMap:
    """What moves the champion's own log-odds, and no more than outcomes say."""
    log_odds = before.log_odds(margins)
    design = np.column_stack([np.ones_like(log_odds), log_odds])
    moved, stretched = newton_logistic(design, label, PULL, AS_IT_IS)
    stretched = max(float(stretched), MIN_SLOPE)
    return LogOddsMap(
        float(moved) + stretched * before.intercept, stretched * before.slope
    )


def _by(latest: LogOddsMap, before: LogOddsMap, told: Sketch) -> Sketch:
    """Probabilities of the training as the new map says them.

    Without this, monitoring would compare what either map says, and ring because the
    level was set right. Either map keeps the order, so every bin keeps its count.
    """

    def moved(values: tuple[float, ...]) -> tuple[float, ...]:
        margins = (logit(np.array(values)) - before.intercept) / before.slope
        return tuple(latest.probability(margins).tolist())

    return replace(told, edges=moved(told.edges), quantiles=moved(told.quantiles))


def _held_out(
    margins: FloatArray, label: FloatArray, fold: IntArray, before: LogOddsMap
) -> FloatArray:
    """(n,) probabilities by maps of the other folds' customers."""
    p = np.empty(len(margins))
    for number in range(N_FOLDS):
        own = fold == number
        there = _map(margins[~own], label[~own], before)
        p[own] = there.probability(margins[own])
    return p


def register_recalibrated(made: RecalibratedModel, tracker: Tracker) -> str:
    """Register it as challenger, with what either said of the window; its version."""
    key = tracker.pseudonym_key()
    sides = {JUDGED: (made.bundle, made.p), JUDGED_BEFORE: (made.before, made.p_before)}
    judged = {
        folder: judged_table(bundle, made.rows, p, made.money, made.customer_ids, key)
        for folder, (bundle, p) in sides.items()
    }
    before = made.before.bundle_id
    version = tracker.register_recalibrated(made.bundle, before, made.rows, judged)
    card = card_of(made.bundle, made.rows.label, made.p)
    keep_card(tracker.home, made.bundle.target, card)
    return version
