"""Everybody is a month older: that is no change of anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from advice.population import Population, present_population, with_reference
from features.catalogue import CATALOGUE
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from monitoring.same_age import ageing
from monitoring.same_day import PopulationComparison, compared
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle
from scoring.starter import starter
from tests.monitoring.test_same_day import portfolio_at, table

ENDED = datetime(2025, 6, 30, 18, tzinfo=UTC)
LATER = datetime(2025, 7, 31, 18, tzinfo=UTC)
BEGAN = datetime(2024, 6, 1, 6, tzinfo=UTC)
N = 400


def portfolio(moment: datetime, n_new: int = 0) -> Portfolio:
    """One bill every 30 days, paid at once; most were there when the records begin."""
    rng = np.random.default_rng(8)
    days = np.where(np.arange(N) < N // 2, rng.integers(0, 30, N), 0)
    days = np.where(days == 0, rng.integers(30, 390, N), days)
    joined = [BEGAN + timedelta(days=int(n)) for n in days]
    joined += [LATER - timedelta(days=int(n)) for n in rng.integers(2, 25, n_new)]
    bills, money = [], []
    for who, start in enumerate(joined):
        for number in range(1 + (LATER - start) // timedelta(days=30)):
            name, at = f"{who}-{number}", start + timedelta(days=30 * number)
            amount, due = rng.uniform(50, 500), at + timedelta(days=14)
            bills.append((f"c{who}", at, name, due, amount))
            paid_at = at + timedelta(days=1)
            money.append((f"c{who}", paid_at, name, "succeeded", amount, name))
    whole = {
        "customers": table(
            "customer_id event_at", [(f"c{n}", at) for n, at in enumerate(joined)]
        ),
        "invoices": table("customer_id event_at invoice_id due_at amount", bills),
        "payments": table(
            "customer_id event_at payment_id status amount invoice_id", money
        ),
    }
    return portfolio_at(moment, whole)


@pytest.fixture(scope="module")
def trained() -> Bundle:
    """A model of fraud that looks at how long ago the first invoice was."""
    learnt, begun = portfolio(ENDED), starter("fraud")
    age = NumberTerm("invoices_first_age_days", -0.6, 5.2, 0.7, True, 0.0, 0.0)
    bundle = replace(
        begun,
        model=AdditiveModel("linear", -6.0, (age,)),
        feature_set=begun.feature_set.subset({age.feature}),
        typical={},
        settings=learnt.settings,
        is_starter=False,
        trained_on=ENDED.date(),
    )
    return with_reference(learnt, bundle)


def look(trained: Bundle, portfolio: Portfolio) -> PopulationComparison:
    assert trained.reference is not None
    population = present_population(portfolio, trained)
    return compared(portfolio, trained, trained.reference, population)


def test_a_month_in_which_everybody_grew_older_rings_nothing(trained: Bundle) -> None:
    seen = look(trained, portfolio(LATER)).scores
    assert seen.drift.index > 0.25, "the probabilities have moved"
    assert seen.same_age is not None
    assert seen.same_age.index < 0.02
    assert not list(seen.causes())


def test_where_the_training_ended_on_the_same_day_nobody_counts_twice(
    trained: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 31st looks at the 30th of June, the last day of the training."""
    counted = []

    def population(now: Portfolio, bundle: Bundle, pairs: pa.Table) -> Population:
        found = present_population(now, bundle, pairs)
        counted.append(len(found.probability))
        return found

    monkeypatch.setattr("monitoring.same_day.present_population", population)
    look(trained, portfolio(LATER))
    assert counted == [len(present_population(portfolio(ENDED), trained).probability)]


def test_many_who_join_ring(trained: Bundle) -> None:
    seen = look(trained, portfolio(LATER, 150)).scores
    assert [cause.code for cause in seen.causes()] == ["score_drift"]


def test_features_that_grow_with_the_calendar_are_known() -> None:
    """Not those that a new row sets back, nor numbers and words of a customer's row."""
    grow = ageing(FeatureSet(CATALOGUE, {}))
    assert {"customer_age_days", "invoices_first_age_days"} <= grow
    assert not grow & {
        "customer_credit_limit",
        "customer_email_domain_age_days",
        "payments_succeeded_age_days",
        "account_open_age_days",
    }
