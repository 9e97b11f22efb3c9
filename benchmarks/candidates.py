"""Ways to learn non-payment that might be better: `python -m benchmarks.candidates`.

On simulated worlds everybody learns from what was known at a moment and is judged on
the three dates after it. Against the trees of `forbear train`:

- *segment offsets*: the level of each segment with 50 positives or more is moved by
  what came in the held-out rows, drawn towards none by 50 positives;
- *40 features*: those of largest gain, the trees fitted anew;
- *hazard*: one model of the months 1, 2 and 3, so that younger dates teach their first
  months, and so do customers who left without debt before the third;
- *hazard, leaving*: the same, and a second one of who leaves without debt, for whoever
  has left can owe nothing more (cause-specific hazards; Putter, Fiocco, Geskus 2007);
- *delay weights*: younger dates as well, what is not known as bad counted as good with
  the weight that the delays of older dates give it.

Log-loss and its difference are per thousand; below 0 the candidate is better. Twice:
without who left (their outcome is unknown, CONTRACT section 3), and with them as good.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
from scipy.special import expit, logit

from benchmarks.means import between
from benchmarks.rivals import N_TEST_DATES, SEED
from benchmarks.worlds import world_of
from features.arrays import BoolArray, FloatArray
from features.batch import feature_table
from features.catalogue import is_read
from features.labels import labels
from features.matrix import matrix
from features.portfolio import Portfolio
from features.snapshots import snapshots
from scoring import metrics
from simulation import simulate
from training.boosting import recipe
from training.fitting import FittedModel, fit, margin
from training.leakage import gain_shares
from training.rows import Rows
from training.training_data import TrainingData, gather

HORIZONS = (30, 60, 90)  # days
N_FEATURES = 40
OFFSET_POSITIVES = 50


@dataclass(frozen=True)
class Known:
    """What was known at the moment of the first test date, and what came.

    Args:
        mature: rows whose labels were known.
        x: (n, F) features of all rows of dates before.
        by_horizon: (n, 3) label of each horizon, NaN where not known by then.
        has_left: (n, 3) not known of it though its date is mature: gone without debt.
        test: rows of the dates that judge; the label of who left is NaN.
    """

    mature: Rows
    x: FloatArray
    by_horizon: FloatArray
    has_left: BoolArray
    test: Rows


def known(folder: Path) -> Known:
    """What a portfolio teaches and judges by, of non-payment."""
    portfolio = Portfolio.open_usable(folder)
    data = gather(portfolio, ("nonpayment",))
    rows = data.rows["nonpayment"]
    dates = np.unique(rows.as_of)
    moment = int(dates[-N_TEST_DATES])
    pairs = snapshots(portfolio)
    as_of = pairs["as_of"].to_numpy()
    before = pairs.filter(pa.array(as_of < moment))
    columns = [_at_horizon(portfolio, before, days, moment) for days in HORIZONS]
    label, has_left = (np.column_stack(part) for part in zip(*columns, strict=True))
    later = pairs.filter(pa.array((as_of >= moment) & (as_of <= dates[-1])))
    test = _whole(portfolio, data, later)
    x = _whole(portfolio, data, before).x
    return Known(rows[rows.mature_at <= moment], x, label, has_left, test)


def _whole(portfolio: Portfolio, data: TrainingData, pairs: pa.Table) -> Rows:
    """Rows of all snapshots, whether their label is known or not."""
    features = data.feature_set
    x = matrix(feature_table(portfolio, pairs, features), features)
    x[:, [not is_read(f, "nonpayment") for f in features.features]] = np.nan
    table = labels(portfolio, pairs, "nonpayment")
    label = table["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    _, customer = np.unique(pairs["customer_id"].to_pylist(), return_inverse=True)
    as_of, mature_at = (table[name].to_numpy() for name in ("as_of", "mature_at"))
    return Rows(x, label, customer, as_of, mature_at, features)


def _at_horizon(
    portfolio: Portfolio, pairs: pa.Table, days: int, moment: int
) -> tuple[FloatArray, BoolArray]:
    """(n,) labels of a horizon, NaN where not known at the moment; and who had left."""
    stated = portfolio.settings.labels
    shorter = stated.nonpayment.model_copy(update={"horizon_days": days})
    settings = portfolio.settings.model_copy(
        update={"labels": stated.model_copy(update={"nonpayment": shorter})}
    )
    table = labels(replace(portfolio, settings=settings), pairs, "nonpayment")
    label = table["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    is_mature = table["mature_at"].to_numpy() <= moment
    return np.where(is_mature, label, np.nan), is_mature & np.isnan(label)


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
    return _by_months(one, _monthly(one, ours, one.by_horizon), None)


def hazard_and_leaving(one: Known, ours: FittedModel) -> FloatArray:
    """The same, where a month is survived by who neither left nor became bad."""
    stays = np.where(one.has_left, 1.0, np.where(one.by_horizon == 0.0, 0.0, np.nan))
    leaves = _monthly(one, ours, stays)
    return _by_months(one, _monthly(one, ours, one.by_horizon), leaves)


def _monthly(one: Known, ours: FittedModel, happened: FloatArray) -> lightgbm.Booster:
    """What happens in a month to whom nothing has happened before.

    Args:
        one: what was known.
        ours: whose number of trees is taken.
        happened: (n, 3) by the end of each month, NaN where that is not known.
    """
    x, y = [], []
    at_risk: BoolArray = np.ones(len(happened), dtype=np.bool_)
    for month, label in enumerate(happened.T):
        here = at_risk & ~np.isnan(label)
        x.append(_in_month(one.x[here], month))
        y.append(label[here])
        at_risk = here & (label == 0.0)
    return _trees(one, ours, np.vstack(x), np.concatenate(y))


def _by_months(
    one: Known, bad: lightgbm.Booster, leaves: lightgbm.Booster | None
) -> FloatArray:
    """(n,) probabilities that it happens in one of the months."""
    survives, happens = np.ones(len(one.test)), np.zeros(len(one.test))
    for month in range(len(HORIZONS)):
        x = _in_month(one.test.x, month)
        ends = np.asarray(bad.predict(x))
        happens += survives * ends
        if leaves is not None:
            ends = ends + (1.0 - ends) * np.asarray(leaves.predict(x))
        survives *= 1.0 - ends
    return happens


def _in_month(x: FloatArray, month: int) -> FloatArray:
    return np.column_stack([x, np.full(len(x), float(month))])


def delay_weights(one: Known, ours: FittedModel) -> FloatArray:
    """Young dates with the longest horizon known of them, their goods weighted."""
    last = np.where(one.has_left[:, -1], np.inf, one.by_horizon[:, -1])  # inf: left out
    is_mature = np.isfinite(last)
    rate = last[is_mature].mean()
    label, weight = last.copy(), np.ones(len(last))
    for shorter in one.by_horizon.T[-2::-1]:
        young = np.isnan(label) & ~np.isnan(shorter)
        by_now = np.nanmean(shorter[is_mature]) / rate  # share of the bad known by then
        label[young] = shorter[young]
        is_good = young & (shorter == 0.0)
        weight[is_good] = (1.0 - rate) / (1.0 - rate * by_now)
        weight[young & (shorter == 1.0)] = 1.0 / by_now
    taught = np.isfinite(label)
    x = one.x[taught]
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
    yield "hazard, leaving", hazard_and_leaving(one, ours)
    yield "delay weights", delay_weights(one, ours)


def compare(name: str, one: Known) -> dict[str, list[float]]:
    """Print each candidate's numbers; how far its log-loss is from ours, twice."""
    label = one.test.label
    is_known = ~np.isnan(label)
    n_young = int((np.isnan(one.by_horizon[:, -1]) & ~one.has_left[:, -1]).sum())
    teach, judge = one.mature.n_positives, int(np.nansum(label))
    print(
        f"\n{name}: {teach:,} positives teach, {judge:,} judge, {n_young:,} rows young,"
        f" {len(label) - is_known.sum():,} of {len(label):,} that judge have left"
    )
    print(f"  {'':<22}{'log-loss':>9}{'AUC':>8}{'O/E':>7}   log-loss − ours, twice")
    said = dict(candidates(one))
    gaps: dict[str, list[float]] = {}
    for candidate, p in said.items():
        known_p, known = p[is_known], label[is_known]
        line = f"  {candidate:<22}{1e3 * metrics.log_loss(known, known_p):9.2f}"
        over = metrics.observed_over_expected(known, known_p)
        line += f"{metrics.auc(known, known_p):8.4f}{over:7.2f} "
        for chosen in (is_known, np.ones(len(label), dtype=np.bool_)):
            came = np.nan_to_num(label[chosen])
            losses = [metrics.log_losses(came, q[chosen]) for q in (p, said["ours"])]
            gap = 1e3 * (losses[0] - losses[1])
            line += f"  {gap.mean():+.2f} ± {gap.std() / np.sqrt(len(gap)):.2f}"
            gaps.setdefault(candidate, []).append(float(gap.mean()))
        print(line, flush=True)
    return gaps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--worlds", nargs="+", default=["calm", "recession"])
    asked = parser.parse_args()
    of_all: dict[str, list[list[float]]] = defaultdict(list)
    for number, name in enumerate(asked.worlds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / name
            world, seed = world_of(name), 800 + number
            simulate(world, asked.customers, 33, seed, folder, usage_every="week")
            told = compare(f"{name}, {asked.customers:,} customers", known(folder))
            for candidate, gaps in told.items():
                of_all[candidate].append(gaps)
    print("\nlog-loss − ours, the mean over worlds ± its standard error over worlds")
    for candidate, each in of_all.items():
        both = np.array(each)
        pairs = zip(both.mean(axis=0), between(both), strict=True)
        text = "  ".join(f"{mean:+.2f} ± {error:.2f}" for mean, error in pairs)
        less = sum(gaps[0] < 0.0 for gaps in each)
        print(f"  {candidate:<22}{text}  less in {less} of {len(each)}")


if __name__ == "__main__":
    main()
