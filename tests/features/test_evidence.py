"""What speaks of fraud, what takes it back, and what one plain date leaves open."""

from datetime import datetime
from itertools import permutations

import pytest

from features.account import account_facts
from features.events import Events
from features.facts import Evidence
from features.moments import microseconds
from features.reading.rows import read_events
from features.settings import PortfolioSettings
from tests.features.customer_rows import AS_OF, Row, facts_of

DAY_END = "T23:59:59.999999Z"


def chargeback(status: str, on: str = "2024-06-12", **more: str) -> Row:
    key = {"dispute_id": "D", "kind": "chargeback_fraud", "status": status}
    return {**key, "event_at": on, **more}


def outcome(kind: str, on: str = "2024-06-12", **more: str) -> Row:
    return {"kind": kind, "event_at": on, "source": kind, **more}


def alert(status: str, on: str = "2024-06-12", **more: str) -> Row:
    key = {"alert_id": "A", "kind": "crypto_mining", "status": status}
    return {**key, "event_at": on, **more}


def contact(kind: str, on: str = "2024-06-12", **more: str) -> Row:
    return {"kind": kind, "event_at": on, **more}


def action(name: str, on: str = "2024-06-12", **more: str) -> Row:
    return {"action": name, "event_at": on, **more}


def claim(on: str) -> Evidence:
    moment = datetime.fromisoformat(on + DAY_END)
    return Evidence("chargeback_fraud", moment, confidence="high")


def proof(on: str) -> Evidence:
    moment = datetime.fromisoformat(on + DAY_END)
    return Evidence("chargeback_fraud", moment, confidence="high", is_confirmed=True)


OPENED = chargeback("opened", "2024-06-01")


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param([OPENED], [claim("2024-06-01")], id="open: a claim"),
        pytest.param(
            [OPENED, chargeback("lost")], [proof("2024-06-12")], id="lost: confirmed"
        ),
        pytest.param([OPENED, chargeback("won")], [], id="won: taken back"),
        pytest.param([OPENED, chargeback("withdrawn")], [], id="withdrawn: taken back"),
        pytest.param(
            [chargeback("won"), chargeback("lost", "2024-06-20")],
            [proof("2024-06-20")],
            id="lost after all",
        ),
        pytest.param(
            [chargeback("lost"), chargeback("won", "2024-06-20")],
            [],
            id="won after all",
        ),
        pytest.param(
            [chargeback("won"), chargeback("opened", "2024-06-20")],
            [claim("2024-06-20")],
            id="opened anew",
        ),
        pytest.param(
            [chargeback("opened"), chargeback("won")], [], id="within one day"
        ),
        pytest.param(
            [chargeback("opened"), chargeback("won"), chargeback("lost")],
            [proof("2024-06-12")],
            id="of two ends of one moment the loss",
        ),
    ],
)
def test_what_became_of_a_fraud_chargeback(
    log: list[Row], expected: list[Evidence]
) -> None:
    for rows in permutations(log):
        assert facts_of(disputes=list(rows)).evidence == tuple(expected)


@pytest.mark.parametrize(
    ("strength", "is_confirmed"),
    [
        pytest.param(None, True, id="absent means confirmed"),
        ("confirmed", True),
        ("analyst", True),
        ("chargeback", True),
        ("warning", False),
        ("weak", False),
    ],
)
def test_an_outcome_confirms_by_its_strength(
    strength: str | None, is_confirmed: bool
) -> None:
    [sign] = facts_of(outcomes=[outcome("fraud", strength=strength or "")]).evidence
    assert (sign.kind, sign.is_confirmed) == ("outcome_fraud", is_confirmed)


def test_a_victim_of_a_takeover_is_no_confirmed_fraud() -> None:
    [sign] = facts_of(outcomes=[outcome("account_takeover")]).evidence
    assert not sign.is_confirmed


def test_a_sign_after_a_clearing_stands() -> None:
    facts = facts_of(
        outcomes=[outcome("fraud_cleared"), outcome("fraud", "2024-06-20")],
        disputes=[chargeback("opened", "2024-06-01"), chargeback("lost", "2024-06-20")],
    )
    assert {sign.kind for sign in facts.evidence} == {
        "outcome_fraud",
        "chargeback_fraud",
    }
    assert facts.doubted_evidence == ()


@pytest.mark.parametrize(
    ("tables", "kind"),
    [
        pytest.param(
            {"outcomes": [outcome("fraud"), outcome("fraud_cleared")]},
            "outcome_fraud",
            id="fraud",
        ),
        pytest.param(
            {
                "outcomes": [outcome("fraud_cleared")],
                "disputes": [chargeback("opened")],
            },
            "chargeback_fraud",
            id="a claim",
        ),
        pytest.param(
            {"outcomes": [outcome("fraud_cleared")], "alerts": [alert("active")]},
            "crypto_mining",
            id="an alert",
        ),
    ],
)
def test_a_sign_cleared_within_its_day_begins_nothing_but_is_not_forgotten(
    tables: dict[str, list[Row]], kind: str
) -> None:
    facts = facts_of(**tables)
    assert facts.evidence == ()
    assert [sign.kind for sign in facts.doubted_evidence] == [kind]


def test_a_sign_cleared_later_is_in_no_doubt() -> None:
    log = [outcome("fraud"), outcome("fraud_cleared", "2024-06-13")]
    facts = facts_of(outcomes=log)
    assert (facts.evidence, facts.doubted_evidence) == ((), ())


def test_who_was_cleared_after_an_alert_is_not_suspected_for_it() -> None:
    cleared = [outcome("fraud_cleared", "2024-06-13")]
    log = [alert("active"), alert("resolved", resolved_reason="fraud")]
    for told in (log[:1], log):
        facts = facts_of(outcomes=cleared, alerts=told)
        assert (facts.evidence, facts.doubted_evidence) == ((), ())


