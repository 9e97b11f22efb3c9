"""The shapes that real overdue configurations have, and one rule for all of them.

A condition that no policy can say leaves its state out, and says so; nobody is stopped
whom Kill Bill would not stop; every draft passes its check.
"""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from decisions.actions import SEVERITY, STOPS, SUSPEND
from decisions.case import Case
from decisions.policy_file.check import check
from decisions.policy_file.killbill import Draft, NothingToImportError, import_killbill
from decisions.policy_file.load import Policy, parse_policy
from decisions.policy_file.overdue_rungs import rungs_of
from decisions.policy_file.overdue_xml import states_of
from decisions.rules.ladder import stand
from features.facts import AccountFacts, ExecutedAction
from tests.decisions.decision_cases import TUESDAY, UNITS, delivered, overdue_facts
from tests.decisions.killbill_files import (
    BALANCE,
    BLOCKED,
    CANCEL,
    COUNT,
    EXCLUSION,
    INCLUSION,
    RESPONSES,
    leaf,
    overdue,
    state,
)

OFF = "OVERDUE_ENFORCEMENT_OFF"
CLEAR = leaf("isClearState", "true")


def _ladder(xml: bytes) -> list[tuple[str, str, int]]:
    ladder = parse_policy(import_killbill(xml).policy).document.ladder
    return [(rung.state, rung.action, rung.when.days_overdue) for rung in ladder]


def _said(draft: Draft, name: str) -> str:
    return " | ".join(n for n in draft.not_expressed if n.startswith(name))


def _warning(days: int = 7) -> str:
    return state("WARNING", days)


def test_a_second_state_that_blocks_as_the_first_does_is_left_out() -> None:
    """The shape of Kill Bill's own default file, and of nearly every other."""
    xml = overdue(
        state("OD3", 50, BLOCKED), state("OD2", 40, BLOCKED), state("OD1", 30)
    )
    assert _ladder(xml) == [("od1", "remind", 30), ("od2", "suspend", 40)]
    assert "OD2 has stopped as much" in _said(import_killbill(xml), "OD3")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        pytest.param(leaf(INCLUSION, "MANUAL_PAY"), "no policy can ask", id="tag"),
        pytest.param(leaf(EXCLUSION, "TEST"), "no policy can ask", id="but a tag"),
        pytest.param(leaf("controlTag", "TEST"), "controlTag TEST", id="the old name"),
        pytest.param(leaf("moonPhase", "FULL"), "moonPhase FULL", id="unheard of"),
        pytest.param(leaf(INCLUSION, OFF), "leaves alone", id="only who is spared"),
        pytest.param(
            leaf(RESPONSES, leaf("response", "LOST_OR_STOLEN_CARD")),
            "never enters it",
            id="a response that never comes",
        ),
        pytest.param(leaf(RESPONSES, ""), "never enters it", id="no response at all"),
        pytest.param(leaf(COUNT, "1001"), "1001 unpaid", id="more than can be said"),
    ],
)
def test_a_condition_that_cannot_be_said_leaves_its_state_out(
    more: str, why: str
) -> None:
    xml = overdue(state("BLOCKED", 14, BLOCKED, more), _warning())
    draft = import_killbill(xml)
    assert _ladder(xml) == [("warning", "remind", 7)]
    assert "left out" in _said(draft, "BLOCKED")
    assert why in _said(draft, "BLOCKED")
    [kind] = parse_policy(draft.policy).document.notices.kinds.values()
    assert not kind.is_final_warning  # nothing is taken away after it


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(leaf(EXCLUSION, OFF), id="Kill Bill spares them anyway"),
        pytest.param(
            leaf(RESPONSES, leaf("response", "INSUFFICIENT_FUNDS")), id="always so"
        ),
        pytest.param(leaf(BALANCE, "0") + leaf(COUNT, ""), id="whatever is owed"),
    ],
)
def test_a_part_that_always_holds_changes_nothing(more: str) -> None:
    xml = overdue(state("BLOCKED", 14, BLOCKED, more), _warning())
    assert _ladder(xml) == [("warning", "remind", 7), ("blocked", "suspend", 14)]


