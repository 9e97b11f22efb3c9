"""What is explained: every code, every case, both audiences, all languages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from decisions import (
    Action,
    Case,
    Policy,
    Recommendation,
    Withheld,
    default_policy,
    recommend,
)
from decisions.follow_up.parts import FraudPause, ProviderEffect
from decisions.policy_file.examples import case_of, moment_of
from decisions.policy_file.load import load_policy, shipped_policies
from decisions.rules.catalogue import RULES
from decisions.rules.due import Reactivation
from decisions.rules.reason import AccessHold, Hold, ProtectingHold, Values
from decisions.rules.rule import Rule
from features.facts import AccountFacts, Evidence
from tests.decisions.changed_answer import changed
from tests.decisions.decision_cases import TUESDAY, UNITS, facts_of, overdue_facts
from wording.answer import answer_in_words
from wording.explanation import LANGUAGES, explain
from wording.explanation.comparison import compare
from wording.messages import Wording

AT = datetime(2026, 6, 9, 10, tzinfo=UTC)
RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[{}]|\bNone\b")
ACCUSING = re.compile(r"fraud|betrug|betrüg|score|probab|wahrschein", re.IGNORECASE)
VALUES: Values = {  # that are no number
    "by": "anna",
    "action": "remind",
    "reason": "agreed by telephone",
    "state": "final_notice",
    "notice": "final_notice",
    "tables": ("alerts", "usage"),
}
POLICIES = {path.stem: load_policy(path) for path in shipped_policies()}
EXAMPLES = [
    pytest.param(policy, i, id=f"{name}: {example.name}")
    for name, policy in POLICIES.items()
    for i, example in enumerate(policy.document.cases)
]


def answered(policy: Policy, i: int) -> tuple[Case, Recommendation]:
    example = policy.document.cases[i]
    case = case_of(example)
    return case, recommend(case, policy, moment_of(example))


def flat_case(p: float, *, p_fraud: float | None = None) -> Case:
    """600 open, 400 until the usual stop, worth 900: the study's second customer."""
    facts = AccountFacts(
        customer_id="acme",
        as_of=AT,
        source="flat",
        open=6_000_000,
        run_up=4_000_000,
        clv=9_000_000,
        overdue=6_000_000,
        actionable=6_000_000,
        days_overdue=40,
        subject_kind="legal_person",
        created_at=AT - timedelta(days=400),
        n_invoices_paid=3,
    )
    return Case(facts, p_fraud=p_fraud, p_nonpayment=p, observed_until=AT)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_trained_model_is_not_called_the_starter(lang: str) -> None:
    case, policy = flat_case(0.6), default_policy()
    starter = replace(case, starter=frozenset({"nonpayment"}))
    trained = replace(case, unproven=frozenset({"nonpayment"}))
    texts = [
        explain(one, recommend(one, policy, AT), policy, lang).text("staff")
        for one in (starter, trained)
    ]
    name = {"de": "Startmodell", "fr": "départ", "pt-BR": "inicial"}
    assert [name.get(lang, "starter") in text for text in texts] == [True, False]
    unproven = {"de": "bestätigt", "fr": "confirment", "pt-BR": "confirmem"}
    shown = [unproven.get(lang, "bear it out") in text for text in texts]
    assert shown == [False, True]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_not_known_is_told_in_words(lang: str) -> None:
    unknown = ("tables.links", "money.open", "money.clv")
    case, policy = replace(flat_case(0.6), missing=unknown), default_policy()
    told = explain(case, recommend(case, policy, AT), policy, lang).text("staff")
    assert " links" in told
    assert not [name for name in unknown if name in told]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("weak", ["starter", "unproven"])
def test_of_two_models_the_weak_one_is_named(lang: str, weak: str) -> None:
    policy = default_policy()

    def text(*targets: str) -> str:
        case, weak_ones = flat_case(0.6, p_fraud=0.01), frozenset(targets)
        case = (
            replace(case, starter=weak_ones)
            if weak == "starter"
            else replace(case, unproven=weak_ones)
        )
        return explain(case, recommend(case, policy, AT), policy, lang).text("staff")

    nonpayment, fraud = text("nonpayment"), text("fraud")
    both = text("nonpayment", "fraud")
    words = Wording(lang, "EUR", policy.latest.zone)
    assert words.sentence(f"staff.risk.{weak}_nonpayment") in nonpayment
    assert words.sentence(f"staff.risk.{weak}_fraud") in fraud
    assert words.sentence(f"staff.risk.{weak}") in both


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("policy", "i"), EXAMPLES)
def test_no_customer_reads_a_sentence_twice(policy: Policy, i: int, lang: str) -> None:
    case, answer = answered(policy, i)
    for passage in explain(case, answer, policy, lang).customer:
        assert len(set(passage.sentences)) == len(passage.sentences)


