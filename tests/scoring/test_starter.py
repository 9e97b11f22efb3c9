"""The starter ships, says what it is, and moves its level to what it is shown."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from features.targets import TARGETS
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle
from scoring.level import level_shift
from scoring.starter import (
    STARTER_TABLES,
    bundle_folder,
    keep_starters,
    moved,
    starter,
)

FALLING = (
    "invoices_first_age_days",
    "payments_first_age_days",
    "payments_succeeded_30d",
    "payments_succeeded_365d",
    "alerts_resolved_legitimate_365d",
)
NOTHING = {  # what there is none of reads as 0 days; else what is missing says nothing
    "payments_first_age_days": 0.0,
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_starter_ships_and_says_what_it_is(target: str) -> None:
    bundle = starter(target)
    assert (bundle.target, bundle.is_starter, bundle.is_proven) == (target, True, False)
    assert bundle.settings.is_simulated
    for feature in bundle.feature_set.features:
        assert feature.tables <= STARTER_TABLES | {"alerts"}
        assert feature.unit not in ("money", "category")


@pytest.mark.parametrize("target", TARGETS)
def test_a_starter_never_turns_common_sense_around(target: str) -> None:
    model = starter(target).model
    assert isinstance(model, AdditiveModel)
    for term in model.terms:
        assert isinstance(term, NumberTerm)
        falls = term.feature in FALLING
        assert (term.weight < 0) == falls
        missing = term(np.array([np.nan]))
        nothing = NOTHING.get(term.feature)
        assert missing == (0.0 if nothing is None else term(np.array([nothing])))


@given(seen=st.floats(0.0, 1.0), n=st.integers(20, 400), level=st.floats(-4.0, 1.0))
def test_the_level_lies_between_the_starter_and_the_portfolio(
    seen: float, n: int, level: float
) -> None:
    log_odds = level + np.linspace(-1.0, 1.0, n)
    label = (np.arange(n) < round(seen * n)).astype(np.float64)
    shift = level_shift(log_odds, label, np.arange(n))
    before, after = expit(log_odds).mean(), expit(log_odds + shift).mean()
    low, high = sorted((float(before), float(label.mean())))
    assert low - 1e-6 <= after <= high + 1e-6


def test_more_customers_move_the_level_further_and_repetition_does_not() -> None:
    def shift(n_customers: int, n_dates: int) -> float:
        n = n_customers * n_dates
        customers = np.arange(n) % n_customers
        label = (customers % 5 == 0).astype(np.float64)
        return level_shift(np.full(n, -3.0), label, customers)

    assert 0.0 < shift(20, 1) < shift(200, 1)
    assert shift(20, 10) == pytest.approx(shift(20, 1))


def test_a_moved_starter_is_another_bundle() -> None:
    bundle = starter("nonpayment")
    assert moved(bundle, 0.5).bundle_id != bundle.bundle_id
    assert moved(bundle, 0.5).is_starter


def test_a_starter_is_found_where_it_ships_and_where_it_was_kept(
    tmp_path: Path,
) -> None:
    bundle = starter("fraud")
    ships = bundle_folder(tmp_path, "fraud", bundle.bundle_id)
    assert Bundle.load(ships).files == bundle.files
    keep_starters(tmp_path)
    kept = bundle_folder(tmp_path, "fraud", bundle.bundle_id)
    assert kept.parent == tmp_path / "starters" / "fraud"
    assert Bundle.load(kept).bundle_id == bundle.bundle_id


def test_one_alert_raises_the_odds_of_fraud_as_the_readme_says() -> None:
    bundle = starter("fraud")
    names = bundle.feature_set.names
    quiet = np.array([[bundle.typical[name] for name in names]])
    warned = quiet.copy()
    warned[0, names.index("alerts_30d")] = 1.0
    assert isinstance(bundle.model, AdditiveModel)
    margins = bundle.model.margin(np.vstack([quiet, warned]), names)
    log_odds = bundle.calibration.log_odds(margins)
    assert np.exp(log_odds[1] - log_odds[0]) == pytest.approx(8.2, abs=0.05)
