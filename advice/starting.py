"""The starter on a portfolio: its level is moved to what the portfolio shows so far."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.advisor import Advisor
from advice.knowledge import starts_with
from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.labels import labels
from features.maturity import maturity_us
from features.portfolio import Portfolio
from features.snapshots import newest_population
from features.targets import Target
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from scoring.starter import FRAUD_TABLES, level_shift, moved

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
        target: _moved(bundle, known) if bundle.is_starter else bundle
        for target, bundle in advisor.bundles.items()
        if starts_with(bundle, portfolio.settings.tables)
    }
    return advisor.with_bundles(bundles, portfolio.settings)


def _moved(bundle: Bundle, portfolio: Portfolio) -> Bundle:
    target: Target = "fraud" if bundle.target == "fraud" else "nonpayment"
    if target == "fraud" and not FRAUD_TABLES & portfolio.settings.tables:
        return bundle  # nobody looked: no fraud seen is not no fraud
    latest = portfolio.observed_until - sum(maturity_us(portfolio, target))
    rows = newest_population(portfolio, latest, MOST_DATES)
    if rows.num_rows == 0:
        return bundle
    label = labels(portfolio, rows, target)["label"]
    is_known = pc.is_valid(label)
    rows = rows.filter(is_known)
    ids = rows["customer_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    seen = label.filter(is_known).to_numpy()
    log_odds = _log_odds(bundle, portfolio, rows)
    return moved(bundle, level_shift(log_odds, seen, ids))


def _log_odds(bundle: Bundle, portfolio: Portfolio, rows: pa.Table) -> FloatArray:
    """The starter's (n,), some rows at a time: features of all would not fit."""
    predictor, features = Predictor(bundle), bundle.feature_set
    log_odds = np.empty(rows.num_rows)
    for start in range(0, rows.num_rows, AT_ONCE):
        block = rows.slice(start, AT_ONCE)
        x = matrix(feature_table(portfolio, block, features), features)
        log_odds[start : start + AT_ONCE] = predictor.log_odds(x)
    return log_odds
