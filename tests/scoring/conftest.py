"""A tiny world for scoring: four features, and one bundle per learner."""

from collections.abc import Callable
from datetime import date

import lightgbm
import numpy as np
import pytest

from features.arrays import FloatArray
from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel, CategoryTerm, NumberTerm, StepTerm
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.trees import TreeModel

NAMES = ("customer_age_days", "late_days", "income", "trade")
TRADES = ("builder", "grocer", "printer")


@pytest.fixture(scope="session")
def settings() -> PortfolioSettings:
    return PortfolioSettings.model_validate(
        {
            "name": "tiny",
            "timezone": "Europe/Brussels",
            "attributes": {
                "late_days": {
                    "monotone": "increasing",
                    "family": "lateness",
                    "text": "days late",
                },
                "income": {"family": "means"},
                "trade": {"type": "category", "family": "means"},
            },
        }
    )


@pytest.fixture(scope="session")
def features(settings: PortfolioSettings) -> FeatureSet:
    chosen = feature_set(settings).subset(NAMES)
    return FeatureSet(chosen.features, {"trade": TRADES})


@pytest.fixture(scope="session")
def matrix() -> FloatArray:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3000, 4)) * [300.0, 10.0, 1000.0, 1.0]
    x[:, 3] = rng.integers(0, 3, 3000)
    x[rng.random(x.shape) < 0.1] = np.nan
    return np.asarray(x, dtype=np.float64)


@pytest.fixture(scope="session")
def label(matrix: FloatArray) -> FloatArray:
    rng = np.random.default_rng(6)
    z = np.nan_to_num(matrix[:, 1] / 10) + (matrix[:, 3] == 2) - 1.0
    happened = rng.random(3000) < 1 / (1 + np.exp(-z))
    return np.asarray(happened, dtype=np.float64)


@pytest.fixture(scope="session")
def trees(matrix: FloatArray, label: FloatArray) -> TreeModel:
    data = lightgbm.Dataset(
        matrix, label, feature_name=list(NAMES), categorical_feature=[3]
    )
    parameters = {
        "objective": "binary",
        "num_leaves": 15,
        "num_threads": 1,
        "verbosity": -1,
    }
    return TreeModel(lightgbm.train(parameters, data, 60).model_to_string())


@pytest.fixture(scope="session")
def linear() -> AdditiveModel:
    return AdditiveModel(
        "linear",
        -1.0,
        (
            NumberTerm("late_days", 0.9, 0.0, 10.0, False, 0.1, 0.02),
            NumberTerm("income", -0.4, 0.5, 6.0, True, 0.0, 0.01),
            CategoryTerm("trade", (0.0, -0.2, 0.7), 0.3, 0.15),
        ),
    )


@pytest.fixture(scope="session")
def rule() -> AdditiveModel:
    term = StepTerm("late_days", (1.0, 15.0), (-0.5, 0.4, 1.5), 0.0, 0.2)
    return AdditiveModel("rule", -1.0, (term,))


BundleOf = Callable[[str], Bundle]


@pytest.fixture(scope="session")
def bundle_of(
    settings: PortfolioSettings,
    features: FeatureSet,
    trees: TreeModel,
    linear: AdditiveModel,
    rule: AdditiveModel,
) -> BundleOf:
    models: dict[str, TreeModel | AdditiveModel] = {
        "lightgbm": trees,
        "linear": linear,
        "rule": rule,
    }

    def make(learner: str) -> Bundle:
        return Bundle(
            target="nonpayment",
            model=models[learner],
            calibration=LogOddsMap(-0.2, 0.9),
            feature_set=features,
            settings=settings,
            horizon_days=90,
            trained_on=date(2026, 6, 30),
            nonpayment_given_fraud=0.6,
            typical={
                "late_days": 2.0,
                "income": 10.0,
                "trade": "grocer",
                "customer_age_days": 400.0,
            },
            metrics={"auc": (0.8, 0.75, 0.85)},
            data_hash="d" * 64,
            versions={"lightgbm": "4.7.0"},
        )

    return make
