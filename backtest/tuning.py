"""Thresholds in tiers, and a review capacity, derived from a policy's costs."""

from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np
import pyarrow as pa

from advice.advisor import Advisor
from advice.knowledge import require_same
from advice.stakes import stakes_at
from backtest.assumptions import Assumptions
from backtest.draft import draft_of
from backtest.errors import NothingPricedError, UnpricedPolicyError
from backtest.scores import probabilities
from backtest.tiers import Grid, ScoredPortfolio, held_out_saving, simplest, tiers
from decisions.actions import REVIEW
from features.arrays import FloatArray
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.snapshots import book_snapshots, latest_snapshots

EXPOSURE_TIERS = (1, 2, 3, 5, 8)
CLV_TIERS = (1, 2, 3)
N_SNAPSHOT_DAYS, EVERY_DAYS = 6, 30


@dataclass(frozen=True)
class PricedMode:
    """What a way of deciding saves each time everybody is decided about once.

    `share` is of the cost mode. Tiers are priced for customers they were not fitted
    to.
    """

    title: str
    saving: float
    share: float
    is_drafted: bool = False


@dataclass(frozen=True)
class Draft:
    """A proposal, never live: `policy` in YAML, and what it would save.

    `reviews` customers would be reviewed each time everybody is decided about. They are
    `reviews_per_day` a day when each is decided about again after the usual rest.
    """

    policy: str
    currency: str
    n_customers: int
    saved: tuple[PricedMode, ...]
    reviews: int
    reviews_per_day: int
    review_gain: float


def tune(
    advisor: Advisor,
    portfolio: Portfolio,
    *,
    n_tiers: int | None = None,
    n_clv_tiers: int | None = None,
    as_of: int | None = None,
) -> Draft:
    """Propose typed thresholds and a review capacity for `advisor.policy`.

    Args:
        advisor: models, and the policy whose costs are used.
        portfolio: whose customers are counted; its settings must be the models'.
        n_tiers: tiers of exposure; default as many as pay.
        n_clv_tiers: tiers of lifetime value within each; default as many as pay.
        as_of: µs, the last of the days that count; default the latest the portfolio
            knows.

    Raises:
        SettingsDifferError, UnpricedPolicyError: they do not fit, or state no costs.
        NothingPricedError: of no customer is it known what is at stake.
    """
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    scored = _scored(advisor, portfolio, as_of)
    n_days = len(scored.p_fraud) / scored.n_customers
    best = scored.costs.argmin(axis=1)
    savings = _savings(scored, n_tiers, n_clv_tiers)
    chosen = simplest(savings)
    is_reviewed = best == REVIEW
    capacity = ceil(is_reviewed.sum() / n_days / Assumptions().review_rest_days)
    review_costs = scored.costs[is_reviewed]
    without = np.delete(review_costs, REVIEW, axis=1).min(axis=1)
    name = portfolio.settings.name
    return Draft(
        policy=draft_of(advisor.policy, tiers(scored, chosen), capacity, name),
        currency=advisor.policy.document.currency,
        n_customers=scored.n_customers,
        saved=_priced(scored.saving(best), savings, chosen, n_days),
        reviews=round(is_reviewed.sum() / n_days),
        reviews_per_day=capacity,
        review_gain=float((without - review_costs[:, REVIEW]).sum() / n_days),
    )


def _savings(
    scored: ScoredPortfolio, n_tiers: int | None, n_clv_tiers: int | None
) -> dict[Grid, FloatArray]:
    """Held-out saving per customer of every grid that is compared."""
    exposure = EXPOSURE_TIERS if n_tiers is None else (n_tiers,)
    has_values = scored.stakes.clv.min() < scored.stakes.clv.max()
    clv = CLV_TIERS if has_values else (1,)
    clv = clv if n_clv_tiers is None else (n_clv_tiers,)
    grids = [Grid(*counts) for counts in product(exposure, clv)]
    return {grid: held_out_saving(scored, grid) for grid in grids}


def _priced(
    best: FloatArray, savings: dict[Grid, FloatArray], chosen: Grid, n_days: float
) -> tuple[PricedMode, ...]:
    most = float(best.sum())
    modes = [
        PricedMode("cost mode, each customer alone", most / n_days, float(most > 0))
    ]
    for grid, per_customer in savings.items():
        saving = float(per_customer.sum())
        share = saving / most if most > 0 else 0.0
        title = f"thresholds, {grid} tiers"
        modes.append(PricedMode(title, saving / n_days, share, grid == chosen))
    return tuple(modes)


def _scored(
    advisor: Advisor, portfolio: Portfolio, as_of: int | None
) -> ScoredPortfolio:
    terms = advisor.policy.latest
    if terms.model is None:
        raise UnpricedPolicyError(advisor.policy.reference)
    snapshots = _snapshots(portfolio, as_of)
    stakes = stakes_at(portfolio, terms, snapshots)
    if not stakes.customer_ids:
        raise NothingPricedError(snapshots.num_rows)
    p = probabilities(advisor, portfolio, stakes.snapshots)
    no_model = np.zeros(len(stakes.customer_ids))
    return ScoredPortfolio(
        stakes=stakes,
        p_fraud=p.get("fraud", no_model),
        p_nonpayment=p.get("nonpayment", no_model),
        rho=advisor.nonpayment_given_fraud,
        model=terms.model,
    )


def _snapshots(portfolio: Portfolio, as_of: int | None) -> pa.Table:
    """The portfolio's own, else of several days: a single day is mostly chance."""
    if as_of is None and "snapshots" in portfolio.settings.tables:
        return latest_snapshots(portfolio)
    last = portfolio.latest_moment if as_of is None else as_of
    moments = [last - k * EVERY_DAYS * DAY_US for k in reversed(range(N_SNAPSHOT_DAYS))]
    return book_snapshots(portfolio, moments)
