"""Importing Kill Bill: what comes over, what is said, what is refused."""

from datetime import timedelta

import pytest

from decisions import Case, PolicyFileError, default_policy, recommend
from decisions.policy_file.check import check
from decisions.policy_file.killbill import import_killbill
from decisions.policy_file.load import Policy, parse_document, parse_policy
from tests.decisions.decision_cases import TUESDAY, delivered, facts_of, overdue_facts
from tests.decisions.killbill_files import (
    BALANCE,
    BLOCKED,
    CANCEL,
    COUNT,
    EXCLUSION,
    RESPONSES,
    leaf,
    overdue,
    state,
)

DOCTYPE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
TUTORIAL = overdue(
    state("CANCELLATION", 21, CANCEL),
    state("BLOCKED", 14, BLOCKED),
    state("WARNING", 10, "<blockChanges>true</blockChanges>"),
)


def test_the_tutorial_becomes_a_ladder() -> None:
    policy = parse_policy(import_killbill(TUTORIAL).policy)
    states = {s.state: s for s in policy.document.ladder}
    assert [s.action for s in states.values()] == ["remind", "suspend", "block"]
    assert states["warning"].restrict == ("plan_changes",)
    assert states["blocked"].when.days_since == {"warning": 4}
    assert states["cancellation"].when.days_suspended == 7
    assert policy.document.notices.kinds["warning"].proof == "delivered"
    codes = {f.code for f in check(policy) if f.severity == "error"}
    assert codes == set()


def test_the_draft_decides_like_the_original_but_for_the_notice() -> None:
    policy = parse_policy(import_killbill(TUTORIAL).policy)
    late = overdue_facts(500, days=15, notices=())
    assert recommend(Case(late), policy, TUESDAY).action == "remind"
    told = overdue_facts(500, days=15, notices=(delivered("warning", 5),))
    assert recommend(Case(told), policy, TUESDAY).action == "suspend"


def test_what_cannot_be_expressed_is_listed() -> None:
    xml = overdue(
        state(
            "BLOCKED",
            2,
            BLOCKED
            + "<autoReevaluationInterval><unit>DAYS</unit></autoReevaluationInterval>",
            leaf(COUNT, "3")
            + leaf(BALANCE, "50")
            + leaf(RESPONSES, leaf("response", "INSUFFICIENT_FUNDS"))
            + leaf(EXCLUSION, "OVERDUE_ENFORCEMENT_OFF"),
        ),
    )
    draft = import_killbill(xml, "USD")
    text = " | ".join(draft.not_expressed)
    assert "numberOfUnpaid" not in text
    assert "totalUnpaid" not in text
    for word in (
        "responseForLast",
        "autoReevaluation",
        "exemption",
        "a warning after 0 days was added",
        "notices: Kill Bill has none",
    ):
        assert word in text
    policy = parse_policy(draft.policy)
    assert policy.document.ladder[0].notice == "final_notice"
    for rung in policy.document.ladder:  # the added warning asks for the same
        assert (rung.when.unpaid_invoices, rung.when.overdue_amount) == (3, 50.0)


def test_counts_and_amounts_are_expressed_state_by_state() -> None:
    xml = overdue(
        state("BLOCKED", 14, BLOCKED, leaf(COUNT, "3")),
        state("WARNING", 10, more=leaf(BALANCE, "50.5")),
    )
    draft = import_killbill(xml)
    [warning, blocked] = parse_policy(draft.policy).document.ladder
    assert (warning.when.unpaid_invoices, warning.when.overdue_amount) == (0, 50.5)
    assert (blocked.when.unpaid_invoices, blocked.when.overdue_amount) == (3, 0)
    assert any("only what is overdue" in note for note in draft.not_expressed)


def test_a_state_without_an_age_comes_after_the_milder_ones() -> None:
    xml = overdue(
        state("BLOCKED", None, BLOCKED, leaf(COUNT, "5")),
        state("WARNING", 10),
    )
    policy = parse_policy(import_killbill(xml).policy)
    assert [s.state for s in policy.document.ladder] == ["warning", "blocked"]
    assert "count_alone" in {f.code for f in check(policy)}
    assert not [f for f in check(policy) if f.severity == "error"]


