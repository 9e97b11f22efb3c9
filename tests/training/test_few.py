"""Few outcomes: what they bear, honestly, and nothing is refused for scarcity."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from features.arrays import FloatArray
from features.catalogue import CATALOGUE
from features.feature_set import FeatureSet
from features.moments import DAY_US
from scoring.additive import AdditiveModel
from scoring.bundle import Learner
from scoring.intervals import auc_interval
from scoring.level import LevelPrior
from scoring.metrics import auc, log_loss
from scoring.predictor import Predictor
from scoring.starter import starter
from training.errors import TooFewPositivesError
from training.few import (
    ALONE_FROM,
    LOGISTIC_FROM,
    RIDGES,
    TriedFit,
    best_of,
    learn_few,
)
from training.fitting import FittedModel, fit
from training.judged_few import n_positive_customers
from training.latest_level import at_latest_level, of_latest_dates
from training.learning import learn
from training.linear import Block, blocks_of, fit_linear
from training.outlook import outlook
from training.prior import base_rate, fit_beside, fits_beside, moved_starter
from training.rows import Rows
from training.stable_features import stable_blocks

RowsOf = Callable[..., Rows]
BY_NAME = {feature.name: feature for feature in CATALOGUE}
OWN = "customer_credit_limit"  # nothing the starter knows


def late_payers(n: int, seed: int, level: float = -3.0, own: float = 0.0) -> Rows:
    """Rows whose truth is the starter's order at another level, and one thing more."""
    bundle = starter("nonpayment")
    names = (*bundle.feature_set.names, OWN)
    features = FeatureSet(tuple(BY_NAME[name] for name in names))
    rng = np.random.default_rng(seed)
    x = np.abs(rng.normal(size=(n, len(names)))) * np.array(
        [bundle.typical.get(name) or 1.0 for name in names], dtype=np.float64
    )
    assert isinstance(bundle.model, AdditiveModel)
    margin = bundle.model.margin(x, names)
    z = level + 1.5 * (margin - margin.mean()) / margin.std() + own * x[:, -1]
    label = (rng.random(n) < expit(z)).astype(np.float64)
    as_of: np.ndarray[tuple[int], np.dtype[np.int64]] = (
        1_700_000_000_000_000 + (np.arange(n) % 6) * 30 * DAY_US
    )
    customer = np.arange(n) // 6
    return Rows(x, label, customer, as_of, as_of + 95 * DAY_US, features)


@pytest.mark.parametrize("n_positives", [0, 1, 2, 3, 9, 10, 40])
def test_any_number_of_outcomes_gives_a_model(n_positives: int) -> None:
    rows = late_payers(1_200, seed=1)
    first = np.flatnonzero(rows.label == 1.0)[:n_positives]
    label = np.zeros(len(rows))
    label[first] = 1.0
    rows = replace(rows, label=label)
    learnt = learn_few("nonpayment", rows, 0, starter("nonpayment"))
    p = learnt.fitted.probability(rows)
    assert np.isfinite(p).all()
    assert 0.0 < p.mean() < 0.1
    has_two = n_positive_customers(rows) >= LOGISTIC_FROM
    assert learnt.fitted.learner == ("linear" if has_two else "starter")
    if n_positives < ALONE_FROM:
        assert not learnt.is_proven


def test_no_outcome_and_no_starter_is_nothing_to_learn_from(rows_of: RowsOf) -> None:
    rows = rows_of(300)
    none = replace(rows, label=np.zeros(len(rows)))
    with pytest.raises(TooFewPositivesError):
        learn("nonpayment", none, 0, starter=starter("nonpayment"))


def test_no_fraud_seen_is_not_no_fraud() -> None:
    """The starter stands in, lower by what was not seen, and never at zero."""
    bundle = starter("fraud")
    names = bundle.feature_set.names
    rng = np.random.default_rng(3)
    usual = np.array([bundle.typical.get(n) or 1.0 for n in names], dtype=np.float64)
    x = np.abs(rng.normal(size=(600, len(names)))) * usual
    nothing, moment = np.zeros(600), np.full(600, 1_700_000_000_000_000)
    rows = Rows(x, nothing, np.arange(600), moment, moment, bundle.feature_set)
    learnt = learn("fraud", rows, 0, starter=bundle)
    assert learnt.fitted.learner == "starter"
    assert not learnt.is_proven
    p = learnt.fitted.probability(rows)
    before = Predictor(bundle).probability(x)
    assert (p > 0.0).all()
    # Beta: half an outcome counts for the starter's own level, beside 600 without
    prior = LevelPrior.of_starter(float(before.mean()))
    assert p.mean() == pytest.approx(prior.after(600, 0.0).mean, rel=0.01)
    assert learnt.level is not None  # the exact limit of nothing among 600
    assert learnt.level.rate == pytest.approx(p.mean())
    assert learnt.level.high == pytest.approx(3.689 / 600, rel=1e-3)


