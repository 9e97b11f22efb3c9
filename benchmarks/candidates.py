"""Ways to learn non-payment that might be better: `python -m benchmarks.candidates`.

On simulated worlds everybody learns from what was known at a moment and is judged on
the three dates after it. Against the trees of `forbear train`:

- *segment offsets*: the level of each segment with 50 positives or more is moved by
  what came in the held-out rows, drawn towards none by 50 positives;
- *40 features*: those of largest gain, the trees fitted anew;
- *hazard*: one model of the months 1, 2 and 3, so that younger dates teach their first
  months (a single cause: who left is no cause of its own);
- *delay weights*: younger dates as well, what is not known as bad counted as good with
  the weight that the delays of older dates give it.

Log-loss and its difference are per thousand; below 0 the candidate is better.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
from scipy.special import expit, logit

from benchmarks.rivals import N_TEST_DATES, SEED
from features.arrays import BoolArray, FloatArray
from features.labels import labels
from features.portfolio import Portfolio
from scoring import metrics
from simulation import simulate
from training.boosting import recipe
from training.fitting import FittedModel, fit, margin
from training.leakage import gain_shares
from training.rows import Rows
from training.training_data import gather

HORIZONS = (30, 60, 90)  # days
N_FEATURES = 40
OFFSET_POSITIVES = 50


@dataclass(frozen=True)
class Known:
    """What was known at the moment of the first test date, and what came.

    Args:
        mature: rows whose labels were known.
        before: rows of all dates before, with the labels that they got later.
        by_horizon: (len(before), 3) label of each horizon, NaN where not yet known.
        test: rows of the dates that judge.
    """

    mature: Rows
    before: Rows
    by_horizon: FloatArray
    test: Rows


def known(folder: Path) -> Known:
    """What a portfolio teaches and judges by, of non-payment."""
    portfolio = Portfolio.open_usable(folder)
    data = gather(portfolio, ("nonpayment",))
    rows = data.rows["nonpayment"]
    moment = int(np.unique(rows.as_of)[-N_TEST_DATES])
    before = rows[rows.as_of < moment]
    ids = np.array(data.customer_ids)[before.customer]
    pairs = pa.table({"customer_id": ids, "as_of": before.as_of})
    columns = [_at_horizon(portfolio, pairs, days, moment) for days in HORIZONS]
    mature = rows[rows.mature_at <= moment]
    test = rows[rows.as_of >= moment]
    return Known(mature, before, np.column_stack(columns), test)


def _at_horizon(
    portfolio: Portfolio, pairs: pa.Table, days: int, moment: int
) -> FloatArray:
    """Labels of a horizon, NaN where they were not known at the moment."""
    stated = portfolio.settings.labels
    shorter = stated.nonpayment.model_copy(update={"horizon_days": days})
    settings = portfolio.settings.model_copy(
        update={"labels": stated.model_copy(update={"nonpayment": shorter})}
    )
    table = labels(replace(portfolio, settings=settings), pairs, "nonpayment")
    label = table["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(table["mature_at"].to_numpy() <= moment, label, np.nan)


def segment_offsets(one: Known, ours: FittedModel) -> FloatArray:
    """Each segment's level, from the rows that no model had seen."""
    name = "customer_segment"
    p, rows = ours.probability(one.test), one.mature
    if name not in rows.feature_set.names:
        return p
    is_judged = ~np.isnan(ours.held_out)
    said = ours.calibration.probability(ours.held_out[is_judged])
    label, segment = rows.label[is_judged], rows.column(name)[is_judged]
    odds = logit(p)
    for value in np.unique(segment[~np.isnan(segment)]):
        here = segment == value
        n = float(label[here].sum())
        if n >= OFFSET_POSITIVES:
            moved = np.log(n / said[here].sum()) * n / (n + OFFSET_POSITIVES)
            odds[one.test.column(name) == value] += moved
    return np.asarray(expit(odds))


def few_features(one: Known, ours: FittedModel) -> FloatArray:
    """(n,) probabilities by trees of the features with most gain alone."""
    gains = gain_shares(ours.model, one.mature)
    names = sorted(gains, key=lambda name: -gains[name])[:N_FEATURES]
    fitted = fit("lightgbm", one.mature.only(names), SEED)
    return fitted.probability(one.test.only(names))


