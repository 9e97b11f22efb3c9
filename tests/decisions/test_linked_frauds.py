"""Who shares an instrument or a device with known frauds comes before a person."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.actions import REVIEW, SEVERITY
from decisions.policy_file.load import parse_document
from decisions.rules.linked import linked_frauds
from features.facts import (
    ActiveOverride,
    LiveSubscription,
    SharedWithFrauds,
)
from tests.decisions.decision_cases import (
    TUESDAY,
    Anything,
    facts_of,
    overdue_facts,
    random_cases,
)

DAY = timedelta(days=1)
KNOWN_AT = tuple(TUESDAY - days * DAY for days in (40, 20, 2))
RING = SharedWithFrauds("instrument", 9, KNOWN_AT)  # of ten, three are known


def _answer(*shared: SharedWithFrauds, **given: Anything) -> Recommendation:
    facts = facts_of(shared_with_frauds=shared, **given)
    return recommend(Case(facts, 0.01, 0.01), default_policy(), TUESDAY)


def test_the_others_of_a_ring_on_one_card_come_before_a_person() -> None:
    found = _answer(RING)
    assert (found.proposed_action, found.action) == ("none", "review")
    assert found.permission.raised_by == "linked_frauds"
    assert found.permission.basis == "fraud"
    late = overdue_facts(60, days=6, notices=(), shared_with_frauds=(RING,))
    case = Case(late, 0.01, 0.1)
    assert recommend(case, default_policy(), TUESDAY).action == "review"


@pytest.mark.parametrize(
    ("shared", "is_looked_at"),
    [
        pytest.param(replace(RING, kind="device"), True, id="a device"),
        pytest.param(replace(RING, kind="ip"), False, id="an address"),
        pytest.param(replace(RING, kind="other"), False, id="something else"),
        pytest.param(replace(RING, n_others=15), True, id="one in five is a fraud"),
        pytest.param(replace(RING, n_others=16), False, id="many share it"),
        pytest.param(
            SharedWithFrauds("instrument", 3, KNOWN_AT[2:]), False, id="one in a family"
        ),
        pytest.param(
            replace(RING, frauds_known_at=(TUESDAY - 366 * DAY, KNOWN_AT[2])),
            False,
            id="two, of whom one long ago",
        ),
        pytest.param(
            replace(RING, frauds_known_at=(TUESDAY - 365 * DAY, KNOWN_AT[2])),
            True,
            id="two within a year",
        ),
    ],
)
def test_what_may_be_a_family_or_a_company_calls_nobody(
    shared: SharedWithFrauds, is_looked_at: bool
) -> None:
    found = _answer(shared)
    assert found.action == ("review" if is_looked_at else "none")


@pytest.mark.parametrize(
    ("days_ago", "action"),
    [
        pytest.param(1, "none", id="decided by a person who knew them all"),
        pytest.param(3, "review", id="one more became known since"),
    ],
)
def test_a_person_who_looked_is_asked_again_for_a_new_fraud_only(
    days_ago: int, action: str
) -> None:
    decided = ActiveOverride(
        "none", TUESDAY - days_ago * DAY, "anna", "a family", TUESDAY + 9 * DAY
    )
    assert _answer(RING, overrides=(decided,)).action == action


def test_who_has_left_is_not_looked_at() -> None:
    ended: tuple[LiveSubscription, ...] = ()
    assert _answer(RING, is_departed=True, subscriptions=ended).action == "none"


def test_just_the_share_that_a_policy_names_is_enough() -> None:
    """In binary 0.28 of 25 is above 7."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fraud_path"]["linked"]["min_share"] = 0.28
    known_at = tuple(TUESDAY - days * DAY for days in range(7, 0, -1))
    facts = facts_of(shared_with_frauds=(SharedWithFrauds("device", 25, known_at),))
    policy = Policy(parse_document(values, "test"))
    assert recommend(Case(facts, 0.01, 0.01), policy, TUESDAY).action == "review"


def test_other_policies_look_at_nobody_for_it() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fraud_path"]["linked"] = None
    policy = Policy(parse_document(values, "test"))
    case = Case(facts_of(shared_with_frauds=(RING,)), 0.01, 0.01)
    assert recommend(case, policy, TUESDAY).action == "none"


@given(case=random_cases())
def test_sharing_alone_leads_to_no_more_than_a_review(case: Case) -> None:
    policy = default_policy()
    alone = replace(case, facts=replace(case.facts, shared_with_frauds=()))
    linked = replace(case, facts=replace(case.facts, shared_with_frauds=(RING,)))
    one, other = (recommend(x, policy, TUESDAY) for x in (alone, linked))
    if one.action is None or one.action == other.action:
        assert other.action == one.action
        return
    assert (SEVERITY[one.action] < REVIEW, other.action) == (True, "review")
    raised_by = other.permission.raised_by
    if SEVERITY[other.proposed_action or "none"] < REVIEW:  # else it was proposed
        assert raised_by in ("linked_frauds", "left_to_a_person")


def test_of_known_frauds_those_that_count_are_told() -> None:
    """Another became known two years ago: too old for the rule, and for its reason."""
    known_at = (TUESDAY - 730 * DAY, *KNOWN_AT)
    facts = facts_of(shared_with_frauds=(replace(RING, frauds_known_at=known_at),))
    assert linked_frauds(default_policy().latest, facts, TUESDAY) == (RING,)
