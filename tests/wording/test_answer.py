"""Every language says the same of an answer, and says all of it."""

import string
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, default_policy, recommend
from decisions.policy_file.load import load_policy, shipped_policies
from features.catalogue import CATALOGUE, FAMILIES
from features.facts import (
    ActiveHold,
    ActiveOverride,
    Evidence,
    LiveSubscription,
    OpenDispute,
    OpenPromise,
)
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    Anything,
    facts_of,
    overdue_facts,
    random_cases,
)
from wording.answer import (
    AnswerInWords,
    answer_in_words,
    customer_reason,
    reason_key,
)
from wording.messages import LANGUAGES, UnknownLanguageError, messages

POLICIES = {path.stem: load_policy(path) for path in shipped_policies()}
OTHERS = [lang for lang in LANGUAGES if lang != "en"]


def told(case: Case, lang: str = "en", name: str = "reseller-default") -> AnswerInWords:
    policy = POLICIES[name]
    return answer_in_words(lang, case, recommend(case, policy, TUESDAY), policy)


def sentences(said: AnswerInWords) -> list[str]:
    parts = [*said.permission.withheld, *said.permission.holds, said.no_decision]
    return [part.sentence for part in parts if part is not None]


def of_holds(said: AnswerInWords) -> tuple[str, ...]:
    return tuple(hold.sentence for hold in said.permission.holds)


@pytest.mark.parametrize("name", POLICIES)
@given(case=random_cases(), lang=st.sampled_from(OTHERS))
def test_each_reason_and_hold_is_said_in_the_language_asked_for(
    name: str, case: Case, lang: str
) -> None:
    english, other = told(case, "en", name), told(case, lang, name)
    assert (english.no_decision is None) == (other.no_decision is None)
    for one, two in zip(sentences(english), sentences(other), strict=True):
        assert one != two
        assert digits(one) == digits(two)


def digits(sentence: str) -> list[str]:
    """The digits of a sentence in order of size, whatever separates them."""
    return sorted(char for char in sentence if char in string.digits)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_persons_decision_is_told_with_its_reason(lang: str) -> None:
    later = TUESDAY + timedelta(days=9)
    override = ActiveOverride("remind", TUESDAY, "anna", "agreed by telephone", later)
    said = told(Case(overdue_facts(4500, overrides=(override,)), 0.0, 0.6), lang)
    parts = [sentence for sentence in sentences(said) if "anna" in sentence]
    assert len(parts) == 2  # as a hold, and as what withholds the stop
    assert all("agreed by telephone" in sentence for sentence in parts)


def test_two_decisions_of_one_person_are_each_told_with_their_own_reason() -> None:
    both = tuple(
        ActiveOverride("remind", TUESDAY - timedelta(days=i), "anna", reason, None)
        for i, reason in enumerate(("agreed", "changed"))
    )
    said = told(Case(overdue_facts(4500, overrides=both), 0.0, 0.6))
    assert of_holds(said) == tuple(
        f"Decided by anna: reminder. Reason: “{reason}”. Ended by: anna."
        for reason in ("agreed", "changed")
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_decision_that_is_no_action_of_ours_is_told_in_its_own_words(
    lang: str,
) -> None:
    override = ActiveOverride("ring_them_up", TUESDAY, "anna", "agreed", None)
    said = told(Case(overdue_facts(4500, overrides=(override,)), 0.0, 0.6), lang)
    assert any("ring them up" in sentence for sentence in of_holds(said))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_goes_beyond_the_policy_is_told_to_need_a_person(lang: str) -> None:
    def holds(days: int) -> tuple[str, ...]:
        opened = TUESDAY - timedelta(days=days)
        dispute = OpenDispute("d", "billing", opened, None, None)
        promise = OpenPromise(
            opened, TUESDAY + timedelta(days=3), 10 * UNITS, days=days + 3
        )
        facts = overdue_facts(disputes=(dispute,), promises=(promise,))
        return of_holds(told(Case(facts, 0.0, 0.6), lang))

    for within, beyond in zip(holds(5), holds(90), strict=True):
        assert len(beyond) > len(within)


@pytest.mark.parametrize(
    ("until", "end"),
    [
        pytest.param(
            TUESDAY + timedelta(days=5),
            "This ends by itself on 14 June 2026, 12:00.",
            id="with its end",
        ),
        pytest.param(None, "Ended by: legal.", id="or who ends it"),
    ],
)
def test_a_hold_is_told_with_its_end(until: Anything, end: str) -> None:
    hold = ActiveHold("legal", TUESDAY, until)
    [sentence] = of_holds(told(Case(facts_of(holds=(hold,)), 0.0, 0.6)))
    assert sentence.endswith(end)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_essential_service_is_told_with_what_the_policy_restricts(lang: str) -> None:
    said = told(Case(overdue_facts(segment="healthcare"), 0.0, 0.6), lang)
    document = default_policy().document
    mode = document.text_in(document.essential.restricted_mode, lang)
    assert mode
    assert any(sentence.endswith(mode) for sentence in sentences(said))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_feature_has_a_sentence_for_customers(lang: str) -> None:
    prefix = "customer.reason_of."
    keys = {key for key in messages(lang) if key.startswith(prefix)}
    own = {feature.customer_text for feature in CATALOGUE}
    assert keys == {prefix + reason_key(text) for text in own}
    said = {customer_reason(lang, "unheard_of", text) for text in own}
    assert (said == own) is (lang == "en")
    assert said.isdisjoint(own) is (lang != "en")


@pytest.mark.parametrize("lang", OTHERS)
def test_what_a_portfolio_declared_stands_for_its_family_in_other_languages(
    lang: str,
) -> None:
    own = "Share of the limit in use."
    assert customer_reason("en", "credit_use", own) == own
    assert [f for f in FAMILIES if customer_reason(lang, f, own) == own] == []
    assert customer_reason(lang, "declared_by_a_portfolio", own) == own


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_of_the_policy_file_are_in_the_language_where_it_has_them(
    lang: str,
) -> None:
    document = default_policy().document
    assert document.fraud_path is not None
    bound = LiveSubscription("s1", "Office", "license", 800 * UNITS, 9000 * UNITS)
    sign = Evidence("crypto_mining", TUESDAY, confidence="high")
    facts = facts_of(subscriptions=(bound,), evidence=(sign,), open=900 * UNITS)
    follow_up = told(Case(facts, 0.9, 0.1), lang).follow_up
    assert follow_up.pause is not None
    assert follow_up.pause.wording == document.text_in(
        document.fraud_path.wording, lang
    )
    [effect] = follow_up.provider
    ways = {document.text_in(rule.instead, lang) for rule in document.provider}
    assert effect.instead in ways - {""}


def test_an_unknown_language_is_refused() -> None:
    case = Case(overdue_facts(4500), 0.0, 0.6)
    with pytest.raises(UnknownLanguageError):
        told(case, "it")