def hazard(one: Known, ours: FittedModel) -> FloatArray:
    """P(bad in 90 days) by months of which each must be survived to reach the next."""
    x, y = [], []
    at_risk: BoolArray = np.ones(len(one.before), dtype=np.bool_)
    for month, label in enumerate(one.by_horizon.T):
        here = at_risk & ~np.isnan(label)
        x.append(_in_month(one.before.x[here], month))
        y.append(label[here])
        at_risk = here & (label == 0.0)
    booster = _trees(one, ours, np.vstack(x), np.concatenate(y))
    survives = np.ones(len(one.test))
    for month in range(len(HORIZONS)):
        survives *= 1.0 - np.asarray(booster.predict(_in_month(one.test.x, month)))
    return 1.0 - survives


def _in_month(x: FloatArray, month: int) -> FloatArray:
    return np.column_stack([x, np.full(len(x), float(month))])


def delay_weights(one: Known, ours: FittedModel) -> FloatArray:
    """Young dates with the longest horizon known of them, their goods weighted."""
    last = one.by_horizon[:, -1]
    is_mature = ~np.isnan(last)
    rate = last[is_mature].mean()
    label, weight = last.copy(), np.ones(len(last))
    for shorter in one.by_horizon.T[-2::-1]:
        young = np.isnan(label) & ~np.isnan(shorter)
        by_now = np.nanmean(shorter[is_mature]) / rate  # share of the bad known by then
        label[young] = shorter[young]
        is_good = young & (shorter == 0.0)
        weight[is_good] = (1.0 - rate) / (1.0 - rate * by_now)
        weight[young & (shorter == 1.0)] = 1.0 / by_now
    taught = ~np.isnan(label)
    x = one.before.x[taught]
    return np.asarray(
        _trees(one, ours, x, label[taught], weight[taught]).predict(one.test.x)
    )


def _trees(
    one: Known,
    ours: FittedModel,
    x: FloatArray,
    y: FloatArray,
    weight: FloatArray | None = None,
) -> lightgbm.Booster:
    """With the recipe and the number of trees of ours."""
    parameters = recipe(one.mature, SEED)
    more = x.shape[1] - one.mature.x.shape[1]
    parameters["monotone_constraints"] = [
        *parameters["monotone_constraints"],
        *[0] * more,
    ]
    return lightgbm.train(
        parameters,
        lightgbm.Dataset(x, y, weight=weight),
        num_boost_round=ours.n_rounds or 1,
    )


def candidates(one: Known) -> Iterator[tuple[str, FloatArray]]:
    """Name and (n,) probabilities of the test rows; ours comes first."""
    ours = fit("lightgbm", one.mature, SEED)
    yield "ours", ours.probability(one.test)
    yield "ours, not calibrated", np.asarray(expit(margin(ours.model, one.test)))
    yield "segment offsets", segment_offsets(one, ours)
    yield "40 features", few_features(one, ours)
    yield "hazard", hazard(one, ours)
    yield "delay weights", delay_weights(one, ours)


def compare(name: str, one: Known) -> None:
    """Print each candidate's numbers, and how far its log-loss is from ours."""
    label = one.test.label
    n_young = int(np.isnan(one.by_horizon[:, -1]).sum())
    teach, judge = one.mature.n_positives, int(label.sum())
    print(
        f"\n{name}: {teach:,} positives teach, {judge:,} judge, {n_young:,} rows young"
    )
    print(f"  {'':<22}{'log-loss':>9}{'AUC':>8}{'O/E':>7}   log-loss − ours")
    losses: Mapping[str, FloatArray] = {}
    for candidate, p in candidates(one):
        losses = {**losses, candidate: 1_000.0 * metrics.log_losses(label, p)}
        gap = losses[candidate] - losses["ours"]
        error = gap.std() / np.sqrt(len(gap))
        over = metrics.observed_over_expected(label, p)
        line = f"  {candidate:<22}{losses[candidate].mean():9.2f}"
        line += f"{metrics.auc(label, p):8.4f}{over:7.2f}"
        print(f"{line}   {gap.mean():+.2f} ± {error:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--worlds", nargs="+", default=["calm", "recession"])
    asked = parser.parse_args()
    for number, world in enumerate(asked.worlds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / world
            simulate(
                world, asked.customers, 33, 800 + number, folder, usage_every="week"
            )
            compare(f"{world}, {asked.customers:,} customers", known(folder))


if __name__ == "__main__":
    main()