def test_accounts_that_kill_bill_spares_are_named_whatever_the_file_says() -> None:
    said = import_killbill(overdue(state("BLOCKED", 14, BLOCKED))).not_expressed
    assert any(OFF in note and "exemption" in note for note in said)
    for word in ("account's timezone", "bills nothing", "child account", "way back"):
        assert any(word in note for note in said)


@pytest.mark.parametrize(
    "hiding",
    [
        pytest.param(state("MILD", 10), id="an earlier age"),
        pytest.param(state("MILD", None), id="no condition at all"),
        pytest.param(state("MILD", None, more=leaf(BALANCE, "0")), id="a balance of 0"),
        pytest.param(state("MILD", 40), id="a later age, for whom both hold"),
        pytest.param(
            state("MILD", 10, more=leaf(INCLUSION, "TEST")), id="some accounts"
        ),
        pytest.param(state("MILD", 10, CLEAR), id="a clear state"),
        pytest.param(state("MILD", -1, unit="UNLIMITED"), id="an error"),
    ],
)
def test_a_milder_state_that_stands_first_keeps_people_from_a_stop(hiding: str) -> None:
    states, _ = states_of(overdue(hiding, state("BLOCKED", 30, BLOCKED), _warning()))
    notes: list[str] = []
    assert not [rung for rung in rungs_of(states, notes) if rung.action in STOPS]
    [said] = [note for note in notes if note.startswith("BLOCKED: left out")]
    assert "'MILD' stands before it in the file" in said


def test_a_suspension_that_stands_first_keeps_people_from_the_cancellation() -> None:
    xml = overdue(state("BLOCKED", 7, BLOCKED), state("END", 21, CANCEL), _warning(5))
    assert [action for _, action, _ in _ladder(xml)] == ["remind", "suspend"]


def test_a_reminder_hidden_by_another_is_never_reached() -> None:
    xml = overdue(state("FIRST", 5), state("SECOND", 10))
    assert _ladder(xml) == [("first", "remind", 5)]
    assert "never reaches" in _said(import_killbill(xml), "SECOND")


def test_a_state_that_kill_bill_never_enters_hides_nothing() -> None:
    never = state("NEVER", None, more=leaf(RESPONSES, leaf("response", "OTHER")))
    xml = overdue(never, state("BLOCKED", 14, BLOCKED), _warning())
    assert [name for name, _, _ in _ladder(xml)] == ["warning", "blocked"]


def test_warning_and_stop_on_one_day_leave_a_day_for_the_notice() -> None:
    xml = overdue(state("BLOCKED", 14, BLOCKED), _warning(14))
    [_, blocked] = parse_policy(import_killbill(xml).policy).document.ladder
    assert blocked.when.days_since == {"warning": 1}


def test_months_and_years_become_days_and_that_is_said() -> None:
    xml = overdue(
        state("END", 1, CANCEL, unit="YEARS"),
        state("BLOCKED", 1, BLOCKED, unit="MONTHS"),
        state("WARNING", 2, unit="WEEKS"),
    )
    draft = import_killbill(xml)
    assert [days for _, _, days in _ladder(xml)] == [14, 30, 365]
    assert "1 MONTHS became 30 days" in _said(draft, "BLOCKED")
    assert "1 YEARS became 365 days" in _said(draft, "END")
    assert "became" not in _said(draft, "WARNING")


def test_an_age_without_a_number_is_any_age() -> None:
    age = leaf("timeSinceEarliestUnpaidInvoiceEqualsOrExceeds", leaf("unit", "DAYS"))
    xml = overdue(state("A", None, more=age))
    assert _ladder(xml) == [("a", "remind", 0)]
    assert "any unpaid invoice" in _said(import_killbill(xml), "A")


