"""Switching over: notices of a policy or system before count until a date."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Policy, PolicyFileError, default_policy, recommend
from decisions.actions import SEVERITY
from decisions.policy_file.check import check
from decisions.policy_file.load import parse_document
from decisions.policy_file.succession import notices_restart
from features.facts import Notice
from tests.decisions.decision_cases import (
    TUESDAY,
    Anything,
    overdue_facts,
    random_cases,
)
from wording.publication import publish

DAY = timedelta(days=1)
LATE = 0.6  # probability of non-payment
OURS = ("reminder_1", "reminder_2", "final_notice")
THEIRS = ("first letter", "second letter", "last letter")


def _policy(theirs: tuple[str, ...] = THEIRS, **changes: Anything) -> Policy:
    """The shipped policy, which accepts the letters of another system."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["notices"]["accept_notices"] = [
        {
            "notice": old,
            "policy": "old-dunning",
            "counts_as": new,
            "proof": "delivered" if new == "final_notice" else "sent",
            "until": "2026-08-31",
            "because": "the same words, sent by the same team",
        }
        | changes
        for old, new in zip(theirs, OURS, strict=True)
    ]
    return Policy(parse_document(values, "test"))


def _told(
    names: tuple[str, ...] = THEIRS, policy: str | None = "old-dunning@4"
) -> Case:
    """Forty days late; every letter arrived in time, under `policy`."""
    moments = (TUESDAY - ago * DAY for ago in (35, 28, 20))
    told = tuple(
        Notice(name, at, delivered_at=at, policy=policy)
        for name, at in zip(names, moments, strict=True)
    )
    return Case(overdue_facts(notices=told), 0.0, LATE)


def test_on_the_day_of_switching_over_the_old_letters_carry_the_stop() -> None:
    assert recommend(_told(), _policy(), TUESDAY).action == "suspend"
    alone = recommend(_told(), default_policy(), TUESDAY)
    assert alone.action != "suspend"
    assert [due.notice for due in alone.follow_up.notices_due] == ["reminder_1"]


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        pytest.param({"until": TUESDAY.date()}, True, id="its last day"),
        pytest.param({"until": TUESDAY.date() - DAY}, False, id="the day after"),
        pytest.param({"policy": "old-dunning@4"}, True, id="that version"),
        pytest.param({"policy": "old-dunning@3"}, False, id="another version"),
        pytest.param({"policy": "other"}, False, id="another policy"),
        pytest.param({"policy": None}, True, id="any policy"),
    ],
)
def test_which_notices_count_and_until_when(
    change: dict[str, Anything], stops: bool
) -> None:
    found = recommend(_told(), _policy(**change), TUESDAY)
    assert (found.action == "suspend") is stops


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        pytest.param({"policy": None}, True, id="of any policy"),
        pytest.param({"policy": "old-dunning"}, False, id="of one it does not name"),
        pytest.param(
            {"policy": None, "until": TUESDAY.date() - DAY}, False, id="the day after"
        ),
    ],
)
def test_letters_that_name_no_policy(change: dict[str, Anything], stops: bool) -> None:
    told = _told(policy=None)
    assert recommend(told, default_policy(), TUESDAY).action != "suspend"
    found = recommend(told, _policy(**change), TUESDAY)
    assert (found.action == "suspend") is stops


def test_the_proof_of_letters_that_name_no_policy() -> None:
    case = _told(policy=None)
    unproven = tuple(replace(n, delivered_at=None) for n in case.facts.notices)
    facts = replace(case.facts, notices=unproven)
    policy = _policy(policy=None)
    assert recommend(replace(case, facts=facts), policy, TUESDAY).action != "suspend"


def test_a_letter_that_did_not_arrive_proves_nothing() -> None:
    case = _told()
    *first, last = case.facts.notices
    silent = replace(last, delivered_at=None)
    facts = replace(case.facts, notices=(*first, silent))
    assert recommend(replace(case, facts=facts), _policy(), TUESDAY).action != "suspend"


def test_no_weaker_proof_is_accepted() -> None:
    with pytest.raises(PolicyFileError, match="must have been, too"):
        _policy(proof="sent")


@pytest.mark.parametrize(
    ("begins", "until", "severities"),
    [
        pytest.param("2026-06-01", "2026-08-31", [], id="a summer"),
        pytest.param(
            "2026-06-01", "2026-05-31", ["error"] * 3, id="over before it begins"
        ),
        pytest.param("2026-06-01", "2027-08-31", ["warning"] * 3, id="for ever"),
    ],
)
def test_the_linter_reads_its_dates(
    begins: str, until: str, severities: list[str]
) -> None:
    policy = _policy(until=until)
    begun = {"effective_from": date.fromisoformat(begins)}
    document = policy.document.model_copy(update=begun)
    found = [f for f in check(Policy(document)) if f.code == "accepted_notice_date"]
    assert [finding.severity for finding in found] == severities


@pytest.mark.parametrize("lang", ["en", "de", "fr", "pt-BR"])
def test_customers_read_what_is_accepted(lang: str) -> None:
    page = publish(_policy(), lang, "md", TUESDAY)
    assert all(letter in page for letter in THEIRS)


@given(case=random_cases(), kept=st.lists(st.booleans(), min_size=9, max_size=9))
def test_fewer_letters_are_never_harsher(case: Case, kept: list[bool]) -> None:
    """Who loses letters loses no access for it, whoever sent them."""
    policy = _policy(OURS, policy=None, proof="delivered")
    arrived = tuple(n for n in case.facts.notices if n.bounced_at is None)
    fewer = tuple(n for n, is_kept in zip(arrived, kept, strict=False) if is_kept)
    more, less = (
        recommend(replace(case, facts=replace(case.facts, notices=n)), policy, TUESDAY)
        for n in (arrived, fewer)
    )
    if SEVERITY[less.action or "none"] >= SEVERITY["suspend"]:
        assert SEVERITY[more.action or "none"] >= SEVERITY["suspend"]


@pytest.mark.parametrize(
    ("n_customers", "said"),
    [
        (None, "whoever has had one gets the first again, and waits anew;"),
        (1, "customers, who has had one, gets the first again, and waits anew;"),
        (12, "customers, who have had one, get the first again, and wait anew;"),
    ],
)
def test_who_begins_anew_is_told_in_the_right_number(
    n_customers: int | None, said: str
) -> None:
    before = default_policy()
    values = before.document.model_dump(mode="json", by_alias=True)
    after = Policy(parse_document(values | {"version": 99}, "test"))
    [finding] = notices_restart(before, after, TUESDAY, n_customers)
    assert said in finding.message
