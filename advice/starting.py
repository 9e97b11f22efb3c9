"""The starter on a portfolio: its level is moved to what the portfolio shows so far."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.advisor import Advisor
from advice.knowledge import starts_with
from advice.passing_starters import ShownOutcomes, shown_outcomes
from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.labels import labels
from features.maturity import maturity_us
from features.portfolio import Portfolio
from features.snapshots import newest_population
from features.targets import TARGETS, Target
from scoring.bundle import Bundle
from scoring.level import LevelPrior, level_of, level_shift
from scoring.logistic import expit
from scoring.predictor import Predictor
from scoring.starter import FRAUD_TABLES, moved

MOST_DATES = 6  # the newest dates whose outcomes are known tell the present level
AT_ONCE = 50_000  # rows whose features are held together


def at_home(advisor: Advisor, portfolio: Portfolio, moment: int) -> Advisor:
    """The advisor with its starters moved to the portfolio, and its settings.

    An advisor without starters is returned as it is. A starter that the portfolio's
    tables do not feed is left out: its probability is then unknown.

    Args:
        advisor: what is in force.
        portfolio: to be scored.
        moment: µs since 1970 UTC; only what was known by then moves a level.
    """
    if not any(bundle.is_starter for bundle in advisor.bundles.values()):
        return advisor
    observed = {name: min(moment, at) for name, at in portfolio.observed.items()}
    until = min(moment, portfolio.observed_until)
    known = replace(portfolio, observed_until=until, observed=observed)
    bundles = {
        target: bundle
        for target, bundle in advisor.bundles.items()
        if starts_with(bundle, portfolio.settings.tables)
    }
    return advisor.with_bundles(bundles | _moved(bundles, known), portfolio.settings)


def _moved(bundles: Mapping[str, Bundle], portfolio: Portfolio) -> dict[str, Bundle]:
    """The starters among them whose level the portfolio tells something of."""
    starters: dict[Target, Bundle] = {
        target: bundles[target]
        for target in TARGETS
        if target in bundles
        and bundles[target].is_starter
        # where nobody looked, no fraud seen is not no fraud
        and (target != "fraud" or FRAUD_TABLES & portfolio.settings.tables)
    }
    until = portfolio.observed_until
    latest = {
        target: until - sum(maturity_us(portfolio, target)) for target in starters
    }
    shown = shown_outcomes(portfolio, starters, latest, MOST_DATES, AT_ONCE)
    return {
        target: _moved_by(
            bundle,
            shown.get(target) or _looked_for(portfolio, bundle, target, latest[target]),
            getattr(portfolio.settings.labels, target).horizon_days,
        )
        for target, bundle in starters.items()
    }


def _moved_by(bundle: Bundle, shown: ShownOutcomes, horizon_days: int) -> Bundle:
    """At the level of the outcomes shown, and so of their horizon."""
    is_known = pc.is_valid(shown.label)
    ids = shown.rows["customer_id"].filter(is_known).combine_chunks()
    customers = ids.dictionary_encode().indices.to_numpy()
    seen = shown.label.filter(is_known).to_numpy()
    log_odds = shown.log_odds[is_known.to_numpy()]
    if len(seen) == 0:
        return bundle
    shift = level_shift(log_odds, seen, customers)
    prior = LevelPrior.of_starter(float(expit(log_odds).mean()))
    level = level_of(float(expit(log_odds + shift).mean()), seen, customers, prior)
    return replace(moved(bundle, shift, level), horizon_days=horizon_days)


def _looked_for(
    portfolio: Portfolio, bundle: Bundle, target: Target, latest: int
) -> ShownOutcomes:
    """The newest dates with anybody, wherever they lie."""
    rows = newest_population(portfolio, latest, MOST_DATES)
    label = labels(portfolio, rows, target)["label"]
    return ShownOutcomes(rows, label, _log_odds(bundle, portfolio, rows))


def _log_odds(bundle: Bundle, portfolio: Portfolio, rows: pa.Table) -> FloatArray:
    """The starter's (n,), some rows at a time: features of all would not fit."""
    predictor, features = Predictor(bundle), bundle.feature_set
    log_odds = np.empty(rows.num_rows)
    for start in range(0, rows.num_rows, AT_ONCE):
        block = rows.slice(start, AT_ONCE)
        x = matrix(feature_table(portfolio, block, features), features)
        log_odds[start : start + AT_ONCE] = predictor.log_odds(x)
    return log_odds