@pytest.mark.parametrize(("policy", "i"), EXAMPLES)
def test_every_case_of_every_policy_is_explained(policy: Policy, i: int) -> None:
    case, answer = answered(policy, i)
    for lang in LANGUAGES:
        said = explain(case, answer, policy, lang)
        for text in (said.text("staff"), said.text("customer")):
            assert text
            assert not RAW.findall(text.replace("kbit/s", "")), text
        assert not ACCUSING.findall(said.text("customer"))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_reason_reads_as_a_sentence_in_every_language(
    rule: Rule, lang: str
) -> None:
    policy = default_policy()
    case = flat_case(0.5, p_fraud=0.1)
    answer = recommend(case, policy, AT)
    for key, names in rule.sentences.items():
        detail = key.partition(".")[2] or None
        values = {name: VALUES.get(name, 0.25) for name in names}
        waits = Withheld(rule.code, ("suspend",), detail, values)
        reasons = (
            replace(waits, permitted_from=AT + timedelta(days=2)),
            replace(waits, released_by="dispute_end"),
        )
        told = changed(answer, withheld=reasons)
        said = explain(case, told, policy, lang)
        [passage] = [p for p in said.staff if p.topic == "withheld"]
        restricted = rule.code == "essential_service"
        assert len(passage.sentences) == 5 + 2 * restricted
        assert not RAW.findall(" ".join(passage.sentences))
        assert not ACCUSING.findall(said.text("customer"))
        own = answer_in_words(lang, case, told, policy).permission.withheld
        alone = " ".join(reason.sentence for reason in own)
        assert alone == " ".join(passage.sentences[1:])


def test_the_studys_customer_is_explained_with_the_studys_numbers() -> None:
    """81 more if fine, 142 saved if not, break-even 36: reference study, 1.3.

    142.45 by hand: 0.70 * (0.82*600*0.1 + 0.82*400*0.6) - 2 - 0.35*0.088*900.
    """
    policy, case = default_policy(), flat_case(0.40)
    answer = recommend(case, policy, AT)
    passages = {p.topic: p.sentences for p in explain(case, answer, policy, "en").staff}
    assert passages["risk"] == (
        "Of 100 customers like this, 40 do not pay within 90 days.",
        "There is no probability of fraud: fraud rests on signs alone.",
    )
    [stake] = passages["stake"]
    assert stake == (
        "At stake: €820 at our cost (€492 of the €600 that is open, about €328 more "
        "until the usual stop)."
    )
    assert passages["comparison"][0] == (
        "Compared with a service request, suspension costs €81 more if the customer "
        "is in fact fine and saves €142 more if not."
    )
    assert passages["comparison"][1] == "Break-even for suspension: 36 of 100."
    assert passages["comparison"][2].endswith(
        "no action from 0, reminder from 2, service request from 16, "
        "suspension from 36."
    )


def test_nothing_harsher_than_what_costs_least_is_compared() -> None:
    """At 35 of 100 the break-even for suspension is nearest, and costs more."""
    policy, case = default_policy(), flat_case(0.35)
    answer = recommend(case, policy, AT)
    assert (answer.proposed_action, answer.action) == ("service_request", "remind")
    compared = compare(answer, policy.in_force(AT) or policy.latest)
    assert compared is not None
    assert (compared.milder, compared.harsher) == ("remind", "service_request")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_does_not_accrue_is_no_amount(lang: str) -> None:
    policy, case = default_policy(), flat_case(0.35)
    case = replace(case, facts=replace(case.facts, run_up=0))
    answer = recommend(case, policy, AT)
    told = {p.topic: p.sentences for p in explain(case, answer, policy, lang).staff}
    assert "492" in told["stake"][0]
    assert not re.search(r"(?<!\d)0(?!\d)", " ".join(told["stake"]))


def test_the_german_sentence_inflects() -> None:
    policy, case = default_policy(), flat_case(0.40)
    said = explain(case, recommend(case, policy, AT), policy, "de").text()
    assert "zahlen 40 innerhalb von 90 Tagen nicht" in said
    assert "Verglichen mit einer Serviceanfrage kostet eine Sperre 81\xa0€ mehr" in said


def test_a_probability_beside_its_break_even_never_looks_equal_to_it() -> None:
    policy, case = default_policy(), flat_case(0.364)
    said = explain(case, recommend(case, policy, AT), policy, "en").text()
    assert "Of 1,000 customers like this, 364 do not pay" in said
    assert "Break-even for suspension: 363 of 1,000." in said