def test_kill_bills_own_order_places_a_state_without_an_age() -> None:
    xml = overdue(
        state("OD 3 / final", 42, BLOCKED, leaf(COUNT, "3") + leaf(BALANCE, "150")),
        state("OD2", None, more=leaf(COUNT, "2") + leaf(BALANCE, "50")),
        state("OD1", 30),
    )
    draft = import_killbill(xml)
    names = [rung.state for rung in parse_policy(draft.policy).document.ladder]
    assert names == ["od1", "od2", "od_3_final"]
    assert "no state is skipped" not in " ".join(draft.not_expressed)


def test_a_state_that_would_hold_others_up_is_said() -> None:
    """Kill Bill goes past a state whose condition does not hold; a ladder does not."""
    xml = overdue(
        state("BLOCKED", 14, BLOCKED),
        state("WARNING", 10, more=leaf(BALANCE, "50.5")),
    )
    [said] = [n for n in import_killbill(xml).not_expressed if "skipped" in n]
    assert said.startswith("WARNING: asks for overdue_amount 50.5")
    assert "does not reach BLOCKED" in said


def test_days_count_from_the_invoice_date_as_kill_bill_counts_them() -> None:
    policy = parse_policy(import_killbill(TUTORIAL).policy)
    assert policy.document.clock.anchor == "invoice_date"
    # issued forty days ago, due ten days ago: the clock shows forty
    late = overdue_facts(500, days=10, notices=(delivered("warning", 5),))
    assert recommend(Case(late), policy, TUESDAY).action == "suspend"


def test_a_count_that_is_no_number_is_refused() -> None:
    xml = overdue(state("A", 3, more=leaf(COUNT, "many")))
    with pytest.raises(PolicyFileError, match="many"):
        import_killbill(xml)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        pytest.param(b"<a", "is not XML", id="no XML"),
        pytest.param(b"", "is not XML", id="nothing"),
        pytest.param(
            b'<?xml version="1.0" encoding="klingon"?><a/>', "XML", id="no encoding"
        ),
        pytest.param(b"<overdueConfig/>", "no <accountOverdue", id="another file"),
        pytest.param(DOCTYPE.encode(), "entities", id="entities"),
        pytest.param(DOCTYPE.encode("utf-16"), "entities", id="entities in UTF-16"),
        pytest.param(overdue("<state/>"), "no name", id="no name"),
        pytest.param(overdue(state("A", 3, unit="MOONS")), "MOONS", id="unknown unit"),
        pytest.param(overdue(state("A", 3, unit="")), "no unit", id="no unit"),
        pytest.param(
            overdue(state("A", 3, more=leaf(BALANCE, "NaN"))), "NaN", id="no amount"
        ),
        pytest.param(
            overdue(state("A", 3, leaf("blockChanges", "maybe"))), "maybe", id="no flag"
        ),
        pytest.param(
            overdue(state("A", 3, CANCEL.replace("END_OF_TERM", "SOON"))),
            "SOON",
            id="no cancellation",
        ),
    ],
)
def test_what_is_refused(xml: bytes, message: str) -> None:
    with pytest.raises(PolicyFileError, match=message):
        import_killbill(xml)


def test_weeks_are_seven_days() -> None:
    xml = overdue(state("BLOCKED", 3, BLOCKED, unit="WEEKS"), state("WARNING", 2))
    ladder = parse_policy(import_killbill(xml).policy).document.ladder
    assert [rung.when.days_overdue for rung in ladder] == [2, 21]


def test_a_policy_speaks_from_its_day_on_of_whom_it_is_for() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    retail = Policy(
        parse_document(
            values
            | {
                "name": "retail",
                "effective_from": "2026-06-01",
                "scope": {"segments": ["retail"]},
            },
            "retail",
        )
    )
    shop = facts_of(segment="retail")
    inside = recommend(Case(shop, 0.0, 0.5), retail, TUESDAY)
    assert inside.code is None
    outside = recommend(Case(facts_of(), 0.0, 0.5), retail, TUESDAY)
    assert outside.code == "out_of_scope"
    early = recommend(Case(shop, 0.0, 0.5), retail, TUESDAY - timedelta(days=30))
    assert early.code == "not_in_force"
