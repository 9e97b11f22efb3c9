"""Learning from a stated sample of the customers, and what more of them would teach."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.catalogue import feature_set
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from scoring.intervals import MetricEstimate, PairedComparison
from training.customer_sample import (
    FIXED_MB,
    PILOT,
    CustomerSample,
    SampleLimits,
    in_hash_order,
    sample_of,
)
from training.learning import learn
from training.learning_curve import CurvePoint, LearningCurve, learning_curve
from training.rows import Rows
from training.train import TrainingResult, train
from training.training_data import gather

RowsOf = Callable[..., Rows]


def test_a_larger_sample_holds_every_smaller_one(flat_portfolio: Portfolio) -> None:
    whole = sample_of(flat_portfolio, SampleLimits())
    assert whole.is_everyone
    some = sample_of(flat_portfolio, SampleLimits(n_customers=400))
    assert not some.is_everyone
    assert some.customer_ids == whole.customer_ids[:400]
    assert str(some) == "400 of 1,500 customers"


def test_the_order_says_nothing_of_the_customers(
    flat_tables: dict[str, pa.Table], settings: PortfolioSettings
) -> None:
    ids = flat_tables["customers"]["customer_id"].to_pylist()
    assert in_hash_order(ids) == in_hash_order(ids[::-1])
    place = np.array([ids.index(name) for name in in_hash_order(ids)])
    assert abs(np.corrcoef(place, np.arange(len(ids)))[0, 1]) < 0.1


def test_as_many_are_taken_as_fit_the_memory(
    flat_portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample_of(flat_portfolio, SampleLimits(memory_mb=2_000)).is_everyone
    # of one customer a pilot would tell nothing
    none_left = sample_of(flat_portfolio, SampleLimits(memory_mb=1_000))
    assert len(none_left.customer_ids) == PILOT
    n_features = len(feature_set(flat_portfolio.settings).features)
    # one row a customer, each of a megabyte
    monkeypatch.setattr(
        "training.customer_sample.BYTES_PER_NUMBER", 1_000_000 / n_features
    )
    for n in (700, 900):
        limits = SampleLimits(memory_mb=FIXED_MB + n)
        found = len(sample_of(flat_portfolio, limits).customer_ids)
        assert found == pytest.approx(n, abs=1)


def test_only_the_sample_is_gathered(flat_portfolio: Portfolio) -> None:
    gathered = gather(flat_portfolio, ("nonpayment",), SampleLimits(n_customers=400))
    assert gathered.sample is not None
    assert set(gathered.customer_ids) == set(gathered.sample.customer_ids)
    assert len(gathered.rows["nonpayment"]) == 400


@pytest.fixture(scope="module")
def sampled(
    flat_portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory
) -> TrainingResult:
    home = tmp_path_factory.mktemp("sampled")
    [result] = train(
        flat_portfolio,
        ["nonpayment"],
        limits=SampleLimits(n_customers=1_200),
        tracking_uri=f"sqlite:///{home / 'mlflow.db'}",
        home=home,
    )
    return result


@pytest.mark.slow
def test_a_sample_is_told_with_what_fewer_would_have_taught(
    sampled: TrainingResult,
) -> None:
    curve = sampled.curve
    assert curve is not None
    assert str(curve).startswith("learnt from 1,200 of 1,500 customers; with half")
    assert [one.less is None for one in curve.points] == [False, False, True]
    quarter, half, whole = (one.n_customers for one in curve.points)
    assert whole == 960  # a fifth judges
    assert quarter == pytest.approx(whole / 4, rel=0.2)
    assert half == pytest.approx(whole / 2, rel=0.1)
    assert sampled.learnt is not None
    judged = sampled.learnt.judgement
    assert curve.points[-1].log_loss.value == judged.metrics["log_loss"].value
    assert sampled.bundle is not None
    assert sampled.bundle.n_customers == 1_500  # whom it serves


@pytest.mark.slow
def test_the_same_sample_gives_the_same_bundle(
    sampled: TrainingResult, flat_portfolio: Portfolio, tmp_path: Path
) -> None:
    limits = SampleLimits(n_customers=1_200)
    [again] = train(flat_portfolio, ["nonpayment"], limits=limits, home=tmp_path)
    assert again.bundle is not None
    assert sampled.bundle is not None
    assert again.bundle.files == sampled.bundle.files


def test_the_curve_of_an_easy_truth_is_flat(rows_of: RowsOf) -> None:
    """Four features and 600 positives: half of the customers know as much."""
    rows = rows_of(2_500)
    ids = [f"c{number}" for number in range(2_500)]
    sample = CustomerSample(tuple(in_hash_order(ids)), 10_000)
    curve = learning_curve(sample, rows, learn("nonpayment", rows, 0), ids, None, 0)
    positives = [one.n_positives for one in curve.points]
    assert positives == sorted(positives)
    assert curve.is_flat


def test_of_few_outcomes_there_is_no_curve(rows_of: RowsOf) -> None:
    rows = rows_of(2_500)
    ids = [f"c{number}" for number in range(2_500)]
    sample = CustomerSample(tuple(in_hash_order(ids)), 10_000)
    too_few = replace(rows, label=rows.label * (rows.customer % 8 == 0))
    learnt = learn("nonpayment", too_few, 0)
    curve = learning_curve(sample, too_few, learnt, ids, None, 0)
    assert curve.points == ()
    assert "too few outcomes" in str(curve)


@pytest.mark.parametrize(
    ("low", "text"),
    [
        (-0.0001, "log-loss of the rows that judge is higher by 1.0 % (95 % interval"),
        (0.0001, ": more customers would help"),
    ],
)
def test_what_a_curve_says_depends_on_its_interval(low: float, text: str) -> None:
    estimate = MetricEstimate(0.1, 0.09, 0.11)
    half = CurvePoint(50, 9, estimate, estimate, PairedComparison(1e-3, low, 2e-3, 0.0))
    whole = CurvePoint(100, 18, estimate, estimate)
    curve = LearningCurve(CustomerSample(("a", "b"), 4), (half, whole))
    assert text in str(curve)
    assert curve.is_flat == (low < 0.0)
    assert ("not sure that more customers" in str(curve)) == curve.is_flat


def test_a_lower_loss_of_half_is_called_lower_and_everybody_no_sample() -> None:
    estimate = MetricEstimate(0.1, 0.09, 0.11)
    less = PairedComparison(-0.0022, -0.005, 0.001, 0.9)
    half = CurvePoint(50, 9, estimate, estimate, less)
    whole = CurvePoint(100, 18, estimate, estimate)
    curve = LearningCurve(CustomerSample(("a", "b"), 2, True), (half, whole))
    assert str(curve).startswith("learnt from all 2 customers; with half of them")
    assert "is lower by 2.2 % (95 % interval -5.0 to +1.0 %)" in str(curve)
