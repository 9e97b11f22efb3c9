"""Importing Kill Bill: what comes over, what is said, what is refused."""

from datetime import timedelta

import pytest

from decisions import Case, PolicyFileError, default_policy, recommend
from decisions.policy.check import check
from decisions.policy.killbill import import_killbill
from decisions.policy.load import Policy, parse_document, parse_policy
from decisions.policy.shelf import policy_for
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
    for word in (
        "numberOfUnpaid",
        "responseForLast",
        "autoReevaluation",
        "exemption",
        "a warning after 0 days was added",
        "notices: Kill Bill has none",
    ):
        assert word in text
    policy = parse_policy(draft.policy)
    assert policy.document.materiality == {"USD": 50.0}
    assert policy.document.ladder[0].notice == "final_notice"


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


def test_the_policy_in_force_for_a_customer_is_found_among_several() -> None:
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
    shelf = [default_policy(), retail]
    shop = facts_of(segment="retail")
    assert policy_for(shelf, shop, TUESDAY) is retail
    assert policy_for(shelf, shop, TUESDAY - timedelta(days=30)) is shelf[0]
    assert policy_for(shelf, facts_of(), TUESDAY) is shelf[0]
    assert policy_for([retail], facts_of(), TUESDAY) is None
    outside = recommend(Case(facts_of(), 0.0, 0.5), retail, TUESDAY)
    assert outside.code == "out_of_scope"
    early = recommend(Case(shop, 0.0, 0.5), retail, TUESDAY - timedelta(days=30))
    assert early.code == "not_in_force"
