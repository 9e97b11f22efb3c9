"""The labels audit: how non-payment should be defined, and how long waited for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.arrays import FloatArray, IntArray
from features.fraud_records import fraud_records
from features.fraud_signs import FraudSigns
from features.labels import labels
from features.maturity import KINDS, maturity_us
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import TARGETS, Target
from training.audits.courses import (
    DAYS_PAST_DUE,
    STAND_IN_DAYS,
    Course,
    courses,
    has_losses,
    sampled_customers,
    with_stand_in,
)
from training.audits.label_counts import (
    FEWEST,
    Share,
    Vintage,
    arrival_curve,
    delays_to_default,
    loss_caught,
    roll_rates,
    roll_to_loss,
    separate_losses,
    share,
    vintages,
)
from training.trained_model import Progress

ROLLS, EVENTUAL = 0.70, 0.90  # what a definition, and a horizon, should reach
HORIZONS = (30, 45, 60, 90, 120, 150, 180, 270, 365)  # days
Curve = tuple[IntArray, FloatArray]  # days, share arrived


@dataclass(frozen=True)
class BaseRate:
    """Of one date: how many are bad; None where too few have a label."""

    on: date
    n: int
    rate: Share | None
    is_mature: bool


@dataclass(frozen=True)
class LabelsAudit:
    """What the data say of the labels.

    Args:
        n_customers, n_looked_at: in the portfolio, and in the sample.
        is_loss_stand_in: nothing is ever written off, so 180 days late count as lost.
        roll_to_loss, loss_caught: by days past due.
        horizon: share of eventual defaults within each horizon, in days.
        days_past_due, horizon_days: recommended; None where the data cannot say.
        compared_days_past_due: the definition that vintages and horizon count by.
        maturity: by target, how long after a snapshot its bad labels become known.
        delays: by kind of evidence of fraud, from the event to its knowledge.
        base_rates: by target, date by date.
        unsaid: what the data cannot tell, and why.
    """

    portfolio: str
    stated_days_past_due: int
    stated_horizon_days: int
    n_customers: int
    n_looked_at: int
    n_billed: int
    n_losses: int
    is_loss_stand_in: bool
    roll_rates: Mapping[str, Mapping[str, float]]
    roll_to_loss: Mapping[int, Share | None]
    loss_caught: Mapping[int, Share | None]
    vintages: Sequence[Vintage]
    horizon: Mapping[int, float]
    days_past_due: int | None
    compared_days_past_due: int
    horizon_days: int | None
    maturity: Mapping[Target, Curve]
    delays: Mapping[str, Curve]
    base_rates: Mapping[Target, Sequence[BaseRate]]
    unsaid: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        def shares(by_days: Mapping[int, Share | None]) -> dict[str, Any]:
            return {str(n): s and s.to_json() for n, s in by_days.items()}

        def curves(by_name: Mapping[Any, Curve]) -> dict[str, Any]:
            return {
                str(name): {"days": days.tolist(), "arrived": arrived.tolist()}
                for name, (days, arrived) in by_name.items()
            }

        return {
            "portfolio": self.portfolio,
            "stated": {
                "days_past_due": self.stated_days_past_due,
                "horizon_days": self.stated_horizon_days,
            },
            "recommended": {
                "days_past_due": self.days_past_due,
                "horizon_days": self.horizon_days,
            },
            "compared_days_past_due": self.compared_days_past_due,
            "n_customers": self.n_customers,
            "n_looked_at": self.n_looked_at,
            "n_losses": self.n_losses,
            "is_loss_stand_in": self.is_loss_stand_in,
            "roll_rates": {k: dict(v) for k, v in self.roll_rates.items()},
            "roll_to_loss": shares(self.roll_to_loss),
            "loss_caught": shares(self.loss_caught),
            "vintages": [
                {"quarter": v.name, "n": v.n_customers, "ever_late": list(v.shares)}
                for v in self.vintages
            ],
            "horizon": {str(k): v for k, v in self.horizon.items()},
            "maturity": curves(self.maturity),
            "delays": curves(self.delays),
            "base_rates": {
                target: [
                    {
                        "on": one.on.isoformat(),
                        "n": one.n,
                        "is_mature": one.is_mature,
                        "rate": one.rate and one.rate.to_json(),
                    }
                    for one in rates
                ]
                for target, rates in self.base_rates.items()
            },
            "unsaid": list(self.unsaid),
        }


def audit_labels(
    portfolio: Portfolio, *, seed: int = 0, progress: Progress = lambda _: None
) -> LabelsAudit:
    """Count what became of arrears, and how long labels take. Writes nothing.

    Args:
        portfolio: an opened portfolio.
        seed: of the sample of customers, where there are more than 3,000.
        progress: called with one line per step.
    """
    terms, until = portfolio.settings.labels.nonpayment, portfolio.observed_until
    ids = sampled_customers(portfolio, seed)
    progress(f"following the arrears of {len(ids):,} customers")
    everyone = courses(portfolio, ids)
    unsaid = []
    is_stand_in = bool(everyone) and not has_losses(everyone)
    if is_stand_in:
        everyone = with_stand_in(everyone)
        unsaid.append(
            f"nothing is ever written off: {STAND_IN_DAYS} days past due count as lost"
        )
    months = _months(portfolio, everyone)
    rolls = roll_to_loss(everyone, until)
    n_days = next((n for n, s in rolls.items() if s and s.value >= ROLLS), None)
    late = n_days or terms.days_past_due
    compared = late if late in DAYS_PAST_DUE else 60
    horizon = _horizon(everyone, compared, months, until)
    unsaid += _unsaid(everyone, n_days, horizon)
    if (records := fraud_records(portfolio)) is not None:
        unsaid.append(records.text(portfolio.settings.zone))
    progress("labelling every date")
    rates, maturity = _labelled(portfolio, ids)
    zone = portfolio.settings.zone
    quarters = {c.customer_id: _quarter(c.first_at, zone) for c in everyone}
    return LabelsAudit(
        portfolio=portfolio.settings.name,
        stated_days_past_due=terms.days_past_due,
        stated_horizon_days=terms.horizon_days,
        n_customers=len(portfolio.customer_ids),
        n_looked_at=len(ids),
        n_billed=len(everyone),
        n_losses=sum(len(separate_losses(c)) for c in everyone),
        is_loss_stand_in=is_stand_in,
        roll_rates=roll_rates(everyone, months),
        roll_to_loss=rolls,
        loss_caught=loss_caught(everyone),
        vintages=vintages(everyone, compared, until, quarters),
        horizon=horizon,
        days_past_due=n_days,
        compared_days_past_due=compared,
        horizon_days=next((h for h, s in horizon.items() if s >= EVENTUAL), None),
        maturity=maturity,
        delays=_delays(portfolio),
        base_rates=rates,
        unsaid=unsaid,
    )


def _unsaid(
    everyone: Sequence[Course], n_days: int | None, horizon: Mapping[int, float]
) -> Iterator[str]:
    """What these data do not bear."""
    if not everyone:
        yield "no invoices or reports: roll rates, vintages and horizon"
        return
    if n_days is None:
        yield (
            f"no definition rolls to loss in {ROLLS:.0%} of the cases, or too few were"
            " followed for half a year: days past due"
        )
    if not horizon:
        yield f"fewer than {FEWEST} defaults on invoices: horizon"


def _months(portfolio: Portfolio, everyone: Sequence[Course]) -> list[int]:
    """Local first days of months in which somebody was observed."""
    if not everyone:
        return []
    zone, first = portfolio.settings.zone, min(course.first_at for course in everyone)
    at = datetime.fromtimestamp(first / 1e6, zone)
    months: list[int] = []
    year, month = at.year, at.month
    while True:
        month += 1
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
        moment = int(datetime(year, month, 1, tzinfo=zone).timestamp() * 1e6)
        if moment > portfolio.observed_until:
            return months
        months.append(moment)


def _quarter(moment: int, zone: ZoneInfo) -> str:
    """The local quarter, as months are local, too.

    >>> new_year = 1_767_222_000_000_000  # 2025-12-31 23:00 UTC
    >>> _quarter(new_year, ZoneInfo("Europe/Berlin"))
    '2026 Q1'
    """
    at = datetime.fromtimestamp(moment / 1e6, zone)
    return f"{at.year} Q{(at.month + 2) // 3}"


def _horizon(
    everyone: Sequence[Course], n_days: int, months: Sequence[int], until: int
) -> dict[int, float]:
    delay, seen_for = delays_to_default(everyone, n_days, months, until)
    if len(delay) < FEWEST:
        return {}
    days, arrived = arrival_curve(delay, seen_for)
    places = np.searchsorted(days, HORIZONS, side="right")
    return {
        h: float(arrived[i - 1]) if i else 0.0
        for h, i in zip(HORIZONS, places.tolist(), strict=True)
    }


def _labelled(
    portfolio: Portfolio, ids: Sequence[str]
) -> tuple[dict[Target, list[BaseRate]], dict[Target, Curve]]:
    """By target the base rates of dates, and how long bad labels take to be known."""
    pairs = snapshots(portfolio, ids)
    rates: dict[Target, list[BaseRate]] = {}
    maturity: dict[Target, Curve] = {}
    for target in TARGETS if pairs.num_rows else ():
        table = labels(portfolio, pairs, target)
        known = _base_rates(portfolio, table)
        if any(one.rate and one.rate.n for one in known):
            rates[target] = known
            label = table["label"].to_numpy(zero_copy_only=False)
            as_of = table["as_of"].to_numpy()
            known_at = table["known_at"].to_numpy()
            horizon_us, lag_us = maturity_us(portfolio, target)
            bad = (label == 1.0) & (known_at <= portfolio.observed_until)
            seen_for = np.minimum(portfolio.observed_until - as_of, horizon_us + lag_us)
            if bad.sum() >= FEWEST:
                delay = np.minimum((known_at - as_of)[bad], seen_for[bad])
                maturity[target] = arrival_curve(delay, seen_for[bad])
    return rates, maturity


def _base_rates(portfolio: Portfolio, table: pa.Table) -> list[BaseRate]:
    label = table["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    as_of, mature_at = table["as_of"].to_numpy(), table["mature_at"].to_numpy()
    known = []
    for moment in np.unique(as_of).tolist():
        here = (as_of == moment) & ~np.isnan(label)
        is_mature = bool((mature_at[as_of == moment] <= portfolio.observed_until).all())
        n, n_bad = int(here.sum()), int(label[here].sum())
        on = datetime.fromtimestamp(moment / 1e6, portfolio.settings.zone).date()
        rate = share(n_bad, n) if is_mature else None
        known.append(BaseRate(on, n, rate, is_mature))
    return known


def _delays(portfolio: Portfolio) -> dict[str, Curve]:
    signs, curves = FraudSigns(portfolio), {}
    for kind in KINDS:
        delay, seen_for = signs.delays(kind, portfolio.observed_until)
        is_recorded = delay > 0
        if is_recorded.sum() >= FEWEST:
            curves[str(kind)] = arrival_curve(delay[is_recorded], seen_for[is_recorded])
    return curves