def test_where_the_starter_does_not_serve_the_base_rate_begins(rows_of: RowsOf) -> None:
    rows = rows_of(300)
    few = replace(rows, label=np.where(np.cumsum(rows.label) <= 8, rows.label, 0.0))
    learnt = learn("nonpayment", few, 0, starter=starter("nonpayment"))
    assert learnt.fitted.learner == "rule"
    p = learnt.fitted.probability(few)
    assert p.min() == p.max()
    assert p[0] == pytest.approx(8.5 / 301)


def test_a_difference_from_the_starter_is_learnt_when_outcomes_show_it() -> None:
    rows, unseen = late_payers(1_800, 2, own=1.2), late_payers(6_000, 3, own=1.2)
    rows = rows[np.arange(900)]
    learnt = learn_few("nonpayment", rows, 0, starter("nonpayment"))
    assert learnt.fitted.learner in ("linear", "lightgbm")
    assert learnt.is_proven
    begun = moved_starter(starter("nonpayment"), rows)
    p_begun = expit(begun.margin(unseen.x, unseen.feature_set.names))
    p = learnt.fitted.probability(unseen)
    assert auc(unseen.label, p) > auc(unseen.label, p_begun) + 0.02
    assert log_loss(unseen.label, p) < log_loss(unseen.label, p_begun)


def rarer_before(rows: Rows, n_dates: int) -> Rows:
    """The rows where seven of ten positives of the first dates did not happen."""
    is_early = rows.as_of < np.unique(rows.as_of)[n_dates]
    is_gone = is_early & (np.random.default_rng(0).random(len(rows)) < 0.7)
    return replace(rows, label=np.where(is_gone, 0.0, rows.label))


def test_what_came_of_late_is_what_is_expected() -> None:
    rows = rarer_before(late_payers(1_200, 1), 3)
    learnt = learn_few("nonpayment", rows, 0, starter("nonpayment"))
    late = of_latest_dates(rows, ALONE_FROM)
    assert rows[late].rate > 1.4 * rows.rate
    p = learnt.fitted.probability(rows)[late]
    # the level of all dates is a prior worth 50 to 150 customers, here of 200
    assert 0.5 * (rows.rate + rows[late].rate) < p.mean() < rows[late].rate
    assert learnt.level is not None
    assert learnt.level.rate == pytest.approx(p.mean())


def test_late_dates_hold_enough_positives_or_are_all() -> None:
    rows = late_payers(600, 2)
    for least in (1, 10, 20, 30, 1_000):
        late = of_latest_dates(rows, least)
        first = rows.as_of[late].min()
        np.testing.assert_array_equal(late, rows.as_of >= first)
        assert late.mean() >= 0.5
        assert rows.label[late].sum() >= least or late.all()
        later = rows.as_of > first  # no more dates than are needed
        assert later.mean() < 0.5 or rows.label[later].sum() < least
    assert of_latest_dates(rows[rows.as_of == rows.as_of[0]], 10).all()


def test_where_all_dates_count_the_level_is_theirs() -> None:
    rows = late_payers(600, 3)
    fitted = fit("linear", rows, 0, starter("nonpayment"))
    assert at_latest_level(fitted, rows, np.ones(len(rows), dtype=np.bool_)) is fitted