def test_a_zero_probability_is_not_called_certain() -> None:
    policy, case = default_policy(), flat_case(0.0)
    said = explain(case, recommend(case, policy, AT), policy, "en").text()
    assert "Of 10,000 customers like this, fewer than one does not pay" in said


def test_the_moment_of_permission_is_told_where_time_alone_decides() -> None:
    policy, case = default_policy(), flat_case(0.6)
    answer = recommend(case, policy, AT)
    wait = Withheld("too_early", ("suspend",), values={"state": "suspension"})
    waits = changed(answer, withheld=(wait,), permitted_from=AT + timedelta(days=3))
    text = explain(case, waits, policy, "en").text()
    assert "permitted from 12 June 2026, 12:00: suspension." in text
    text = explain(case, changed(waits, permitted_from=None), policy, "en").text()
    assert "permitted from" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_holds_access_provider_and_return_are_told(lang: str) -> None:
    policy, case = default_policy(), flat_case(0.6)
    answer = recommend(case, policy, AT)
    holds = [
        Hold(kind, True, AT, None, "author", VALUES)
        for kind in get_args(ProtectingHold)
    ]
    holds += [
        Hold(reason, False, AT, None, "automation", {}, cure)
        for reason in get_args(AccessHold)
        for cure in (None, "paid", "arranged", "cleared", "expired", "appeal")
    ]
    effects = (
        ProviderEffect("s1", "Mail", 0.0, None, None),
        ProviderEffect("s2", "Office", 0.4, "reduce at renewal", None),
        ProviderEffect("s3", None, 0.0, None, AT + timedelta(days=2)),
        ProviderEffect("s4", "Compute", 1.0, None, None),
    )
    for by in ("automation", "person"):
        back = Reactivation(("nonpayment",), "paid", by, AT, "no", 0.0)
        told = changed(answer, holds=tuple(holds), provider=effects, reactivation=back)
        said = explain(case, told, policy, lang)
        assert {"holds", "provider", "reactivation"} <= {p.topic for p in said.staff}
        assert "Compute" not in said.text()
        assert not RAW.findall(said.text())
        assert not ACCUSING.findall(said.text("customer"))


def test_what_two_disputes_have_in_common_is_said_once() -> None:
    policy, case = default_policy(), flat_case(0.6)
    holds = (Hold("dispute", True, AT, None, "team", {"team": "billing"}),) * 2
    told = changed(recommend(case, policy, AT), holds=holds)
    assert explain(case, told, policy, "en").text().count("Dispute:") == 1


