"""A draft of typed thresholds: readable, never live, and as fine as it pays."""

from datetime import UTC, datetime

import numpy as np
import pytest

from advice.advisor import Advisor
from advice.stakes import Stakes
from backtest.tiers import (
    Grid,
    ScoredPortfolio,
    held_out_saving,
    simplest,
    tiers,
    typed,
)
from backtest.tuning import CLV_TIERS, EXPOSURE_TIERS, Draft, tune
from decisions.policy_file.check import check
from decisions.policy_file.load import (
    Policy,
    default_policy,
    parse_document,
    parse_policy,
)
from features.portfolio import Portfolio


@pytest.fixture(scope="module")
def draft(advisor: Advisor, portfolio: Portfolio) -> Draft:
    return tune(advisor, portfolio)


def scored_portfolio(n: int, *, by_clv: bool, seed: int = 0) -> ScoredPortfolio:
    """Customers of two exposures; where `by_clv`, of very different values too."""
    random = np.random.default_rng(seed)
    exposure = random.choice([60.0, 6_000.0], n)
    clv = 10.0 ** random.uniform(1.5, 5.0, n) if by_clv else np.full(n, 900.0)
    terms = default_policy().latest
    assert terms.model is not None
    half = exposure / 2
    ids = tuple(f"c{i}" for i in range(n))
    return ScoredPortfolio(
        stakes=Stakes(ids, np.zeros(n, dtype=np.int64), half, half, half, clv),
        p_fraud=np.full(n, 0.001),
        p_nonpayment=random.beta(0.6, 3.0, n),
        rho=0.0,
        model=terms.model,
    )


def test_a_draft_is_a_policy_in_force_for_nobody(draft: Draft) -> None:
    policy = parse_policy(draft.policy)
    assert policy.document.mode == "thresholds"
    assert policy.in_force(datetime(2026, 6, 1, tzinfo=UTC)) is None
    assert policy.document.approved_by is None
    assert "DRAFT" in policy.document.title
    assert [f.code for f in check(policy)] == ["no_cases"]
    assert policy.document.review.capacity_per_day == draft.reviews_per_day


def test_every_way_of_deciding_is_priced_and_one_is_drafted(draft: Draft) -> None:
    best, *others = draft.saved
    assert best.saving > 0.0
    assert best.share == pytest.approx(1.0)
    assert len(others) == len(EXPOSURE_TIERS) * len(CLV_TIERS)
    assert all(way.share <= 1.0 for way in others)
    [drafted] = [way for way in others if way.is_drafted]
    assert drafted.share > 0.0


def test_who_asks_for_tiers_gets_them(advisor: Advisor, portfolio: Portfolio) -> None:
    asked = tune(advisor, portfolio, n_tiers=3, n_clv_tiers=2)
    assert [way.title for way in asked.saved[1:]] == ["thresholds, 3 × 2 tiers"]
    rows = parse_policy(asked.policy).document.thresholds
    assert 1 < len({row.exposure_from for row in rows}) <= 3
    assert len(rows) <= 6


def test_thresholds_are_probabilities_and_rise(draft: Draft) -> None:
    for tier in parse_policy(draft.policy).document.thresholds:
        for target in (tier.nonpayment, tier.fraud):
            assert np.all(np.diff(list(target.values())) >= 0)
            assert all(0.0 < p <= 1.0 for p in target.values())


def test_value_makes_tiers_where_it_matters_and_none_where_not() -> None:
    chosen = {}
    for by_clv in (False, True):
        scored = scored_portfolio(1_500, by_clv=by_clv)
        grids = [Grid(2, n) for n in (1, 2, 3)]
        chosen[by_clv] = simplest(
            {grid: held_out_saving(scored, grid) for grid in grids}
        )
    assert chosen[False].clv == 1 < chosen[True].clv


def test_finer_tiers_save_more_where_they_were_fitted_and_not_elsewhere() -> None:
    """Why tiers are judged by customers they were not fitted to."""
    scored = scored_portfolio(120, by_clv=False)
    fine, coarse = Grid(20, 1), Grid(2, 1)
    fitted = {
        g: scored.saving(typed(tiers(scored, g), scored)).sum() for g in (fine, coarse)
    }
    assert fitted[fine] >= fitted[coarse]
    assert simplest({g: held_out_saving(scored, g) for g in (fine, coarse)}) == coarse


@pytest.mark.parametrize("grid", [Grid(1, 1), Grid(3, 1), Grid(2, 3), Grid(8, 5)])
def test_any_grid_is_one_a_policy_may_have(grid: Grid) -> None:
    """Each customer in one tier, and the engine proposes what was priced."""
    scored = scored_portfolio(300, by_clv=True)
    found = tiers(scored, grid)
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    rows = [tier.model_dump(mode="json") for tier in found]
    changed = values | {"mode": "thresholds", "thresholds": rows, "cases": []}
    assert len(Policy(parse_document(changed, "test")).latest.typed) == len(rows)
    assert len(rows) <= grid.exposure * grid.clv
    assert scored.saving(typed(found, scored)).sum() > 0.0


def test_thresholds_move_to_where_no_other_place_of_the_grid_costs_less() -> None:
    scored = scored_portfolio(400, by_clv=False)
    [tier] = tiers(scored, Grid(1, 1))
    saved = scored.saving(typed([tier], scored)).sum()
    for target in ("nonpayment", "fraud"):
        for action in getattr(tier, target):
            for p in (0.02, 0.1, 0.25, 0.4, 0.6, 0.8):
                moved = getattr(tier, target) | {action: p}
                other = tier.model_copy(update={target: moved})
                assert scored.saving(typed([other], scored)).sum() <= saved + 0.1
