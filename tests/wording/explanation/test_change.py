"""What would change an answer, in words: for the staff, and for the customer."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from decisions import Case, Recommendation, default_policy, recommend
from decisions.actions import ACTIONS, SEVERITY, Action
from decisions.case import Basis
from decisions.follow_up.counterfactual import (
    Code,
    Counterfactual,
    Counterfactuals,
    Kind,
)
from decisions.rules.due import Reactivation
from features.facts import AccountFacts, ExecutedAction, OpenItem, OtherCurrency
from tests.decisions.changed_answer import changed
from tests.decisions.decision_cases import UNITS, overdue_facts
from wording.explanation import LANGUAGES, explain

AT = datetime(2026, 6, 9, 10, tzinfo=UTC)
RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[{}]|\bNone\b")
ACCUSING = re.compile(
    r"fraud|betrug|betrüg|score|probab|wahrschein|alert|warnung|model", re.IGNORECASE
)
INVOICES = ("4711", "4802")
QUOTED: dict[Kind, dict[str, Any]] = {
    "pay_oldest": {"amount": 230.0, "invoices": ("4711",)},
    "pay_overdue": {"amount": 1130.0, "invoices": INVOICES},
    "pay_open": {"amount": 1180.5, "invoices": (*INVOICES, "4900")},
    "promise": {"amount": 1130.0, "until": date(2026, 6, 22)},
    "pay_and_promise": {
        "amount": 230.0,
        "invoices": ("4711",),
        "until": date(2026, 6, 22),
    },
    "verification": {"proofs": ("is_email_verified", "is_tax_id_valid")},
    "clearance": {},
    "verification_and_clearance": {"proofs": ("is_email_verified",)},
}
MILDER = [(a, b) for a in ACTIONS for b in ACTIONS if SEVERITY[b] < SEVERITY[a]]


def answered(
    action: Action = "suspend", basis: Basis = "nonpayment"
) -> tuple[Case, Recommendation]:
    facts = AccountFacts(
        customer_id="acme",
        as_of=AT,
        source="invoices",
        open=6_000_000,
        clv=9_000_000,
        overdue=6_000_000,
        actionable=6_000_000,
        days_overdue=40,
    )
    case = Case(facts, p_fraud=0.1, p_nonpayment=0.5)
    answer = recommend(case, default_policy(), AT)
    return case, changed(answer, action=action, basis=basis)


def option(kind: Kind, leads_to: Action = "none", **changes: object) -> Counterfactual:
    found = Counterfactual(kind, leads_to, 0.05, 0.01, "EUR", **QUOTED[kind])
    return replace(found, **changes)  # type: ignore[arg-type]


def said(
    lang: str,
    *options: Counterfactual,
    action: Action = "suspend",
    basis: Basis = "nonpayment",
    code: Code = "found",
) -> dict[str, tuple[str, ...]]:
    """The sentences about change, by audience."""
    case, answer = answered(action, basis)
    return sides_of(case, answer, lang, Counterfactuals(code, options))


def sides_of(
    case: Case, answer: Recommendation, lang: str, found: Counterfactuals
) -> dict[str, tuple[str, ...]]:
    """The sentences about change of an answer, by audience."""
    told = explain(case, answer, default_policy(), lang, found)
    sides = {"staff": told.staff, "customer": told.customer}
    return {
        audience: tuple(s for p in side if p.topic == "change" for s in p.sentences)
        for audience, side in sides.items()
    }


def test_the_sentence_of_the_design() -> None:
    found = said("en", option("pay_oldest"))
    assert found["staff"] == (
        "Paying invoice 4711 (€230) changes suspension to no action.",
    )
    assert found["customer"] == (
        "If you pay invoice 4711 (€230) today, access is not suspended.",
    )


def test_an_invoice_is_told_in_its_own_currency() -> None:
    """Of several currencies each sum; thresholds stay in the portfolio's."""
    day = date(2026, 5, 1)
    yen, euros = (
        OpenItem(name, AT, day, money, money, 0, 40, currency=currency)
        for name, money, currency in (
            ("4711", 9_000_000, OtherCurrency("JPY", Decimal("0.006"))),
            ("4802", 2_300_000, None),
        )
    )
    case, answer = answered()
    facts = replace(
        case.facts,
        items=(yen, euros),
        overdue=11_300_000,
        actionable=11_300_000,
    )
    options = (
        option("pay_oldest", amount=900.0, invoices=("4711",)),
        option("pay_overdue", amount=1130.0),
        option("promise"),
    )
    found = Counterfactuals("found", options)
    case = replace(case, facts=facts)
    told = explain(case, answer, default_policy(), "en", found)
    text = told.text("customer")
    assert "JP¥150,000 and €230 is overdue" in text
    assert "If you pay invoice 4711 (JP¥150,000) today" in text
    assert "(JP¥150,000 and €230: invoices 4711 and 4802) today" in text
    assert "promise today to pay JP¥150,000 and €230 by" in text
    assert "Paying invoice 4711 (JP¥150,000) changes" in told.text()


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        pytest.param(
            "de",
            "Wenn Sie heute die Rechnung 4711 (230 €) bezahlen, "
            "wird der Zugang nicht gesperrt.",
            id="German puts the verb first after a condition",
        ),
        pytest.param(
            "fr",
            "Si vous payez aujourd'hui la facture 4711 (230 €), "
            "l'accès n'est pas suspendu.",
            id="French",
        ),
        pytest.param(
            "pt-BR",
            "Se você pagar hoje a fatura 4711 (€ 230), o acesso não é suspenso.",
            id="Portuguese",
        ),
    ],
)
def test_it_is_said_in_every_language(lang: str, expected: str) -> None:
    [told] = said(lang, option("pay_oldest"))["customer"]
    assert told.replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", QUOTED)