def test_an_alert_that_was_told_of_again_after_a_clearing_stands() -> None:
    log = [alert("active"), {**alert("investigating"), "event_at": "2024-06-14"}]
    facts = facts_of(outcomes=[outcome("fraud_cleared", "2024-06-13")], alerts=log)
    assert len(facts.evidence) == 1


@pytest.mark.parametrize("reason", ["legitimate", "ignore"])
def test_an_alert_resolved_within_its_day_is_no_sign(reason: str) -> None:
    log = [
        alert("resolved", resolved_reason=reason),
        alert("investigating", known_at="2024-06-13"),
        alert("active", known_at="2024-06-14"),
    ]
    for rows in permutations(log):
        assert facts_of(alerts=list(rows)).evidence == ()


@pytest.mark.parametrize(
    ("log", "is_open"),
    [
        pytest.param(["appeal_opened", "appeal_closed"], False, id="of one day"),
        pytest.param(["appeal_opened"], True, id="only opened"),
        pytest.param(["appeal_closed"], False, id="only closed"),
    ],
)
def test_an_appeal_is_opened_before_it_is_closed(log: list[str], is_open: bool) -> None:
    for kinds in permutations(log):
        facts = facts_of(contacts=[contact(kind) for kind in kinds])
        assert facts.has_open_appeal == is_open


def test_an_appeal_opened_after_the_last_was_closed_is_open() -> None:
    log = [contact("appeal_closed"), contact("appeal_opened", "2024-06-13")]
    assert facts_of(contacts=log).appeal_opened_at == datetime.fromisoformat(
        f"2024-06-13{DAY_END}"
    )


@pytest.mark.parametrize(
    ("ends", "is_delivered"),
    [
        pytest.param([("notice_delivered", "12")], True, id="on the day it was sent"),
        pytest.param(
            [("notice_delivered", "13"), ("notice_bounced", "13")],
            False,
            id="of two ends of one day the bounce",
        ),
        pytest.param(
            [("notice_delivered", "13"), ("notice_bounced", "14")],
            False,
            id="came back later",
        ),
        pytest.param(
            [("notice_bounced", "13"), ("notice_delivered", "14")],
            True,
            id="arrived at the second try",
        ),
    ],
)
def test_what_became_of_a_notice(
    ends: list[tuple[str, str]], is_delivered: bool
) -> None:
    invoice = {"invoice_id": "I", "event_at": "2024-04-01", "due_at": "2024-05-01"}
    log = [("notice_sent", "12"), *ends]
    for rows in permutations(log):
        contacts = [
            contact(kind, f"2024-06-{day}", notice="reminder", notice_id="N")
            for kind, day in rows
        ]
        [notice] = facts_of(
            invoices=[{**invoice, "amount": "100"}], payments=[], contacts=contacts
        ).notices
        assert (notice.delivered_at is not None) == is_delivered
        assert (notice.bounced_at is None) == is_delivered


def test_two_notices_of_one_day_have_each_their_own_end() -> None:
    invoice = {"event_at": "2024-04-01", "due_at": "2024-05-01", "amount": "100"}
    about: list[dict[str, str]] = [{"invoice_id": "I"}, {"invoice_id": "J"}]
    log = [
        *(contact("notice_sent", notice="reminder", **it) for it in about),
        contact("notice_bounced", "2024-06-13", notice="reminder", **about[0]),
        contact("notice_delivered", "2024-06-14", notice="reminder", **about[1]),
    ]
    for rows in permutations(log):
        notices = facts_of(
            invoices=[{**invoice, **it} for it in about],
            payments=[],
            contacts=list(rows),
        ).notices
        assert len(notices) == 2
        assert [n.bounced_at is None for n in notices] == [False, True]
        assert [n.delivered_at is None for n in notices] == [True, False]


def test_access_taken_and_given_back_on_one_day_is_on() -> None:
    log = [action("suspend", reason="nonpayment"), action("reactivate", by="person")]
    for rows in permutations(log):
        assert facts_of(actions=list(rows)).access_off == ()


@pytest.mark.parametrize(
    ("by", "is_off"), [("person", False), ("automation", True), ("", True)]
)
def test_within_one_day_only_a_person_ends_a_stop_for_fraud(
    by: str, is_off: bool
) -> None:
    """Access may have been given back first, and then taken for fraud."""
    log = [
        action("suspend", reason="fraud", by="automation"),
        action("reactivate", reason="fraud", by=by),
    ]
    facts = facts_of(actions=log)
    assert bool(facts.access_off) == is_off
    assert facts.fraud_stopped_at == datetime.fromisoformat(f"2024-06-12{DAY_END}")


def test_a_stop_for_fraud_is_remembered_after_access_was_given_back() -> None:
    log = [
        action("suspend", "2024-01-10", reason="fraud"),
        action("block", "2024-01-12", reason="fraud"),
        action("reactivate", "2024-01-13"),
        action("suspend", "2024-06-13", reason="nonpayment"),
        action("review", "2024-06-14", reason="fraud"),
    ]
    facts = facts_of(actions=log)
    assert [held.reason for held in facts.access_off] == ["nonpayment"]
    assert facts.fraud_stopped_at == datetime.fromisoformat(f"2024-01-12{DAY_END}")
    assert facts_of(actions=log[3:4]).fraud_stopped_at is None


def test_rejected_tables_are_named() -> None:
    settings = PortfolioSettings()
    events, _ = read_events("c", {}, settings)
    broken = Events("c", events.tables, rejected=frozenset({"payments"}))
    found = account_facts(broken, microseconds(AS_OF), settings)
    assert found.rejected == {"payments"}
