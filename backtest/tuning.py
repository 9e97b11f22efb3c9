"""Thresholds in tiers, and a review capacity, derived from a policy's costs."""

from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np
import pyarrow as pa

from advice.advisor import Advisor
from advice.knowledge import require_same
from backtest.draft import draft_of
from backtest.errors import NothingPricedError, UnpricedPolicyError
from backtest.plan import Assumptions
from backtest.scores import Floats, probabilities
from backtest.stakes import stakes_at
from backtest.tiers import Grid, ScoredBook, held_out, plainest, tiers
from decisions.actions import REVIEW
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.snapshots import book_snapshots, latest_snapshots

EXPOSURE_TIERS = (1, 2, 3, 5, 8)
CLV_TIERS = (1, 2, 3)
N_LOOKS, EVERY_DAYS = 6, 30


@dataclass(frozen=True)
class Priced:
    """What a way of deciding saves each time everybody is looked at once.

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

    `reviews` customers would be reviewed each time everybody is looked at, of whom
    `reviews_per_day` fit when each is looked at again after the usual rest.
    """

    policy: str
    currency: str
    n_customers: int
    saved: tuple[Priced, ...]
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
        as_of: µs, the last of the days looked at; default the latest the portfolio
            knows.

    Raises:
        SettingsDifferError, UnpricedPolicyError: they do not fit, or state no costs.
        NothingPricedError: of nobody it is known what is at stake.
    """
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    book = _scored(advisor, portfolio, as_of)
    looks = len(book.p_fraud) / book.n_customers
    best = book.costs.argmin(axis=1)
    tried = _tried(book, n_tiers, n_clv_tiers)
    chosen = plainest(tried)
    reviewed = best == REVIEW
    capacity = ceil(reviewed.sum() / looks / Assumptions().review_rest_days)
    without = np.delete(book.costs[reviewed], REVIEW, axis=1).min(axis=1)
    name = portfolio.settings.name
    return Draft(
        policy=draft_of(advisor.policy, tiers(book, chosen), capacity, name),
        currency=advisor.policy.document.currency,
        n_customers=book.n_customers,
        saved=_priced(book.saving(best), tried, chosen, looks),
        reviews=round(reviewed.sum() / looks),
        reviews_per_day=capacity,
        review_gain=float((without - book.costs[reviewed, REVIEW]).sum() / looks),
    )


def _tried(
    book: ScoredBook, n_tiers: int | None, n_clv_tiers: int | None
) -> dict[Grid, Floats]:
    """Saving per customer of every grid that may be asked for, held out."""
    exposure = EXPOSURE_TIERS if n_tiers is None else (n_tiers,)
    has_values = book.stakes.clv.min() < book.stakes.clv.max()
    clv = CLV_TIERS if has_values else (1,)
    clv = clv if n_clv_tiers is None else (n_clv_tiers,)
    grids = [Grid(*counts) for counts in product(exposure, clv)]
    return {grid: held_out(book, grid) for grid in grids}


def _priced(
    best: Floats, tried: dict[Grid, Floats], chosen: Grid, looks: float
) -> tuple[Priced, ...]:
    least = float(best.sum())
    found = [Priced("cost mode, each customer alone", least / looks, float(least > 0))]
    for grid, saved in tried.items():
        saving = float(saved.sum())
        share = saving / least if least > 0 else 0.0
        title = f"thresholds, {grid} tiers"
        found.append(Priced(title, saving / looks, share, grid == chosen))
    return tuple(found)


def _scored(advisor: Advisor, portfolio: Portfolio, as_of: int | None) -> ScoredBook:
    terms = advisor.policy.latest
    if terms.model is None:
        raise UnpricedPolicyError(advisor.policy.reference)
    snapshots = _snapshots(portfolio, as_of)
    stakes = stakes_at(portfolio, terms, snapshots)
    if not stakes.customer_ids:
        raise NothingPricedError(snapshots.num_rows)
    p = probabilities(advisor, portfolio, stakes.snapshots)
    nobody = np.zeros(len(stakes.customer_ids))
    return ScoredBook(
        stakes=stakes,
        p_fraud=p.get("fraud", nobody),
        p_nonpayment=p.get("nonpayment", nobody),
        rho=advisor.nonpayment_given_fraud,
        model=terms.model,
    )


def _snapshots(portfolio: Portfolio, as_of: int | None) -> pa.Table:
    """The portfolio's own, else several days: a single one is mostly chance."""
    if as_of is None and "snapshots" in portfolio.settings.tables:
        return latest_snapshots(portfolio)
    last = portfolio.latest_known_at if as_of is None else as_of
    moments = [last - k * EVERY_DAYS * DAY_US for k in reversed(range(N_LOOKS))]
    return book_snapshots(portfolio, moments)