@pytest.mark.parametrize("basis", ["fraud", "nonpayment"])
def test_every_change_reads_as_sentences(kind: Kind, basis: Basis, lang: str) -> None:
    for action, leads_to in MILDER:
        told = said(lang, option(kind, leads_to), action=action, basis=basis)
        assert told["staff"]
        for text in (*told["staff"], *told["customer"]):
            assert not RAW.findall(text)
            assert text[0].isupper()
            assert text.endswith(".")
        assert not ACCUSING.findall(" ".join(told["customer"]))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["pay_overdue", "pay_open"])
def test_a_report_names_no_invoices(kind: Kind, lang: str) -> None:
    told = said(lang, option(kind, invoices=()))
    for text in (*told["staff"], *told["customer"]):
        assert "4711" not in text
        assert not RAW.findall(text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("by", ["automation", "person"])
def test_access_that_returns_is_promised_no_sooner_than_the_policy_says(
    by: str, lang: str
) -> None:
    back = Reactivation(("nonpayment",), "paid", by, AT + timedelta(hours=4), "no", 0.0)
    told = said(lang, option("pay_overdue", reactivation=back))
    assert len(told["staff"]) == 2
    [customer] = told["customer"]
    assert re.search(r"\b4\b", customer.split(",")[-1])


def test_more_is_not_promised_than_what_it_leads_to() -> None:
    told = said("en", option("promise", "review"))["customer"]
    assert told == (
        "If you promise today to pay €1,130 by 22 June 2026, access is not suspended.",
        "This holds as long as your promise runs.",
        "A member of our staff still looks at your account.",
    )


@pytest.mark.parametrize("action", ["review", "service_request"])
def test_a_check_nobody_was_told_of_is_not_mentioned(action: Action) -> None:
    told = said("en", option("clearance"), action=action, basis="fraud")
    assert told["staff"]
    assert told["customer"] == ()
    told = said("en", option("clearance"), basis="fraud")
    assert told["customer"] == (
        "If our check finds no cause for concern, the pause ends.",
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_where_nothing_helps_a_person_is_named(lang: str) -> None:
    told = said(lang, code="needs_person")
    assert len(told["staff"]) == len(told["customer"]) == 1
    assert said(lang, code="needs_person", action="remind")["customer"] == ()
    assert len(said(lang, code="nothing_to_simulate")["staff"]) == 1
    for code in ("not_needed", "no_decision"):
        assert said(lang, code=code) == {"staff": (), "customer": ()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_access_that_is_off_names_what_it_waits_for(lang: str) -> None:
    """Nobody is asked to look, so nobody is said to."""
    owed = 4500 * UNITS
    off = ExecutedAction("suspend", AT - timedelta(days=3), "nonpayment", "automation")
    whole = overdue_facts(access_off=(off,), overdue=0, actionable=0, days_overdue=0)
    [item] = whole.items
    contested = replace(item, contested=owed, days_overdue=0)
    told: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for facts in (
        replace(whole, contested=owed, items=(contested,)),
        replace(whole, overdue=owed, in_flight=owed, days_overdue=40, items=(item,)),
        replace(whole, access_off=(replace(off, reason="manual", by="person"),)),
    ):
        case = Case(facts, p_fraud=0.0, p_nonpayment=0.1)
        answer = recommend(case, default_policy(), AT)
        assert (answer.action, answer.permission.in_force) == ("suspend", True)
        found = sides_of(case, answer, lang, Counterfactuals("needs_person"))
        told.add((found["staff"], found["customer"]))
    staff, customer = ({one[n] for one in told} for n in (0, 1))
    needs_person = said(lang, code="needs_person")
    assert len(staff) == len(customer) == 3
    assert needs_person["staff"] not in staff
    assert needs_person["customer"] not in customer


def test_nothing_is_said_of_what_was_not_asked() -> None:
    case, answer = answered()
    told = explain(case, answer, default_policy(), "en")
    topics = {passage.topic for passage in (*told.staff, *told.customer)}
    assert "change" not in topics
