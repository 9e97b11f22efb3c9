"""What reviews found, by the record, and the draft that is made of it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from backtest.draft import calibrated_draft
from backtest.review_effect import ReviewEffect, review_effect
from decisions import default_policy
from decisions.policy_file.load import parse_document
from features.portfolio import Portfolio

SETTINGS = """\
name: reviewed
currency: EUR
timezone: Europe/Brussels
observed_until: 2026-06-30T22:00:00Z
"""
CUSTOMERS = "customer_id,event_at,known_at\n" + "".join(
    f"{name},2025-01-01T09:00:00Z,2025-01-01T09:00:00Z\n"
    for name in ("found", "missed", "charged_back", "mistaken", "cleared", "young")
)
ACTIONS = """\
customer_id,event_at,action
found,2025-05-01T09:00:00Z,review
found,2025-05-03T09:00:00Z,review
missed,2025-05-01T09:00:00Z,review
charged_back,2025-05-01T09:00:00Z,review
mistaken,2025-05-01T09:00:00Z,review
cleared,2025-05-01T09:00:00Z,review
cleared,2025-05-02T09:00:00Z,suspend
young,2026-05-01T09:00:00Z,review
"""
OUTCOMES = """\
customer_id,event_at,kind,source,strength
found,2025-05-02T09:00:00Z,fraud,review,analyst
missed,2025-06-20T09:00:00Z,fraud,bank,chargeback
mistaken,2025-05-02T09:00:00Z,fraud,review,analyst
mistaken,2025-05-09T09:00:00Z,fraud_cleared,review,analyst
cleared,2025-04-01T09:00:00Z,fraud_cleared,review,analyst
young,2026-05-02T09:00:00Z,fraud,review,analyst
"""
DISPUTES = """\
customer_id,event_at,dispute_id,kind,status
charged_back,2025-07-01T09:00:00Z,d1,chargeback_fraud,opened
cleared,2025-12-01T09:00:00Z,d2,chargeback_fraud,opened
"""


def _portfolio(folder: Path, **tables: str) -> Portfolio:
    (folder / "portfolio.yaml").write_text(SETTINGS)
    for name, text in ({"customers": CUSTOMERS} | tables).items():
        (folder / f"{name}.csv").write_text(text)
    return Portfolio.open_usable(folder)


def test_each_review_is_found_missed_mistaken_or_cleared(tmp_path: Path) -> None:
    """What comes after the horizon was not missed; two looks soon after are one."""
    portfolio = _portfolio(
        tmp_path, actions=ACTIONS, outcomes=OUTCOMES, disputes=DISPUTES
    )
    effect = review_effect(portfolio)
    assert effect == ReviewEffect(n_reviews=5, n_found=1, n_missed=2, n_mistaken=1)
    assert effect.n_cleared == 1


LATE = """\
customer_id,event_at,known_at,kind,source,strength
found,2025-04-20T09:00:00Z,2025-05-10T09:00:00Z,fraud,review,analyst
missed,2025-05-31T09:00:00Z,2025-05-31T09:00:00Z,fraud,review,analyst
charged_back,2025-04-01T09:00:00Z,2025-06-30T09:00:00Z,fraud,bank,chargeback
mistaken,2025-05-31T09:00:00Z,2025-05-31T09:00:00Z,fraud,review,analyst
mistaken,2025-06-09T09:00:00Z,2025-06-09T09:00:00Z,fraud_cleared,review,analyst
cleared,2025-04-01T09:00:00Z,2025-04-02T09:00:00Z,fraud,review,analyst
"""


def test_what_became_known_after_the_review_was_there_to_be_found(
    tmp_path: Path,
) -> None:
    """Known in time: found. Late, or dated before: missed. Known before: neither."""
    effect = review_effect(_portfolio(tmp_path, actions=ACTIONS, outcomes=LATE))
    assert effect == ReviewEffect(n_reviews=5, n_found=1, n_missed=2, n_mistaken=0)
    assert effect.n_cleared == 2


def test_weekly_reviews_of_a_year_are_not_one(tmp_path: Path) -> None:
    days = [date(2024, 6, 1) + timedelta(weeks=week) for week in range(52)]
    actions = "customer_id,event_at,action\n" + "".join(
        f"cleared,{day}T09:00:00Z,review\n" for day in days
    )
    portfolio = _portfolio(tmp_path, actions=actions, outcomes=OUTCOMES)
    assert review_effect(portfolio).n_reviews == 18  # every third


def test_without_a_record_nothing_is_measured(tmp_path: Path) -> None:
    effect = review_effect(_portfolio(tmp_path, actions=ACTIONS))
    assert (effect.n_reviews, effect.n_found, effect.n_missed) == (0, 0, 0)


@pytest.mark.parametrize(
    ("n_found", "n_missed"), [(8, 2), (80, 20), (3, 0)], ids=["few", "many", "all"]
)
def test_more_reviews_narrow_the_interval(n_found: int, n_missed: int) -> None:
    effect = ReviewEffect(
        n_reviews=500, n_found=n_found, n_missed=n_missed, n_mistaken=0
    )
    value, low, high = effect.found_share()
    assert 0.0 < low < value < high < 1.0
    more = ReviewEffect(
        n_reviews=5_000, n_found=10 * n_found, n_missed=10 * n_missed, n_mistaken=0
    ).found_share()
    assert more.high - more.low < high - low


def test_the_draft_says_what_was_measured_and_is_in_force_for_nobody() -> None:
    policy = default_policy()
    effect = ReviewEffect(n_reviews=237, n_found=10, n_missed=1, n_mistaken=11)
    values = yaml.safe_load(calibrated_draft(policy, effect, "lumen"))
    document = parse_document(values, "draft")
    costs, own = document.costs, policy.document.costs
    assert costs is not None
    assert own is not None
    review, suspend = costs.actions["review"], own.actions["suspend"]
    share = effect.found_share()
    assert review.stop[1].value == pytest.approx(
        share.value * suspend.stop[1].value, abs=1e-3
    )
    assert review.stop[1].low < review.stop[1].value < review.stop[1].high
    assert review.measured_on == "237 reviews of lumen"
    assert costs.actions["remind"] == own.actions["remind"]
    assert document.effective_from.year == 2999
