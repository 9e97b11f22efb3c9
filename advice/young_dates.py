"""The early warning of a portfolio: dates that no label of training reaches yet."""

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.drawn_snapshots import DrawnSnapshots, apart
from features.arrays import BoolArray, FloatArray, IntArray
from features.labels import labels_observed_until
from features.maturity import maturity_us
from features.moments import DAY_US, to_datetime
from features.portfolio import Portfolio
from features.targets import Target
from scoring.bundle import Bundle
from scoring.early_warning import (
    LEAST_SHARE,
    Expectation,
    YoungOutcomes,
    expectation,
    share_known,
)

_TELLING = 2.0  # an interval that reaches twice or half tells nothing for a model


def early_warning(
    portfolio: Portfolio, bundle: Bundle | None, drawn: DrawnSnapshots | None = None
) -> tuple[YoungOutcomes, ...]:
    """What the portfolio's latest dates show so far, against a model's probabilities.

    The dates lie a horizon apart, so that no outcome counts twice, from the oldest
    that is not mature on.

    Args:
        portfolio: with the settings that the bundle was trained with.
        bundle: trained; of a starter, whose level is nobody's own, nothing is said.
            None where no model of fraud is in force: it expects what the rate of the
            mature dates gives.
        drawn: of the same portfolio, where several bundles are asked about.

    Returns:
        All dates together, then each alone, the earliest first; none where no date is
        young, or nothing that has matured tells how long outcomes take.
    """
    if bundle is not None and bundle.is_starter:
        return ()
    target = _target(bundle)
    until = labels_observed_until(portfolio, target)
    drawn = drawn or DrawnSnapshots(portfolio)
    labelled = drawn.labels(target)
    as_of, mature_at = labelled["as_of"].to_numpy(), labelled["mature_at"].to_numpy()
    label = labelled["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    is_mature = mature_at <= until
    learnt = (label == 1.0) & is_mature
    if not learnt.any():
        return ()
    n_learnt = pc.count_distinct(labelled["customer_id"].filter(pa.array(learnt)))
    known_at = labelled["known_at"].to_numpy()
    delay = _days((known_at - as_of)[learnt])
    rate = float(learnt.sum() / is_mature.sum())
    # of some an action hid what became of them; it will be so of young dates as well
    share_seen = float((~np.isnan(label[is_mature])).mean())
    horizon_us, _ = maturity_us(portfolio, target)
    shares = {
        moment: share
        for moment in apart(np.unique(as_of[~is_mature]).tolist(), horizon_us)
        if (share := share_known(delay, (until - moment) / DAY_US)) >= LEAST_SHARE
    }
    if not shares:
        return ()
    young: BoolArray = np.isin(as_of, list(shares))
    p = np.full(len(as_of), np.nan)
    p[young] = rate / share_seen
    if bundle is not None:
        p[young] = drawn.probability(bundle, target, young)
    counts = []
    for moment, share in shares.items():
        own: BoolArray = as_of == moment
        by_model = share * share_seen * float(p[own].sum())
        as_before = share * rate * int(own.sum())
        observed = int((label[own] == 1.0).sum())
        counts.append(_Count(moment, observed, by_model, as_before))
    each = [[one] for one in counts] if len(counts) > 1 else []
    joined = drawn.frauds_joined if target == "fraud" else None
    return tuple(_compared(some, n_learnt.as_py(), joined) for some in (counts, *each))


def _target(bundle: Bundle | None) -> Target:
    return "nonpayment" if bundle and bundle.target == "nonpayment" else "fraud"


class _Count(NamedTuple):
    """Outcomes of one date that are known by now, and how many should be."""

    as_of: int
    observed: int
    by_model: float
    as_before: float


def _compared(
    counts: Sequence[_Count], n_learnt: int, joined: IntArray | None
) -> YoungOutcomes:
    observed = sum(one.observed for one in counts)
    by_model = sum(one.by_model for one in counts)
    as_before = sum(one.as_before for one in counts)
    return YoungOutcomes(
        counts[0].as_of,
        len(counts),
        observed,
        expectation(observed, by_model, n_learnt),
        expectation(observed, as_before, n_learnt),
        None if joined is None else int((joined >= counts[-1].as_of).sum()),
    )


def _days(us: IntArray) -> FloatArray:
    return np.asarray(us / DAY_US, dtype=np.float64)


def strongest(dates: Sequence[YoungOutcomes]) -> tuple[YoungOutcomes, int] | None:
    """The alarm farthest from what was expected, and at how many dates it rings alone.

    One wave rings at every date that it reaches: it is told once.

    Args:
        dates: of `early_warning`.
    """
    ringing = [one for one in dates if one.is_alarm]
    if not ringing:
        return None
    n_alone = sum(one.n_dates == 1 for one in ringing)
    return max(ringing, key=_distance), n_alone


def _distance(one: YoungOutcomes) -> float:
    """Times by which the nearer end of an interval misses what was expected."""
    both = one.by_model, one.as_before
    return max(max(by.low, 1.0 / by.high) for by in both)


def sentence(
    one: YoungOutcomes,
    target: str,
    zone: ZoneInfo,
    *,
    has_model: bool = True,
    n_alone: int = 0,
) -> str:
    """What the dates show so far, for staff; an alarm says what to do.

    Args:
        one: a date, or several together.
        target: that the outcomes are of.
        zone: of the days.
        has_model: whether a model of it is in force.
        n_alone: single dates that ring beside it (`strongest`), where they are told.
    """
    day = to_datetime(one.as_of).astimezone(zone).date()
    since = f"since {day}" if one.n_dates > 1 else f"of {day}"
    model, before = one.by_model, one.as_before
    known = f"{target} {since}: {one.observed:,} known so far"
    if one.n_left_out is not None:
        known += f" (and {one.n_left_out:,} of who joined later)"
    rate = f"At the rate of earlier dates {before.expected:.1f} would be known by now"
    told = [known, f"{rate}: it is {_times(before)}"]
    if has_model:
        told.append(f"The model expects {model.expected:.1f}: it is {_times(model)}")
    if n_alone > (one.n_dates == 1):  # not itself alone
        dates, shows = ("date", "shows") if n_alone == 1 else ("dates", "show")
        told.append(f"{n_alone} {dates} taken alone {shows} it, too")
    if not has_model:
        told.append("No model of it is in force: look at who joined or changed since")
    elif model.is_alarm:
        way = "low" if model.ratio > 1.0 else "high"
        told.append(
            f"Take its probabilities of {target} for too {way} until these outcomes are"
            " mature and it is trained again"
        )
    elif before.is_alarm:
        told.append(f"The level has changed, and {_seen_by(model, before)}")
    return ". ".join(told)


def _seen_by(model: Expectation, before: Expectation) -> str:
    """Whether the model sees a change of level, as far as so many outcomes tell."""
    if not model.low <= 1.0 <= model.high:
        is_nearer = model.expected != before.expected and (
            (model.expected > before.expected) == (before.ratio > 1.0)
        )
        return (
            "the model sees a part of it" if is_nearer else "the model does not see it"
        )
    if model.low < 1.0 / _TELLING or model.high > _TELLING:
        return "too few outcomes are known to tell whether the model sees it"
    return "the model sees it"


def _times(one: Expectation) -> str:
    return (
        f"{one.ratio:.2f} times as many (95 % interval {one.low:.2f} to {one.high:.2f})"
    )