def test_names_that_differ_in_punctuation_stay_apart() -> None:
    xml = overdue(
        state("OD 1", 30, CANCEL), state("OD-1", 20, BLOCKED), state("Od_1", 10)
    )
    assert [name for name, _, _ in _ladder(xml)] == ["od_1", "od_1_2", "od_1_3"]
    assert "is od_1_3 here" in _said(import_killbill(xml), "OD 1")
    accents = overdue(state("Bloqué", 14, BLOCKED), state("警告", 7))
    assert [name for name, _, _ in _ladder(accents)] == ["state", "bloque"]
    added = overdue(state("END", 20, CANCEL), state("Final notice", 14, BLOCKED))
    names = [name for name, _, _ in _ladder(added)]
    assert names == ["final_notice", "final_notice_2", "end"]


def test_booleans_of_xml_schema_are_read() -> None:
    one = BLOCKED.replace(">true<", "> 1 <")
    assert _ladder(overdue(state("B", 14, one), _warning()))[1][1] == "suspend"
    capital = BLOCKED.replace(">true<", ">TRUE<")
    assert _ladder(overdue(state("B", 14, capital), _warning()))[1][1] == "suspend"
    zero = BLOCKED.replace(">true<", ">0<")
    assert _ladder(overdue(state("B", 14, zero)))[0][1] == "remind"


def test_a_file_says_itself_how_it_is_encoded() -> None:
    text = overdue(state("BLOCKED", 14, BLOCKED), _warning()).decode()
    text = text.replace("Reached WARNING", "Bientôt bloqué")
    latin = f'<?xml version="1.0" encoding="ISO-8859-1"?>{text}'.encode("latin-1")
    for xml in (latin, text.encode("utf-8-sig"), text.encode("utf-16")):
        document = parse_policy(import_killbill(xml).policy).document
        assert document.notices.kinds["warning"].text == "Bientôt bloqué"


def test_comments_and_namespaces_are_passed_over() -> None:
    text = overdue(state("B", 14, BLOCKED), _warning()).decode()
    text = text.replace("<overdueConfig>", '<overdueConfig xmlns="http://x/y">')
    text = text.replace("<condition>", "<!-- ours --><condition><!-- c -->")
    assert [action for _, action, _ in _ladder(text.encode())] == ["remind", "suspend"]


@pytest.mark.parametrize(
    ("states", "why"),
    [
        pytest.param("", "no states", id="overdue switched off"),
        pytest.param(
            '<state name="Clear"><isClearState>true</isClearState></state>',
            "Clear: left out: a clear state",
            id="only a clear state",
        ),
        pytest.param('<state name="A"/>', "no condition", id="no condition"),
        pytest.param(state("A", 3, BLOCKED, leaf(INCLUSION, "X")), "X", id="a tag"),
        pytest.param(state("A", None, BLOCKED), "everybody", id="an empty condition"),
        pytest.param(state("A", 9, unit="UNLIMITED"), "UNLIMITED", id="never"),
    ],
)
def test_a_file_without_a_rung_is_an_error_with_a_reason(states: str, why: str) -> None:
    with pytest.raises(NothingToImportError, match=why) as caught:
        import_killbill(overdue(states))
    assert caught.value.code == "nothing_to_import"
    assert "\n" not in str(caught.value)


class Told(NamedTuple):
    """A state as a test makes it up, with what Kill Bill does with it."""

    days: int | None
    invoices: int | None
    balance: int | None
    does: str  # remind, suspend, block
    tag: str
    response: str

    def xml(self, i: int) -> str:
        more = "" if self.invoices is None else leaf(COUNT, self.invoices)
        more += "" if self.balance is None else leaf(BALANCE, self.balance)
        more += leaf(self.tag, "TEST") if self.tag else ""
        more += leaf(RESPONSES, leaf("response", self.response)) * bool(self.response)
        rest = {"remind": "", "suspend": BLOCKED, "block": CANCEL}[self.does]
        return state(f"S-{i % 3}", self.days, rest, more)

    def holds(self, days: int, count: int, balance: int, *, is_tagged: bool) -> bool:
        return (
            (self.days is None or days >= self.days)
            and (self.invoices is None or count >= self.invoices)
            and (self.balance is None or balance >= self.balance)
            and self.response in ("", "INSUFFICIENT_FUNDS")
            and {"": True, INCLUSION: is_tagged, EXCLUSION: not is_tagged}[self.tag]
        )