@pytest.mark.parametrize("n_positives", [9, 10, 12])
def test_folds_learn_as_the_model_that_serves_does(
    n_positives: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fold of ten positives holds eight: what it may do is asked of all ten."""
    n_rows = []

    def seen(blocks: list[Block], rows: Rows) -> list[Block]:
        n_rows.append(len(rows))
        return stable_blocks(blocks, rows)

    monkeypatch.setattr("training.few.stable_blocks", seen)
    rows = some_positive(late_payers(600, 4), n_positives)
    learn_few("nonpayment", rows, 0, starter("nonpayment"))
    n_fits = 0 if n_positives < ALONE_FROM else 5 + 1
    assert len(n_rows) == n_fits


def some_positive(rows: Rows, n: int) -> Rows:
    """The rows with their first n positives only."""
    label = np.zeros(len(rows))
    label[np.flatnonzero(rows.label == 1.0)[:n]] = 1.0
    return replace(rows, label=label)


def test_rows_that_do_not_differ_are_learnt_from() -> None:
    rows = some_positive(late_payers(300, 5), 12)
    alike = replace(rows, x=np.ones_like(rows.x))
    learnt = learn_few("nonpayment", alike, 0, starter("nonpayment"))
    assert learnt.fitted.probability(alike).std() < 1e-3


@pytest.mark.parametrize(
    ("wrong", "best"),
    [
        ({"rule": 0.1, "starter": 0.2, "linear": 0.3}, "rule"),
        ({"starter": 0.1, "rule": 0.2, "linear": 0.3}, "linear"),
        ({"linear": 0.1, "starter": 0.2, "rule": 0.3}, "linear"),
        ({"starter": 0.1, "rule": 0.2}, "starter"),
    ],
)
def test_a_rule_serves_only_where_it_is_best_of_all(
    wrong: dict[Learner, float], best: Learner
) -> None:
    def refused() -> FittedModel:
        raise AssertionError("nothing is fitted to choose")

    rows = late_payers(60, 5)
    tried: dict[Learner, TriedFit] = {
        learner: TriedFit(learner, np.abs(rows.label - far), refused)
        for learner, far in wrong.items()
    }
    assert best_of(rows, tried, seed=0).learner == best


def test_an_infinite_ridge_leaves_the_prior_as_it_is() -> None:
    rows = late_payers(600, 4)
    prior = moved_starter(starter("nonpayment"), rows)
    beside = fit_beside(prior, rows, ridge=1e12)
    names = rows.feature_set.names
    before, after = prior.margin(rows.x, names), beside.margin(rows.x, names)
    assert np.corrcoef(before, after)[0, 1] > 1 - 1e-9


def test_the_model_beside_is_one_additive_model_of_exact_parts() -> None:
    rows = late_payers(600, 5, own=1.0)
    model = fit_beside(moved_starter(starter("nonpayment"), rows), rows, ridge=50.0)
    names = rows.feature_set.names
    parts = model.contributions(rows.x, names)
    np.testing.assert_allclose(parts.sum(axis=1), model.margin(rows.x, names))
    again = AdditiveModel.from_json(model.to_json())
    np.testing.assert_array_equal(
        again.margin(rows.x, names), model.margin(rows.x, names)
    )
    assert len(model.terms) > len(blocks_of(rows))


def test_few_outcomes_are_learnt_as_the_mean_of_three_log_odds() -> None:
    """Of the starter, a logistic regression beside it and a plain one, at level."""
    rows = late_payers(600, 5, own=1.0)
    learnt = learn_few("nonpayment", rows, 0, starter("nonpayment"))
    assert learnt.fitted.learner == "linear"
    first, names = moved_starter(starter("nonpayment"), rows), rows.feature_set.names
    candidates = [
        np.mean([m.margin(rows.x, names) for m in (first, beside, fit_linear(rows))], 0)
        for beside in fits_beside(first, rows, RIDGES)
    ]
    model = learnt.fitted.model
    assert isinstance(model, AdditiveModel)
    margin = model.margin(rows.x, names)
    assert min(np.ptp(margin - one) for one in candidates) < 1e-9
    # a third of the way is left to what was expected before, for 100 customers
    assert rows.rate == pytest.approx(expit(margin).mean(), rel=0.1)
    parts = model.contributions(rows.x, names)
    np.testing.assert_allclose(parts.sum(axis=1), margin)


def test_noise_with_few_outcomes_waits_for_a_person() -> None:
    proven = []
    for seed in range(4):
        rows = late_payers(900, seed)
        label = np.random.default_rng(seed).permutation(rows.label)
        noise = replace(rows, label=label)
        learnt = learn_few("nonpayment", noise, 0, starter("nonpayment"))
        proven.append(learnt.is_proven)
        p = learnt.fitted.probability(rows)
        assert p.mean() == pytest.approx(noise.rate, rel=0.35)
    assert proven.count(True) <= 1


def test_rows_are_judged_by_models_that_did_not_see_their_customer() -> None:
    """A customer's own outcome, told by a feature of its own, must not help."""
    rows = late_payers(600, 6)
    x = np.column_stack([rows.x, rows.customer.astype(np.float64)])
    features = FeatureSet((*rows.feature_set.features, BY_NAME["customer_age_days"]))
    known = replace(rows, x=x, feature_set=features)
    learnt = learn_few("nonpayment", known, 0, starter("nonpayment"))
    assert learnt.split.kind == "cross_fitted"
    assert learnt.judgement.metrics["auc"].value < 0.95


def test_the_same_rows_and_seed_give_the_same_model() -> None:
    rows = late_payers(900, 7)
    one, two = (
        learn_few("nonpayment", rows, 3, starter("nonpayment")) for _ in range(2)
    )
    assert one.fitted.model == two.fitted.model
    assert one.judgement.metrics == two.judgement.metrics


def test_intervals_of_few_outcomes_cover_the_truth() -> None:
    """2,000 draws: a true coverage of 95 % falls below 93.5 % once in a thousand."""
    rng = np.random.default_rng(0)
    separation = 1.19  # of two unit normals: AUC Φ(1.19 / √2) = 0.80
    covered = 0
    for _ in range(2_000):
        bad, good = rng.normal(separation, 1.0, 5), rng.normal(0.0, 1.0, 120)
        label = np.concatenate([np.ones(5), np.zeros(120)])
        low, high = auc_interval(auc(label, np.concatenate([bad, good])), 5, 120)
        covered += low <= 0.80 <= high
    assert covered / 2_000 >= 0.935


def test_one_lucky_customer_does_not_make_a_narrow_interval() -> None:
    rows = late_payers(600, 8)
    worst = np.argsort(moved_starter(starter("nonpayment"), rows).margin(*_of(rows)))
    label = np.zeros(len(rows))
    label[worst[-3:]] = 1.0
    rows = replace(rows, label=label)
    assert n_positive_customers(rows) <= 3
    metrics = learn_few("nonpayment", rows, 0, starter("nonpayment")).judgement.metrics
    if metrics:
        assert metrics["auc"].high - metrics["auc"].low > 0.2
        ratio = metrics["observed_over_expected"]
        assert ratio.high > 2.0 * ratio.value


def _of(rows: Rows) -> tuple[FloatArray, tuple[str, ...]]:
    return rows.x, rows.feature_set.names


def test_the_outlook_counts_on_the_present_pace() -> None:
    rows = late_payers(1_200, 9)
    label = np.zeros(len(rows))
    label[np.flatnonzero(rows.label == 1.0)[:30]] = 1.0
    rows = replace(rows, label=label)
    ahead = outlook("nonpayment", rows, 1_767_225_600_000_000)  # 1 January 2026
    assert ahead is not None
    assert (ahead.n_positives, ahead.n_needed) == (30, 100)
    assert ahead.per_month == pytest.approx(30 / 6, rel=0.03)
    assert ahead.expected_on is not None
    assert str(ahead.expected_on)[:7] == "2027-02"
    assert "70 more" in str(ahead)
    quiet = outlook("nonpayment", replace(rows, label=np.zeros(len(rows))), 0)
    assert quiet is not None
    assert quiet.expected_on is None


def test_one_moment_has_no_pace(rows_of: RowsOf) -> None:
    rows = rows_of(60)
    ahead = outlook("nonpayment", rows, 0)
    assert ahead is not None
    assert ahead.per_month is None
    assert "no pace is known" in str(ahead)


def test_the_base_rate_is_never_certain() -> None:
    rows = late_payers(60, 10)
    for value in (0.0, 1.0):
        same = replace(rows, label=np.full(len(rows), value))
        p = expit(base_rate(same).intercept)
        assert 0.0 < p < 1.0


def test_with_more_outcomes_the_logistic_still_begins_from_the_starter() -> None:
    rows = late_payers(2_400, 11, level=-2.0)
    assert rows.n_positives > 200
    beside = fit("linear", rows, 0, starter=starter("nonpayment")).model
    alone = fit("linear", rows, 0).model
    assert isinstance(beside, AdditiveModel)
    assert isinstance(alone, AdditiveModel)
    assert len(beside.terms) > len(alone.terms)