@pytest.mark.parametrize("action", ["suspend", "block"])
@pytest.mark.parametrize("in_force", [False, True], ids=["new", "in force"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_protective_stop_is_neutral_to_the_customer(
    action: Action, in_force: bool, lang: str
) -> None:
    policy, case = default_policy(), flat_case(0.3, p_fraud=0.8)
    answer = changed(
        recommend(case, policy, AT),
        action=action,
        basis="fraud",
        in_force=in_force,
        pause=FraudPause(
            wording="paused",
            auto_expires_at=AT + timedelta(hours=72),
            stop_charging=True,
            refund="never",
        ),
    )
    said = explain(case, answer, policy, lang).text("customer")
    assert not ACCUSING.findall(said)
    assert "12" in said  # the pause ends by itself on 12 June


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_customer_is_told_no_amount_that_could_not_be_read(lang: str) -> None:
    """The rejected row may be the very payment."""
    policy, facts = default_policy(), overdue_facts(100)
    known, broken = (
        explain(case, recommend(case, policy, TUESDAY), policy, lang).customer
        for case in (
            Case(facts, 0.6, 0.0),
            Case(replace(facts, rejected=frozenset({"payments"})), 0.6, 0.0),
        )
    )
    assert "owed" in {passage.topic for passage in known}
    assert "owed" not in {passage.topic for passage in broken}


@pytest.mark.parametrize(
    ("invoices", "expected"),
    [(("4711",), "this invoice: 4711."), (("1", "2"), "these invoices: 1 and 2.")],
)
def test_a_notice_names_one_invoice_or_several(
    invoices: tuple[str, ...], expected: str
) -> None:
    policy, case = default_policy(), Case(overdue_facts(notices=()), 0.0, 0.6)
    answer = recommend(case, policy, TUESDAY)
    [due] = answer.follow_up.notices_due
    told = changed(answer, notices_due=(replace(due, invoices=invoices),))
    assert expected in explain(case, told, policy, "en").text()


def test_what_is_below_a_limit_is_told_below_it() -> None:
    """The rule looks at what is neither promised nor on its way, so the words do."""
    policy = default_policy()
    facts = overdue_facts(100, in_flight=90 * UNITS, actionable=10 * UNITS)
    case = Case(facts, 0.0, 0.6)
    said = explain(case, recommend(case, policy, TUESDAY), policy, "en").text()
    assert "are €10, less than the €25" in said
    case = Case(facts_of(), 0.49996, 0.0)
    answer = recommend(case, policy, TUESDAY)
    values = {"p_fraud": 0.49996, "min_p_block": 0.5}
    reason = Withheld("block_floor", ("block",), values=values)
    said = explain(case, changed(answer, withheld=(reason,)), policy, "en").text()
    assert "probability of fraud of 50%; it is 49.9%" in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_where_fraud_is_confirmed_its_probability_is_not_said_of_the_customer(
    lang: str,
) -> None:
    """Training leaves out whoever is known: the number speaks of the others."""
    confirmed, old = (
        Evidence("outcome_fraud", TUESDAY - timedelta(days=days), is_confirmed=True)
        for days in (40, 400)
    )
    policy = default_policy()
    zone = policy.latest.zone
    words = Wording(lang, "EUR", zone)
    said: list[str] = []
    for signs in ((confirmed,), (old,), ()):
        case = Case(overdue_facts(evidence=signs), 0.077, 0.2)
        told = explain(case, recommend(case, policy, TUESDAY), policy, lang)
        [risk] = (one for one in told.staff if one.topic == "risk")
        said.append(" ".join(risk.sentences))
    beside = [
        words.sentence(
            "staff.risk.fraud_confirmed_beside", at=sign.at.astimezone(zone).date()
        )
        for sign in (confirmed, old)
    ]
    uncounted = words.sentence("staff.risk.fraud_confirmed_uncounted")
    assert [text in said[0] for text in (*beside, uncounted)] == [True, False, False]
    assert [text in said[1] for text in (*beside, uncounted)] == [False, True, True]
    assert [text in said[2] for text in (*beside, uncounted)] == [False] * 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whoever_is_as_late_as_non_payment_is_one_and_the_probability_of_others(
    lang: str,
) -> None:
    policy = default_policy()
    words = Wording(lang, "EUR", policy.latest.zone)
    sentence = words.sentence("staff.risk.is_nonpayment", days=61, least=60)
    for days, is_said in ((61, True), (59, False)):
        case = Case(overdue_facts(days=days), 0.01, 0.5, nonpayment_days=60)
        told = explain(case, recommend(case, policy, TUESDAY), policy, lang).text()
        assert (sentence in told) == is_said


def test_moments_are_told_in_the_timezone_of_the_portfolio() -> None:
    sign = Evidence("outcome_fraud", datetime(2026, 6, 1, 23, tzinfo=UTC))
    sign = replace(sign, is_confirmed=True)
    policy = default_policy()  # Europe/Brussels
    case = Case(overdue_facts(evidence=(sign,)), 0.1, 0.5, zone=ZoneInfo("UTC"))
    told = explain(case, recommend(case, policy, TUESDAY), policy, "en").text()
    assert "Fraud was confirmed on 1 June 2026." in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_below_the_floor_of_the_fraud_path_confirmed_fraud_is_said(lang: str) -> None:
    sign = Evidence("outcome_fraud", TUESDAY - timedelta(days=40), is_confirmed=True)
    policy, reason = default_policy(), _FLOOR
    sentence = Wording(lang, "EUR", policy.latest.zone).sentence(
        "staff.confirmed_below_floor"
    )
    for signs in ((sign,), ()):
        case = Case(overdue_facts(evidence=signs), 0.077, 0.2)
        answer = changed(recommend(case, policy, TUESDAY), withheld=(reason,))
        told = explain(case, answer, policy, lang).text()
        assert (sentence in told) == bool(signs)


_FLOOR = Withheld(
    "fraud_floor", ("suspend",), values={"p_fraud": 0.077, "min_p_path": 0.3}
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("overdue", [0, 25 * UNITS], ids=["too little", "overdue"])
def test_a_debt_under_the_materiality_is_said(language: str, overdue: int) -> None:
    facts = overdue_facts(25, overdue=overdue, actionable=overdue)
    case = Case(facts, 0.0, 0.3)
    answer = recommend(case, default_policy(), TUESDAY)
    text = explain(case, answer, default_policy(), language).text("staff")

    assert ("`materiality`" in text) == (overdue == 0)
