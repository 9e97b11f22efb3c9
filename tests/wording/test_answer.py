"""The sentences of an answer in other languages say what the English ones do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from decisions import Case, Policy, default_policy, recommend
from decisions.policy_file.examples import case_of, moment_of
from decisions.policy_file.load import load_policy, shipped_policies
from features.catalogue import FAMILIES
from features.facts import ActiveOverride, OpenDispute, OpenPromise
from tests.decisions.changed_answer import changed
from tests.decisions.decision_cases import TUESDAY, UNITS, overdue_facts
from wording.answer import SPOKEN, answer_in, customer_reason
from wording.messages import LANGUAGES, UnknownLanguageError

POLICIES = {path.stem: load_policy(path) for path in shipped_policies()}
OTHERS = [lang for lang in LANGUAGES if lang != SPOKEN]


@pytest.mark.parametrize("lang", OTHERS)
@pytest.mark.parametrize("name", POLICIES)
def test_every_answer_of_a_shipped_policy_is_said_in_full(name: str, lang: str) -> None:
    policy = POLICIES[name]
    for example in policy.document.cases:
        case = case_of(example)
        english = recommend(case, policy, moment_of(example))
        other = answer_in(lang, case, english, policy)
        for reason, said in zip(
            english.permission.withheld, other.permission.withheld, strict=True
        ):
            assert replace(said, sentence=reason.sentence) == reason
            assert said.sentence not in ("", reason.sentence)
        for hold, told in zip(
            english.permission.holds, other.permission.holds, strict=True
        ):
            assert replace(told, sentence=hold.sentence) == hold
            assert told.sentence not in ("", hold.sentence)
        bare = {"no_decision": None, "withheld": (), "holds": ()}
        assert changed(other, **bare) == changed(english, **bare)
        if english.no_decision is not None:
            assert other.no_decision is not None
            assert other.code == english.code
            assert other.no_decision.sentence != english.no_decision.sentence


def test_english_is_what_the_engine_says() -> None:
    case = Case(overdue_facts(4500), 0.0, 0.6)
    english = recommend(case, default_policy(), TUESDAY)
    assert answer_in("en", case, english, default_policy()) is english


@pytest.mark.parametrize("lang", OTHERS)
def test_a_persons_decision_is_told_with_its_reason(lang: str) -> None:
    later = TUESDAY + timedelta(days=9)
    override = ActiveOverride("remind", TUESDAY, "anna", "agreed by telephone", later)
    case = Case(overdue_facts(4500, overrides=(override,)), 0.0, 0.6)
    english = recommend(case, default_policy(), TUESDAY)
    answer = answer_in(lang, case, english, default_policy())
    parts = [
        part.sentence for part in answer.permission.holds if part.kind == "override"
    ]
    parts += [
        part.sentence for part in answer.permission.withheld if part.code == "override"
    ]
    assert len(parts) > 1
    for sentence in parts:
        assert "anna" in sentence
        assert "agreed by telephone" in sentence


def test_two_decisions_that_cannot_be_told_apart_are_not_mixed_up() -> None:
    both = tuple(
        ActiveOverride("remind", TUESDAY - timedelta(days=i), "anna", reason, None)
        for i, reason in enumerate(("agreed", "changed"))
    )
    case = Case(overdue_facts(4500, overrides=both), 0.0, 0.6)
    answer = answer_in(
        "de", case, recommend(case, default_policy(), TUESDAY), default_policy()
    )
    [sentence] = {hold.sentence for hold in answer.permission.holds}
    assert "agreed" not in sentence
    assert "changed" not in sentence


@pytest.mark.parametrize("lang", OTHERS)
def test_what_goes_beyond_the_policy_is_told_to_need_a_person(lang: str) -> None:
    policy: Policy = default_policy()

    def holds(days: int) -> list[str]:
        opened = TUESDAY - timedelta(days=days)
        dispute = OpenDispute("d", "billing", opened, None, None)
        promise = OpenPromise(TUESDAY, TUESDAY + timedelta(days=days), 10 * UNITS)
        case = Case(overdue_facts(disputes=(dispute,), promises=(promise,)), 0.0, 0.6)
        answer = answer_in(lang, case, recommend(case, policy, TUESDAY), policy)
        return [hold.sentence for hold in answer.permission.holds]

    for within, beyond in zip(holds(5), holds(90), strict=True):
        assert beyond.startswith(within)
        assert len(beyond) > len(within)


@pytest.mark.parametrize("lang", OTHERS)
def test_every_family_of_features_has_a_sentence_for_customers(lang: str) -> None:
    silent = [f for f in FAMILIES if customer_reason(lang, f, "English") == "English"]
    assert not silent
    assert customer_reason(lang, "declared_by_a_portfolio", "English") == "English"


def test_an_unknown_language_is_refused() -> None:
    case = Case(overdue_facts(4500), 0.0, 0.6)
    answer = recommend(case, default_policy(), TUESDAY)
    with pytest.raises(UnknownLanguageError):
        answer_in("it", case, answer, default_policy())
