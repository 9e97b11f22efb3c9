"""The fourth clock: outcomes that are mature, of dates the model was not trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logit, ndtri

from advice.mature_window import MatureWindow, PendingOutcomes, mature_window
from advice.population import Population, present_population
from features.arrays import BoolArray, FloatArray, IntArray
from features.events import FOREVER
from features.maturity import maturity_us
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.targets import Target
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap, fit_log_odds_affine
from scoring.intervals import MetricEstimate, customer_blocks, measured
from store.monitoring import Cause

CONFIDENCE = 0.99
STANDARD_ERRORS = 3.0
SHOWN = ("observed_over_expected", "calibration_intercept", "calibration_slope", "auc")
STOP_DAYS = 90  # a stop so long before or after a date belongs to it


@dataclass(frozen=True, slots=True)
class Money:
    """Losses of arrears in money, against what the probabilities said.

    Of dates a horizon apart, so that what stays open for months counts once.

    Args:
        expected: Σ p × what was open at the date, in the portfolio's currency.
        realised: Σ of what was open where it happened.
        n_unknown: rows of these dates that are left out: what was open is unknown.
    """

    expected: float
    realised: float
    n_unknown: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Customers of one arm of the policy's experiment."""

    name: str
    n: int
    rate: float
    expected_rate: float


@dataclass(frozen=True, slots=True)
class MatureOutcomes:
    """The latest mature dates that came after the training.

    Args:
        first, last: moments of the dates, µs since 1970 UTC.
        n: customer dates with a known outcome.
        n_unknown: those whose outcome nobody can know, such as after a suspicion.
        n_stopped: of both, those of customers stopped within 90 days around the date.
        positives_stopped: positives among the stopped.
        metrics: value and 99 % interval over customers: observed_over_expected,
            calibration_intercept, calibration_slope, auc.
        auc_before: at the training; None where it is not recorded.
        auc_error: standard error of the difference of the two.
        recalibrated: the map that would fit this window; None where the one in force
            does.
        arms: by arm of recorded actions, where there is more than one.
    """

    target: str
    first: int
    last: int
    n: int
    n_positives: int
    n_unknown: int
    n_stopped: int
    positives_stopped: int
    metrics: dict[str, MetricEstimate]
    auc_before: float | None
    auc_error: float | None
    recalibrated: LogOddsMap | None
    money: Money | None
    arms: tuple[Arm, ...]

    @property
    def stopped_share(self) -> float:
        """How much of what is known here rests on customers we stopped."""
        return self.n_stopped / max(self.n + self.n_unknown, 1)

    @property
    def is_level_off(self) -> bool:
        """Whether more or fewer happened than is tolerated, for sure."""
        return self.metrics["observed_over_expected"].is_surely_off

    @property
    def is_slope_off(self) -> bool:
        """Whether the probabilities are too sure, or not sure enough."""
        return self.metrics["calibration_slope"].is_surely_off

    def causes(self) -> Iterator[Cause]:
        """What rings about these outcomes."""
        for is_off, name, text, code in (
            (
                self.is_level_off,
                "observed_over_expected",
                "observed over expected is",
                "level_off",
            ),
            (self.is_slope_off, "calibration_slope", "the slope is", "slope_off"),
        ):
            if is_off:
                one = self.metrics[name]
                why = (
                    f"{self.target}: of {self.n:,} mature outcomes {text}"
                    f" {one.value:.2f} ({CONFIDENCE:.0%} interval {one.low:.2f} to"
                    f" {one.high:.2f})"
                )
                yield Cause("mature_outcomes", code, self.target, why)
        now = self.metrics["auc"].value
        if self.auc_before is not None and self.auc_error is not None:
            fall = self.auc_before - now
            if fall > STANDARD_ERRORS * self.auc_error:
                why = (
                    f"{self.target}: the AUC fell from {self.auc_before:.3f} to"
                    f" {now:.3f}, {fall / self.auc_error:.1f} standard errors"
                )
                yield Cause("mature_outcomes", "auc_fell", self.target, why)


def mature_outcomes(
    portfolio: Portfolio, bundle: Bundle, holdout_days: int | None = None
) -> MatureOutcomes | PendingOutcomes:
    """Judge a model by dates whose outcomes were not known when it was trained.

    Args:
        portfolio: as it is known now.
        bundle: the model.
        holdout_days: after how many the policy draws the arms anew; None: no arms are
            told apart.
    """
    target: Target = "fraud" if bundle.target == "fraud" else "nonpayment"
    window = mature_window(portfolio, bundle)
    if isinstance(window, PendingOutcomes):
        return window
    return _judged(portfolio, bundle, target, window, holdout_days)


