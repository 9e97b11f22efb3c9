"""Reasons: families, at most four, never from what is not known."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.feature import TimeSince
from features.feature_set import FeatureSet
from scoring.bundle import Bundle
from scoring.points import band, points
from scoring.reasons import reasons

BundleOf = Callable[[str], Bundle]
ROW = np.array([30.0, 38.0, 500.0, 2.0])  # age, late days, income, trade


def test_the_largest_family_comes_first_with_its_largest_feature(
    bundle_of: BundleOf,
) -> None:
    parts = np.array([-0.4, 1.0, 0.2, 0.5, -2.0])
    first, second = reasons(bundle_of("linear"), ROW, parts)
    assert (first.family, first.feature, first.value) == ("lateness", "late_days", 38)
    assert first.staff == "days late: 38 (typical: 2)"
    assert first.customer == "Days late."
    assert first.contribution == 1.0
    assert first.share == pytest.approx(1.0 / 1.7)
    # income and trade are one family; trade is the larger of the two
    assert (second.family, second.feature, second.value) == (
        "means",
        "trade",
        "printer",
    )
    assert second.contribution == pytest.approx(0.7)


def test_money_is_told_in_the_portfolio_s_currency(bundle_of: BundleOf) -> None:
    """A starter is asked about portfolios of any currency, so it names none."""
    bundle = bundle_of("linear")
    features = [
        replace(f, unit="money") if f.name == "income" else f
        for f in bundle.feature_set.features
    ]
    of_money = FeatureSet(tuple(features), bundle.feature_set.vocabularies)
    settings = bundle.settings.model_copy(update={"currency": "GBP"})
    bundle = replace(bundle, feature_set=of_money, settings=settings)
    parts = np.array([0.0, 0.0, 1.0, 0.0, -2.0])
    [told] = reasons(bundle, ROW, parts)
    assert told.staff.startswith("income: 500 GBP")
    [told] = reasons(replace(bundle, is_starter=True), ROW, parts)
    assert "GBP" not in told.staff


def test_nothing_that_lowers_the_probability_is_a_reason(bundle_of: BundleOf) -> None:
    assert reasons(bundle_of("linear"), ROW, np.full(5, -0.1)) == ()


def test_what_is_left_under_a_tenth_is_not_named(bundle_of: BundleOf) -> None:
    parts = np.array([0.05, 1.0, 0.0, -0.1, -2.0])
    [only] = reasons(bundle_of("linear"), ROW, parts)
    assert only.family == "lateness"


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        pytest.param(0.80, 0.20, 2, id="two that matter"),
        pytest.param(0.86, 0.14, 1, id="the second is small"),
        pytest.param(0.30, 0.14, 3, id="small ones until half is named"),
        pytest.param(0.60, 0.14, 1, id="half is named, the others are small"),
    ],
)
def test_past_the_half_a_small_family_is_not_named(
    bundle_of: BundleOf, first: float, second: float, n: int
) -> None:
    """Which of several small ones comes next is chance."""
    by_family = {f.family: f for f in CATALOGUE if not f.is_category}
    features = FeatureSet(tuple(by_family.values())[:8])
    bundle = replace(bundle_of("linear"), feature_set=features)
    left = 1.0 - first - second
    parts = np.array([first, second, *[left / 6] * 6, -2.0])
    assert len(reasons(bundle, np.ones(8), parts)) == n


def test_a_missing_value_is_no_reason(bundle_of: BundleOf) -> None:
    row = ROW.copy()
    row[1] = np.nan
    parts = np.array([0.3, 5.0, -0.1, -0.1, -2.0])
    [only] = reasons(bundle_of("linear"), row, parts)
    assert only.feature == "customer_age_days"


def test_what_never_happened_may_be_a_reason(bundle_of: BundleOf) -> None:
    bundle = bundle_of("linear")
    since = next(f for f in CATALOGUE if isinstance(f.definition, TimeSince))
    features = FeatureSet((since,))
    [only] = reasons(
        replace(bundle, feature_set=features), np.array([np.nan]), np.array([0.7, -2.0])
    )
    assert only.value is None
    assert "not happened" in only.staff


def test_four_at_the_most(bundle_of: BundleOf) -> None:
    by_family = {f.family: f for f in CATALOGUE if not f.is_category}
    features = FeatureSet(tuple(by_family.values())[:7])
    bundle = replace(bundle_of("linear"), feature_set=features)
    found = reasons(bundle, np.ones(7), np.full(8, 0.5))
    assert len(found) == 4
    assert len({reason.family for reason in found}) == 4


def test_points_and_bands_fall_as_the_probability_rises() -> None:
    p = np.linspace(0.0, 1.0, 1001)
    shown = [points(float(value)) for value in p]
    assert all(a >= b for a, b in pairwise(shown))
    bands = [band(float(value)) for value in p]
    assert bands == sorted(bands)
    assert set(bands) == set("ABCDE")
