"""A promotion says what a shadow saw, and what passes unseen."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from decisions.policy_file.load import default_policy
from features.settings import PortfolioSettings
from store.shadows import Decider, Shadow
from training import promotion
from training.shadow_gate import LEAST_DAYS, LEAST_DECISIONS, shadow_gate

CHAMPIONS = {"fraud": "f-1", "nonpayment": "n-1"}
OLD = Decider(CHAMPIONS, "p1")
NEW = Decider({"fraud": "f-1", "nonpayment": "n-2"}, "p1")
DAY_US = 86_400_000_000
SEEN = Shadow(
    "s1", OLD, NEW, first_at=0, last_at=LEAST_DAYS * DAY_US, n=LEAST_DECISIONS
)


def outcome(*shadows: Shadow, is_required: bool = False) -> bool | None:
    gate = shadow_gate(
        "nonpayment", "n-2", CHAMPIONS, shadows, "p1", is_required=is_required
    )
    assert gate.name == "shadow"
    return gate.is_passed


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        ({}, True),
        ({"n_different": LEAST_DECISIONS // 5}, True),
        ({"n_different": LEAST_DECISIONS // 5 + 1}, False),
        ({"n_failed": 1}, False),
        ({"n": LEAST_DECISIONS - 1}, None),
        ({"last_at": LEAST_DAYS * DAY_US - 1}, None),
        ({"first_at": None, "last_at": None, "n": 0}, None),
        ({"stops_before": 6, "stops_after": 12}, True),
        ({"stops_before": 6, "stops_after": 13}, False),
        ({"stops_before": 0, "stops_after": 10}, True),
        ({"stops_before": 0, "stops_after": 11}, False),
    ],
    ids=str,
)
def test_what_a_shadow_saw_decides(change: dict[str, int], passed: bool | None) -> None:
    assert outcome(replace(SEEN, **change)) is passed  # type: ignore[arg-type]


def test_what_is_asked_for_is_not_passed_where_it_is_not_there() -> None:
    assert outcome() is None
    assert outcome(is_required=True) is False
    few = replace(SEEN, n=3)
    assert outcome(few, is_required=True) is False
    assert outcome(SEEN, is_required=True) is True


@pytest.mark.parametrize(
    "other",
    [
        replace(SEEN, champion=Decider({"nonpayment": "n-0"}, "p1")),
        replace(SEEN, challenger=Decider({"fraud": "f-1", "nonpayment": "n-3"}, "p1")),
        replace(SEEN, challenger=replace(NEW, policy_hash="p2")),
    ],
    ids=["another champion", "another challenger", "another policy as well"],
)
def test_a_shadow_of_others_says_nothing(other: Shadow) -> None:
    assert outcome(other) is None
    assert outcome(other, SEEN) is True


def test_a_shadow_under_a_policy_that_is_in_force_no_more_says_nothing() -> None:
    """However many decisions it has seen."""
    former = replace(
        SEEN,
        champion=replace(OLD, policy_hash="p0"),
        challenger=replace(NEW, policy_hash="p0"),
        n=10 * LEAST_DECISIONS,
    )
    assert outcome(former) is None
    assert outcome(former, is_required=True) is False
    worse = replace(SEEN, n_different=LEAST_DECISIONS)
    assert outcome(former, worse) is False


@pytest.mark.parametrize("currency", ["EUR", "CHF"])
def test_decisions_record_the_policy_in_the_portfolios_currency(currency: str) -> None:
    policy = default_policy()
    bundle = SimpleNamespace(settings=PortfolioSettings(currency=currency))
    recorded = promotion._recorded_hash(policy, bundle)  # type: ignore[arg-type]
    assert (recorded == policy.hash) is (currency == policy.document.currency)
