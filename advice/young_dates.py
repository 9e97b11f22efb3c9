"""The early warning of a portfolio: dates that no label of training reaches yet."""

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import BoolArray, FloatArray, IntArray
from features.batch import feature_table, matrix
from features.labels import labels
from features.maturity import maturity_us
from features.moments import DAY_US, to_datetime
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import Target
from scoring.bundle import Bundle
from scoring.early_warning import (
    LEAST_SHARE,
    YoungOutcomes,
    share_known,
    young_outcomes,
)
from scoring.predictor import Predictor

MOST_CUSTOMERS = 5_000  # drawn where there are more: they say it as surely


def early_warning(portfolio: Portfolio, bundle: Bundle) -> tuple[YoungOutcomes, ...]:
    """What the portfolio's latest dates show so far, against a model's probabilities.

    The dates lie a horizon apart, so that no outcome counts twice, from the oldest
    that is not mature on.

    Args:
        portfolio: with the settings that the bundle was trained with.
        bundle: trained; of a starter, whose level is nobody's own, nothing is said.

    Returns:
        one per date, the earliest first; none where there is one date only, or nothing
        that has matured tells how long outcomes take.
    """
    if bundle.is_starter:
        return ()
    pairs = snapshots(portfolio, _drawn(portfolio.customer_ids))
    target: Target = "fraud" if bundle.target == "fraud" else "nonpayment"
    labelled = labels(portfolio, pairs, target)
    as_of, mature_at = labelled["as_of"].to_numpy(), labelled["mature_at"].to_numpy()
    is_bad = np.asarray(pc.equal(labelled["label"], 1.0).fill_null(False))
    is_mature = mature_at <= portfolio.observed_until
    learnt = is_bad & is_mature
    ids = labelled["customer_id"]
    n_learnt = pc.count_distinct(ids.filter(pa.array(learnt))).as_py()
    delay = _days((labelled["known_at"].to_numpy() - as_of)[learnt])
    found = []
    for moment in _apart(as_of[~is_mature], maturity_us(portfolio, target)[0]):
        share = share_known(delay, (portfolio.observed_until - moment) / DAY_US)
        if share < LEAST_SHARE:
            continue
        own: BoolArray = as_of == moment
        p = _probability(portfolio, bundle, pairs.filter(pa.array(own)))
        observed = int(is_bad[own].sum())
        found.append(young_outcomes(moment, p, observed, share, n_learnt))
    return tuple(found)


def _drawn(customer_ids: tuple[str, ...]) -> list[str]:
    """Customers at equal steps through all of them."""
    step = -(-len(customer_ids) // MOST_CUSTOMERS) or 1
    return list(customer_ids[::step])


def _days(us: IntArray) -> FloatArray:
    return np.asarray(us / DAY_US, dtype=np.float64)


def _apart(dates: IntArray, horizon_us: int) -> list[int]:
    """Dates at least a horizon apart, the oldest first; clocks may change between."""
    chosen: list[int] = []
    for moment in np.unique(dates).tolist():
        if not chosen or moment - chosen[-1] >= horizon_us - DAY_US:
            chosen.append(moment)
    return chosen


def _probability(portfolio: Portfolio, bundle: Bundle, pairs: pa.Table) -> FloatArray:
    features = bundle.feature_set
    table = feature_table(portfolio, pairs, features)
    return Predictor(bundle).probability(matrix(table, features))


def sentence(one: YoungOutcomes, target: str, zone: ZoneInfo) -> str:
    """What a date shows, for staff; an alarm says what to do."""
    day = to_datetime(one.as_of).astimezone(zone).date()
    seen = (
        f"{target} since {day}: {one.observed:,} known so far where"
        f" {one.expected:.1f} were expected by now, {one.ratio:.2f} times"
        f" (99 % interval {one.low:.2f} to {one.high:.2f})"
    )
    if not one.is_alarm:
        return seen
    course = "more" if one.ratio > 1.0 else "less"
    return (
        f"{seen}: {course} happens than the model learnt; until these outcomes are"
        f" mature and it is trained again, take its probabilities of {target} for too"
        f" {'low' if one.ratio > 1.0 else 'high'}"
    )