def _judged(
    portfolio: Portfolio,
    bundle: Bundle,
    target: Target,
    window: MatureWindow,
    holdout_days: int | None,
) -> MatureOutcomes:
    """What came true beside what was expected, of the pairs whose outcome is known."""
    pairs, label = window.pairs, window.label
    population = present_population(portfolio, bundle, pairs)
    is_known = ~np.isnan(label)
    y, p = label[is_known], population.probability[is_known]
    names = np.asarray(pairs["customer_id"].to_pylist(), dtype=object)
    metrics = _metrics(y, p, customer_blocks(names[is_known].astype(str)))
    before = bundle.metrics.get("auc")
    as_of = window.as_of
    stopped = _is_stopped(portfolio, names.tolist(), as_of.tolist())
    arms: Iterator[Arm] = iter(())
    if holdout_days is not None:
        asked = names[is_known], as_of[is_known], holdout_days
        arms = _arms(_arm_of(portfolio, *asked), y, p)
    found = MatureOutcomes(
        target=target,
        first=int(as_of.min()),
        last=int(as_of.max()),
        n=len(y),
        n_positives=int(y.sum()),
        n_unknown=int((~is_known).sum()),
        n_stopped=int(stopped.sum()),
        positives_stopped=int((stopped & (label == 1.0)).sum()),
        metrics=metrics,
        auc_before=None if before is None else before[0],
        auc_error=None if before is None else _error(metrics["auc"], before),
        recalibrated=None,
        money=_money(population, as_of, label, maturity_us(portfolio, target)[0])
        if target == "nonpayment"
        else None,
        arms=tuple(arms),
    )
    if not (found.is_level_off or found.is_slope_off):
        return found
    return _with_map(found, bundle, p, y)


def _with_map(
    found: MatureOutcomes, bundle: Bundle, p: FloatArray, y: FloatArray
) -> MatureOutcomes:
    """With the map from the model's own margin that fits the window."""
    in_force = bundle.calibration
    z = logit(np.clip(p, 1e-12, 1 - 1e-12))
    margin = (z - in_force.intercept) / in_force.slope
    return replace(found, recalibrated=fit_log_odds_affine(margin, y))


def _metrics(
    y: FloatArray, p: FloatArray, blocks: IntArray
) -> dict[str, MetricEstimate]:
    every = measured(y, p, blocks, confidence=CONFIDENCE)
    return {name: every[name] for name in SHOWN}


def _error(now: MetricEstimate, before: tuple[float, float, float]) -> float:
    """Of the difference of two AUCs, from the widths of their intervals."""
    own = (now.high - now.low) / (2.0 * float(ndtri(0.5 + CONFIDENCE / 2.0)))
    theirs = (before[2] - before[1]) / (2.0 * float(ndtri(0.975)))
    return float(np.hypot(own, theirs))


def _money(
    population: Population, as_of: IntArray, label: FloatArray, horizon_us: int
) -> Money | None:
    """None where what is open is no feature."""
    names = population.features.names
    if "account_open" not in names:
        return None
    apart: list[int] = []
    for moment in np.unique(as_of)[::-1].tolist():
        if not apart or apart[-1] - moment >= horizon_us:
            apart.append(moment)
    chosen = np.isin(as_of, apart) & ~np.isnan(label)
    open_ = population.x[:, names.index("account_open")]
    rows = chosen & ~np.isnan(open_)
    return Money(
        float(population.probability[rows] @ open_[rows]),
        float(label[rows] @ open_[rows]),
        int((chosen & np.isnan(open_)).sum()),
    )


def _is_stopped(
    portfolio: Portfolio, names: Sequence[str], as_of: Sequence[int]
) -> BoolArray:
    """(n,) whether a stop of ours lies near the row's moment."""
    stops = _stops(portfolio)
    near = [
        any(abs(at - moment) <= STOP_DAYS * DAY_US for at in stops.get(who, ()))
        for who, moment in zip(names, as_of, strict=True)
    ]
    return np.array(near, dtype=np.bool_)


def _stops(portfolio: Portfolio) -> dict[str, list[int]]:
    """When each customer was stopped, by recorded actions; none without the table."""
    if "actions" not in portfolio.settings.tables:
        return {}
    actions = portfolio.tables["actions"]
    standing = actions.filter(actions.superseded_at == FOREVER)
    stops = standing.filter(standing.action.isin(["suspend", "block"]))
    table = stops.select("customer_id", "event_at").to_pyarrow()
    moments: dict[str, list[int]] = {}
    ids, event_at = (table[name].to_pylist() for name in table.column_names)
    for who, at in zip(ids, event_at, strict=True):
        moments.setdefault(who, []).append(at)
    return moments


def _arm_of(
    portfolio: Portfolio, names: FloatArray, as_of: IntArray, holdout_days: int
) -> list[str]:
    """The arm of each row (n,): of the customer's actions in the epoch of its date.

    Every epoch draws anew, so an arm of another one tells nothing.
    """
    if "actions" not in portfolio.settings.tables:
        return []
    actions = portfolio.tables["actions"]
    named = actions.filter(
        (actions.superseded_at == FOREVER) & actions.arm.notnull()
    ).select("customer_id", "event_at", "arm")
    rows = named.to_pyarrow().sort_by([("arm", "ascending")])
    ids, at, arm = (rows[name].to_pylist() for name in rows.column_names)
    epoch_us = holdout_days * DAY_US
    drawn = {  # of several the last by name: holdout
        (who, moment // epoch_us): one
        for who, moment, one in zip(ids, at, arm, strict=True)
    }
    return [
        drawn.get((who, moment // epoch_us), "no arm")
        for who, moment in zip(names, as_of.tolist(), strict=True)
    ]


def _arms(arm_of: Sequence[str], y: FloatArray, p: FloatArray) -> Iterator[Arm]:
    """Rows by arm; nothing where all have one."""
    arms = np.array(arm_of)
    if len(set(arm_of)) < 2:
        return
    for name in sorted(set(arm_of)):
        own = arms == name
        yield Arm(name, int(own.sum()), float(y[own].mean()), float(p[own].mean()))
