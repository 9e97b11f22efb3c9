"""The checks 6 to 10: on the training rows, with small learners."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from features.arrays import BoolArray, FloatArray
from features.moments import DAY_US
from features.targets import Target
from scoring.metrics import auc
from training.audits.association import standard_error
from training.audits.check import Check, Outcome
from training.audits.hindsight import FEWEST_BAD, hindsight
from training.audits.learner import N_FOLDS, folds_of, predicted, thinned
from training.audits.mutation import CAUGHT, FALSE, PLANTED, planted
from training.audits.verdict import LeakVerdict
from training.errors import TooFewPositivesError
from training.evaluation import auc_not_past_due
from training.lateness import lateness_feature
from training.leakage import CALM_AUC
from training.rows import Rows
from training.split import split

EMBARGO_DAYS = (0, 30, 60, 90)
CLIFF = 0.05  # AUC that a longer embargo may cost before it is looked at
LATER_DAYS = (20, 45)  # how much later the next row of a customer stands
TELLS_THE_DATE = 0.95  # AUC of one feature for first against last dates
FEW = 20  # positives under which an AUC says nothing


def controls(
    target: Target,
    rows: Rows,
    verdicts: Sequence[LeakVerdict],
    seed: int = 0,
) -> Iterator[Check]:
    """Checks 6 to 10.

    Args:
        target: whose labels.
        rows: all mature rows.
        verdicts: of `hindsight`, on the same rows.
        seed: of folds, draws and learners.
    """
    yield _overlap(rows, seed)
    small = thinned(rows, seed)
    n_bad = len(np.unique(small.customer[small.label == 1.0]))
    n_least = min(n_bad, len(small) - small.n_positives)
    is_enough = n_least >= max(FEWEST_BAD, N_FOLDS)
    # a fraud is not easier to see for being late, so calm customers prove nothing
    is_telling = is_enough and target == "nonpayment"
    mutation = _mutation(target, rows, seed) if is_enough else None
    calm_auc = _calm_auc(small, seed) if is_telling else None
    yield _too_good(verdicts, calm_auc, mutation)
    if mutation is None:
        text = f"not looked at: {n_bad} customers turned bad"
        for number, name in ((8, "controls"), (9, "adversarial"), (10, "mutation")):
            yield Check(number, name, "not_looked_at", text)
        return
    yield _permuted(small, seed)
    if (later := _later(small, seed)) is not None:
        yield later
    if (embargo := _embargo(small, seed)) is not None:
        yield embargo
    yield _adversarial(small, seed)
    yield mutation


def _overlap(rows: Rows, seed: int) -> Check:
    """No training label may be in the making when the test period begins."""
    name = "label_overlap"
    try:
        parts = split(rows, seed)
    except TooFewPositivesError:
        text = "too few positives to set rows aside; folds are by customer"
        return Check(6, name, "pass", text)
    train, test = rows[parts.train], rows[parts.test]
    if parts.kind != "time":
        shared = len(np.intersect1d(train.customer, test.customer))
        text = f"rows are split by customer, and {shared} customers are on both sides"
        return Check(6, name, "leak" if shared else "pass", text)
    gap = int(test.as_of.min() - train.mature_at.max()) / DAY_US
    text = f"the last training label is known {gap:.0f} days before the first test date"
    return Check(6, name, "pass" if gap >= 0 else "leak", text)


def _calm_auc(rows: Rows, seed: int) -> float | None:
    """AUC of a small model among customers it did not see, with nothing overdue."""
    name = lateness_feature(rows)
    calm = rows if name is None else rows[rows.column(name) == 0.0]
    if name is None or min(calm.n_positives, len(calm) - calm.n_positives) < FEW:
        return None
    margin = predicted(rows.x, rows.label, folds_of(rows, seed), seed)
    return auc_not_past_due(rows, margin)


def _too_good(
    verdicts: Sequence[LeakVerdict], calm_auc: float | None, mutation: Check | None
) -> Check:
    """Which features know too much; a pass only where a planted leak would be found."""
    name, named = "too_good", tuple(v.feature for v in verdicts if v.is_blocking)
    sure = [v.feature for v in verdicts if v.level == "leak"]
    doubtful = [v.feature for v in verdicts if v.level == "suspect"]
    numbers = {} if calm_auc is None else {"auc_not_past_due": calm_auc}
    if named:
        parts = [
            f"{what}: {', '.join(names)}"
            for what, names in (
                ("known in hindsight, as it seems", sure),
                ("suspected of it" if sure else "suspected of hindsight", doubtful),
            )
            if names
        ]
        outcome: Outcome = "leak" if sure else "suspect"
        return Check(7, name, outcome, "; ".join(parts), named, numbers)
    if calm_auc is not None and calm_auc > CALM_AUC:
        text = (
            f"AUC {calm_auc:.3f} among customers with nothing overdue is unusually "
            "good; no single feature stands out"
        )
        return Check(7, name, "look", text, (), numbers)
    if mutation is None or mutation.outcome != "pass":
        why = (
            "there are too few outcomes to tell"
            if mutation is None
            else "a planted leak is not found in these data either (check 10)"
        )
        text = f"no feature is too good to be true, but {why}"
        return Check(7, name, "cannot_tell", text, (), numbers)
    return Check(7, name, "pass", "no feature is too good to be true", (), numbers)


def _permuted(rows: Rows, seed: int) -> Check:
    """Labels shuffled within each date: nothing is left to be learnt."""
    rng = np.random.default_rng([seed, 2])
    label = rows.label.copy()
    for date in np.unique(rows.as_of):
        here = np.flatnonzero(rows.as_of == date)
        label[here] = label[rng.permutation(here)]
    value = auc(label, predicted(rows.x, label, folds_of(rows, seed), seed))
    error = standard_error(0.5, label.sum(), len(label) - label.sum())
    text = (
        f"labels shuffled within each date: AUC {value:.3f}, by chance 0.5 ± "
        f"{3 * error:.3f}"
    )
    outcome: Outcome = "pass" if abs(value - 0.5) <= 3 * error else "look"
    return Check(8, "permuted_labels", outcome, text, (), {"auc": value})


def _later(rows: Rows, seed: int) -> Check | None:
    """How much better the model would look with features of a month later."""
    order = np.lexsort((rows.as_of, rows.customer))
    first, then = order[:-1], order[1:]
    days = (rows.as_of[then] - rows.as_of[first]) / DAY_US
    is_next = (rows.customer[first] == rows.customer[then]) & (
        (days >= LATER_DAYS[0]) & (days <= LATER_DAYS[1])
    )
    first, then = first[is_next], then[is_next]
    label = rows.label[first]
    if min(label.sum(), len(label) - label.sum()) < FEW:
        return None
    fold = folds_of(rows, seed)[first]
    now = auc(label, predicted(rows.x[first], label, fold, seed))
    later = auc(label, predicted(rows.x[then], label, fold, seed))
    text = (
        f"features of a month later, which a leak would give: AUC {later:.3f} instead "
        f"of {now:.3f}"
    )
    numbers = {"auc": now, "auc_month_later": later}
    return Check(8, "later_features", "pass", text, (), numbers)


def _embargo(rows: Rows, seed: int) -> Check | None:
    """AUC of the last dates by how many days lie before them; a cliff is an overlap."""
    dates = np.unique(rows.as_of)
    if len(dates) < 2:
        return None
    n_last = max(1, len(dates) // 4)
    first_test = dates[-n_last]
    test = rows.as_of >= first_test
    label = rows.label[test]
    if min(label.sum(), len(label) - label.sum()) < FEW:
        return None
    numbers: dict[str, float] = {}
    for days in EMBARGO_DAYS:
        train: BoolArray = rows.as_of <= first_test - max(days, 1) * DAY_US
        if rows.label[train].sum() < FEW:
            break
        numbers[f"{days}_days"] = auc(label, _taught_by(rows, train, test, seed))
    if len(numbers) < 2:
        return None
    values = list(numbers.values())
    drop = max(a - b for a, b in pairwise(values))
    listed = ", ".join(f"{v:.3f}" for v in values)
    days_text = ", ".join(map(str, EMBARGO_DAYS[: len(values)]))
    text = f"AUC of the last dates with an embargo of {days_text} days: {listed}"
    outcome: Outcome = "look" if drop > CLIFF else "pass"
    return Check(8, "embargo", outcome, text, (), numbers)


def _taught_by(rows: Rows, train: BoolArray, test: BoolArray, seed: int) -> FloatArray:
    either = train | test
    fold = np.where(test, 1, 0)[either]
    margin = predicted(rows.x[either], rows.label[either], fold, seed)
    tested: FloatArray = margin[fold == 1]
    return tested


def _adversarial(rows: Rows, seed: int) -> Check:
    """Which features tell the first dates from the last: what they say grows old."""
    name, dates = "adversarial", np.unique(rows.as_of)
    if len(dates) < 2:
        return Check(9, name, "not_looked_at", "not looked at: there is one date")
    third = max(1, len(dates) // 3)
    ends = (rows.as_of <= dates[third - 1]) | (rows.as_of >= dates[-third])
    chosen = rows[ends]
    is_late = (chosen.as_of >= dates[-third]).astype(np.float64)
    fold = folds_of(chosen, seed)
    value = auc(is_late, predicted(chosen.x, is_late, fold, seed))
    by_name = {}
    for feature, column in zip(rows.feature_set.features, chosen.x.T, strict=True):
        if not feature.is_category and not np.isnan(column).all():
            filled = np.where(np.isnan(column), np.nanmin(column) - 1.0, column)
            alone = auc(is_late, filled)
            by_name[feature.name] = max(alone, 1.0 - alone)
    telling = tuple(n for n, v in by_name.items() if v > TELLS_THE_DATE)
    text = f"first dates against last ones: AUC {value:.3f}"
    text += f"; they are told by {', '.join(telling)}" if telling else ""
    outcome: Outcome = "look" if telling else "pass"
    return Check(9, name, outcome, text, telling, {"auc": value})


def _mutation(target: Target, rows: Rows, seed: int) -> Check:
    """Whether a planted hindsight flag would be found in these very rows."""
    name = "mutation"
    leaky = planted(rows, "flag", seed)
    verdicts = {v.feature: v for v in hindsight(target, leaky, seed, only={PLANTED})}
    what = (
        f"a planted flag that marks {CAUGHT:.0%} of the bad and {FALSE:.0%} of others"
    )
    if verdicts[PLANTED].is_blocking:
        return Check(10, name, "pass", f"{what} is found: {verdicts[PLANTED].why}")
    n_bad = len(np.unique(rows.customer[rows.label == 1.0]))
    text = f"{what} is not found in these data ({n_bad:,} customers turned bad)"
    return Check(10, name, "look", text)
