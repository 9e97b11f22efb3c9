"""A small simulated portfolio and two hand-made models over its features."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import simulation
from decisions.policy_file.load import SHIPPED, Policy, parse_policy
from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap

WEIGHTS = {
    "nonpayment": {"account_days_overdue": 0.8, "payments_failed_30d": 3.0},
    "fraud": {"alerts_unresolved": 20.0, "payments_failed_30d": 4.0},
}
INTERCEPT = {"nonpayment": -2.0, "fraud": -5.0}


def linear_bundle(target: str, settings: PortfolioSettings) -> Bundle:
    features = feature_set(settings).features
    kept = FeatureSet(tuple(f for f in features if not f.is_category))
    terms = tuple(
        NumberTerm(name, weight, 0.0, 10.0, False, 0.0, 0.0)
        for name, weight in WEIGHTS[target].items()
        if name in kept.names
    )
    return Bundle(
        target=target,
        model=AdditiveModel("linear", INTERCEPT[target], terms),
        calibration=LogOddsMap(0.0, 1.0),
        feature_set=kept,
        settings=settings,
        horizon_days=90,
        trained_on=date(2026, 6, 1),
        nonpayment_given_fraud=0.4 if target == "fraud" else None,
        typical={"account_days_overdue": 0.0},
    )


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    out = tmp_path_factory.mktemp("simulated") / "small"
    simulation.simulate("recession", 80, 14, 7, out)
    return Portfolio.open(Path(out))


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped policy, in force whenever the simulated months are."""
    text = (SHIPPED / "reseller-default.yaml").read_text()
    before, _, after = text.partition("effective_from: ")
    return parse_policy(f"{before}effective_from: 2000-01-01\n{after[11:]}")


@pytest.fixture(scope="session")
def bundle_of(portfolio: Portfolio) -> Callable[[str], Bundle]:
    return lambda target: linear_bundle(target, portfolio.settings)


@pytest.fixture(scope="session")
def bundle_for() -> Callable[[str, PortfolioSettings], Bundle]:
    """A model by hand for other settings than the portfolio's."""
    return linear_bundle
