"""A draft of typed thresholds: readable, never live, and never better than costs."""

from datetime import UTC, datetime

import numpy as np
import pytest

from advice.advisor import Advisor
from advice.rehearsal.tuning import Draft, tune
from decisions.policy.check import check
from decisions.policy.load import parse_policy
from features.portfolio import Portfolio


@pytest.fixture(scope="module")
def draft(advisor: Advisor, portfolio: Portfolio) -> Draft:
    return tune(advisor, portfolio, 3)


def test_a_draft_is_a_policy_in_force_for_nobody(draft: Draft) -> None:
    policy = parse_policy(draft.policy)
    assert policy.document.mode == "thresholds"
    assert policy.in_force(datetime(2026, 6, 1, tzinfo=UTC)) is None
    assert policy.document.approved_by is None
    assert "DRAFT" in policy.document.title
    assert [f.code for f in check(policy)] == ["no_cases"]
    assert policy.document.review.capacity_per_day == draft.reviews_per_day


def test_thresholds_never_save_more_than_costs_and_something(draft: Draft) -> None:
    best, *others = draft.saved
    assert best.saving > 0.0
    assert best.share == pytest.approx(1.0)
    assert all(0.0 < way.share <= 1.0 for way in others)


def test_thresholds_rise_with_severity(draft: Draft) -> None:
    for tier in parse_policy(draft.policy).document.thresholds:
        for target in (tier.nonpayment, tier.fraud):
            assert np.all(np.diff(list(target.values())) >= 0)
            assert all(0.0 < p <= 1.0 for p in target.values())