def _maybe(*values: int) -> st.SearchStrategy[int | None]:
    return st.sampled_from([None, *values])


told = st.builds(
    Told,
    days=_maybe(-1, 5, 14, 30),
    invoices=_maybe(0, 1, 2),
    balance=_maybe(0, 50, 500),
    does=st.sampled_from(["remind", "remind", "suspend", "suspend", "block"]),
    tag=st.sampled_from(["", "", "", "", INCLUSION, EXCLUSION]),
    response=st.sampled_from(["", "", "", "INSUFFICIENT_FUNDS", "INVALID_CARD"]),
)


def _debtor(
    policy: Policy, days: int, owed: list[int], *, is_off: bool
) -> AccountFacts:
    """Invoices issued `days` ago or later, due at once.

    Every notice was delivered on the first day on which the oldest was overdue.
    """
    facts = overdue_facts(1, 1)
    issued = [max(days - 3 * i, 1) for i in range(len(owed))]
    items = tuple(
        replace(
            facts.items[0],
            invoice_id=f"i{i}",
            issued_at=TUESDAY - timedelta(days=ago),
            due_on=(TUESDAY - timedelta(days=ago)).date(),
            remainder=euros * UNITS,
            days_overdue=ago,
        )
        for i, (ago, euros) in enumerate(zip(issued, owed, strict=True))
    )
    long_ago = TUESDAY - timedelta(days=99)
    off = (ExecutedAction("suspend", long_ago, "nonpayment"),) * is_off
    total = sum(owed) * UNITS
    return replace(
        facts,
        items=items,
        open=total,
        overdue=total,
        actionable=total,
        days_overdue=days,
        episode_started_at=long_ago,
        access_off=off,
        notices=tuple(delivered(n, days - 1) for n in policy.document.notices.kinds),
    )


@given(
    states=st.lists(told, min_size=1, max_size=5),
    days=st.integers(1, 45),
    owed=st.lists(st.sampled_from([20, 60, 600]), min_size=1, max_size=3),
    is_tagged=st.booleans(),
    is_off=st.booleans(),
)
@example(
    states=[Told(14, None, None, "suspend", INCLUSION, "")],
    days=20,
    owed=[600],
    is_tagged=False,
    is_off=False,
)
def test_nobody_is_stopped_whom_kill_bill_would_not_stop(
    states: list[Told], days: int, owed: list[int], *, is_tagged: bool, is_off: bool
) -> None:
    xml = overdue(*(each.xml(i) for i, each in enumerate(states)))
    try:
        draft = import_killbill(xml)
    except NothingToImportError:
        return
    policy = parse_policy(draft.policy)
    assert not [found for found in check(policy) if found.severity == "error"]
    facts = _debtor(policy, days, owed, is_off=is_off)
    ours = stand(Case(facts), policy.latest, TUESDAY).action
    debt = (days, len(owed), sum(owed))
    theirs = next(
        (s.does for s in states if s.holds(*debt, is_tagged=is_tagged)), "none"
    )
    assert ours < SUSPEND or ours <= SEVERITY[theirs]
    unsaid = {f"S-{i % 3}" for i, s in enumerate(states) if s.tag}
    for name in unsaid:
        assert "left out" in _said(draft, name)


@pytest.mark.parametrize(("days", "stops"), [(13, False), (14, True)])
def test_whom_kill_bill_stops_the_draft_stops_once_told(days: int, stops: bool) -> None:
    """So that the rule above is not kept by stopping nobody."""
    xml = overdue(state("BLOCKED", 14, BLOCKED), _warning(5))
    policy = parse_policy(import_killbill(xml).policy)
    facts = _debtor(policy, days, [600], is_off=False)
    action = stand(Case(facts), policy.latest, TUESDAY).action
    assert (action >= SUSPEND) is stops


@given(message=st.text(st.characters(exclude_categories=["C"]), max_size=20))
def test_any_message_survives(message: str) -> None:
    xml = overdue(state("A", 3).replace("Reached A", escape(message)))
    kinds = parse_policy(import_killbill(xml).policy).document.notices.kinds
    assert kinds["a"].text == message.strip()
