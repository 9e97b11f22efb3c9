"""Importing Kill Bill: what comes over, what is said, what is refused."""

from datetime import timedelta

import pytest

from decisions import Case, PolicyFileError, default_policy, recommend
from decisions.policy.check import check
from decisions.policy.killbill import import_killbill
from decisions.policy.load import Policy, parse_document, parse_policy
from tests.decisions.decision_cases import TUESDAY, delivered, facts_of, overdue_facts


def _state(name: str, days: int, rest: str = "", more: str = "") -> str:
    return f"""
    <state name="{name}">
      <condition>
        <timeSinceEarliestUnpaidInvoiceEqualsOrExceeds>
          <unit>DAYS</unit><number>{days}</number>
        </timeSinceEarliestUnpaidInvoiceEqualsOrExceeds>{more}
      </condition>
      <externalMessage>Reached {name}</externalMessage>{rest}
    </state>"""


BLOCKED = (
    "<blockChanges>true</blockChanges>"
    "<disableEntitlementAndChangesBlocked>true</disableEntitlementAndChangesBlocked>"
)
CANCEL = "<subscriptionCancellationPolicy>END_OF_TERM</subscriptionCancellationPolicy>"


COUNT = "numberOfUnpaidInvoicesEqualsOrExceeds"
BALANCE = "totalUnpaidInvoiceBalanceEqualsOrExceeds"


def _leaf(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>"


def _xml(*states: str) -> str:
    body = "".join(states)
    return (
        "<overdueConfig><accountOverdueStates>"
        "<initialReevaluationInterval><unit>DAYS</unit><number>10</number>"
        f"</initialReevaluationInterval>{body}"
        "</accountOverdueStates></overdueConfig>"
    )


TUTORIAL = _xml(
    _state("CANCELLATION", 21, CANCEL),
    _state("BLOCKED", 14, BLOCKED),
    _state("WARNING", 10, "<blockChanges>true</blockChanges>"),
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
    assert recommend(Case(late), policy, TUESDAY).recommended_action == "remind"
    told = overdue_facts(500, days=15, notices=(delivered("warning", 5),))
    assert recommend(Case(told), policy, TUESDAY).recommended_action == "suspend"


def test_what_cannot_be_expressed_is_listed() -> None:
    xml = _xml(
        _state(
            "BLOCKED",
            2,
            BLOCKED
            + "<autoReevaluationInterval><unit>DAYS</unit></autoReevaluationInterval>",
            _leaf("numberOfUnpaidInvoicesEqualsOrExceeds", "3")
            + _leaf("totalUnpaidInvoiceBalanceEqualsOrExceeds", "50")
            + _leaf("responseForLastFailedPaymentIn", "INVALID_CARD")
            + _leaf("controlTagExclusion", "OVERDUE_ENFORCEMENT_OFF"),
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
    for state in policy.document.ladder:  # the added warning asks for the same
        assert (state.when.unpaid_invoices, state.when.overdue_amount) == (3, 50.0)


def test_counts_and_amounts_are_expressed_state_by_state() -> None:
    xml = _xml(
        _state("BLOCKED", 14, BLOCKED, _leaf(COUNT, "3")),
        _state("WARNING", 10, more=_leaf(BALANCE, "50.5")),
    )
    draft = import_killbill(xml)
    [warning, blocked] = parse_policy(draft.policy).document.ladder
    assert (warning.when.unpaid_invoices, warning.when.overdue_amount) == (0, 50.5)
    assert (blocked.when.unpaid_invoices, blocked.when.overdue_amount) == (3, 0)
    assert any("only what is overdue" in note for note in draft.not_expressed)


def test_a_state_without_an_age_comes_after_the_milder_ones() -> None:
    xml = _xml(
        f"<state name='BLOCKED'><condition>{_leaf(COUNT, '5')}</condition>"
        f"{BLOCKED}</state>",
        _state("WARNING", 10),
    )
    policy = parse_policy(import_killbill(xml).policy)
    assert [s.state for s in policy.document.ladder] == ["warning", "blocked"]
    assert "count_alone" in {f.code for f in check(policy)}
    assert not [f for f in check(policy) if f.severity == "error"]


def test_kill_bills_own_order_places_a_state_without_an_age() -> None:
    xml = _xml(
        _state("OD 3 / final", 42, BLOCKED, _leaf(COUNT, "3") + _leaf(BALANCE, "150")),
        f"<state name='OD2'><condition>{_leaf(COUNT, '2')}{_leaf(BALANCE, '50')}"
        "</condition></state>",
        _state("OD1", 30),
    )
    draft = import_killbill(xml)
    names = [state.state for state in parse_policy(draft.policy).document.ladder]
    assert names == ["od1", "od2", "od_3_final"]
    assert "no state is skipped" not in " ".join(draft.not_expressed)


def test_a_state_that_would_hold_others_up_is_said() -> None:
    """Kill Bill goes past a state whose condition does not hold; a ladder does not."""
    xml = _xml(
        _state("BLOCKED", 14, BLOCKED),
        _state("WARNING", 10, more=_leaf(BALANCE, "50.5")),
    )
    [said] = [n for n in import_killbill(xml).not_expressed if "skipped" in n]
    assert said.startswith("warning: asks for overdue_amount 50.5")
    assert "does not reach blocked" in said


def test_days_count_from_the_invoice_date_as_kill_bill_counts_them() -> None:
    policy = parse_policy(import_killbill(TUTORIAL).policy)
    assert policy.document.clock.anchor == "invoice_date"
    # issued forty days ago, due ten days ago: the clock shows forty
    late = overdue_facts(500, days=10, notices=(delivered("warning", 5),))
    assert recommend(Case(late), policy, TUESDAY).recommended_action == "suspend"


def test_a_count_that_is_no_number_is_refused() -> None:
    xml = _xml(_state("A", 3, more=_leaf(COUNT, "many")))
    with pytest.raises(PolicyFileError, match="many"):
        import_killbill(xml)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        pytest.param("<a", "is not XML", id="no XML"),
        pytest.param("<overdueConfig/>", "no <state", id="no states"),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "entities", id="entities"
        ),
        pytest.param(
            _xml(_state("A", 3).replace("DAYS", "MOONS")), "MOONS", id="unknown unit"
        ),
    ],
)
def test_what_is_refused(xml: str, message: str) -> None:
    with pytest.raises(PolicyFileError, match=message):
        import_killbill(xml)


def test_weeks_are_seven_days() -> None:
    xml = _xml(_state("WARNING", 2), _state("BLOCKED", 3, BLOCKED)).replace(
        "<unit>DAYS</unit><number>3", "<unit>WEEKS</unit><number>3"
    )
    ladder = parse_policy(import_killbill(xml).policy).document.ladder
    assert [state.when.days_overdue for state in ladder] == [2, 21]


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
