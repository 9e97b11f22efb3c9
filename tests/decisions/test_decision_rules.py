"""A rule is a value: its sentences, its key of the policy, its paths, its price."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import decisions
from decisions import BudgetUse, Case, default_policy, recommend
from decisions.actions import ACTIONS
from decisions.case import Clock
from decisions.policy.document import PolicyDocument
from decisions.policy_file.load import load_policy, shipped_policies
from decisions.recommendation import NoDecisionCode
from decisions.rules.catalogue import PRICE_LINES, RULE_BY_CODE, RULES
from decisions.rules.eligibility import Reasons, eligibility_of
from decisions.rules.reason import AccessHold, ProtectingHold, Releaser
from decisions.rules.rule import Paths, Rule
from tests.decisions.decision_cases import TUESDAY, random_cases
from wording.messages import LANGUAGES, messages

ROOM = Path(decisions.__file__).parent
POLICIES = {path.stem: load_policy(path) for path in shipped_policies()}
RELEASER_QUOTES = {"team": {"team"}, "author": {"by"}}
NO_KEY = {  # every policy has these
    "arrears_unknown",
    "incomplete_data",
    "inputs_missing",
    "kill_switch",
    "monitoring_alarm",
    "nothing_overdue",
    "nothing_to_suspend",
    "override",
    "payment_in_flight",
    "protecting_row_today",
    "unallocated_money",
}


def _said(lang: str, group: str) -> set[str]:
    prefix = f"{group}."
    keys = messages(lang)
    return {key.removeprefix(prefix) for key in keys if key.startswith(prefix)}


def _quoted(lang: str, key: str) -> set[str]:
    message = messages(lang)[key]
    texts = [message] if isinstance(message, str) else [*message.values()]
    parsed = (place for text in texts for place in Formatter().parse(text))
    return {name for _, name, _, _ in parsed if name is not None}


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401  JSON, or plain values
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _is_key(section: str, model: type[BaseModel] = PolicyDocument) -> bool:
    """Whether the policy file has a key at this dotted place."""
    first, _, rest = section.partition(".")
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    if first not in names or not rest:
        return first in names
    return any(_is_key(rest, m) for m in _models(names[first].annotation))


def test_every_rule_has_a_code_of_its_own() -> None:
    assert len(RULE_BY_CODE) == len(RULES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_has_its_sentences_in_every_language(lang: str) -> None:
    sentences = {key for rule in RULES for key in rule.sentences}
    assert _said(lang, "staff.withheld") == sentences
    shown = {rule.code for rule in RULES if rule.shown_to_customer}
    assert _said(lang, "customer.protection") - {"until"} == shown
    assert _said(lang, "prices") == {line.name for line in PRICE_LINES}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sentence_quotes_only_what_its_rule_gives(lang: str) -> None:
    for rule in RULES:
        for key, names in rule.sentences.items():
            assert _quoted(lang, f"staff.withheld.{key}") <= set(names)
        always = set.intersection(*(set(names) for names in rule.sentences.values()))
        if rule.shown_to_customer:
            assert _quoted(lang, f"customer.protection.{rule.code}") <= always


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_beside_the_rules_has_its_sentence_in_every_language(
    lang: str,
) -> None:
    for group, codes in {
        "staff.no_decision": NoDecisionCode,
        "staff.hold": ProtectingHold,
        "staff.access": AccessHold,
        "releasers": Releaser,
    }.items():
        said = _said(lang, group) - {"cured", "not_cured", "given_up"}
        assert said == set(get_args(codes))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sentence_about_a_hold_quotes_only_what_the_hold_gives(lang: str) -> None:
    for kind in get_args(ProtectingHold):
        of_a_person = {"by", "action", "reason"} if kind == "override" else set()
        assert _quoted(lang, f"staff.hold.{kind}") <= of_a_person
    for code in get_args(Releaser):
        assert _quoted(lang, f"releasers.{code}") == RELEASER_QUOTES.get(code, set())


@pytest.mark.parametrize("name", POLICIES)
@given(
    case=random_cases(),
    is_stopped=st.booleans(),
    alarm=st.sampled_from([None, *get_args(Clock)]),
)
def test_every_reason_carries_what_its_sentence_quotes(
    name: str, case: Case, is_stopped: bool, alarm: Clock | None
) -> None:
    use = BudgetUse(is_stopped=is_stopped, alarm=alarm)
    answer = recommend(case, POLICIES[name], TUESDAY, use)
    for reason in answer.permission.withheld:
        detail = "" if reason.detail is None else f".{reason.detail}"
        names = RULE_BY_CODE[reason.code].sentences[reason.code + detail]
        of_the_end = RELEASER_QUOTES.get(reason.released_by or "", set())
        assert set(reason.values) == {*names, *of_the_end}
    for hold in answer.permission.holds:
        of_a_person = {"by", "action", "reason"} if hold.kind == "override" else set()
        of_the_end = RELEASER_QUOTES.get(hold.released_by, set())
        assert set(hold.values) == of_a_person | of_the_end
    if answer.no_decision is not None:
        key = f"staff.no_decision.{answer.no_decision.code}"
        for lang in LANGUAGES:
            assert _quoted(lang, key) == set(answer.no_decision.values)


@pytest.mark.parametrize("name", POLICIES)
@given(case=random_cases())
def test_no_words_of_the_engine_reach_an_answer(name: str, case: Case) -> None:
    """A text with a blank is the policy file's own, or was written by a person."""
    policy = POLICIES[name]
    own = {*_texts(policy.document.model_dump()), *_texts(asdict(case.facts))}
    answer = asdict(recommend(case, policy, TUESDAY))
    assert not {text for text in _texts(answer) if " " in text} - own


def _phrases(tree: ast.AST) -> Iterator[str]:
    """Texts with a blank, but for docstrings and messages of errors."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Raise | ast.Assert):
            continue
        is_docstring = isinstance(node, ast.Expr) and isinstance(
            node.value, ast.Constant
        )
        if is_docstring:
            continue
        if isinstance(node, ast.Constant) and " " in str(node.value):
            yield str(node.value)
        yield from _phrases(node)


@pytest.mark.parametrize("room", ["engine.py", "money", "rules", "steps", "follow_up"])
def test_the_engine_writes_no_phrase(room: str) -> None:
    files = [ROOM / room, *(ROOM / room).rglob("*.py")]
    trees = [ast.parse(file.read_text()) for file in files if file.is_file()]
    assert trees
    assert not [phrase for tree in trees for phrase in _phrases(tree)]


def test_a_phrase_of_the_engine_would_be_noticed() -> None:
    assert set(_texts({"a": ["b c", {"d": ("e", 1, None)}]})) == {"b c", "e"}
    code = 'def f():\n    "A docstring."\n    return f"until {day} or so"'
    assert [*_phrases(ast.parse(code))] == ["until ", " or so"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_names_a_key_of_the_policy_file(rule: Rule) -> None:
    if rule.section is None:
        assert rule.code in NO_KEY
    else:
        assert _is_key(rule.section)


def test_a_place_that_the_file_does_not_have_is_no_key() -> None:
    assert not _is_key("guardrails.suspend.min_luck")
    assert not _is_key("materiality.suspend")


def test_every_rule_is_priced_but_for_the_switches_of_an_emergency() -> None:
    unpriced = [rule.code for rule in RULES if rule.price is None]
    assert unpriced == ["kill_switch", "monitoring_alarm"]
    assert len({line.name for line in PRICE_LINES}) == len(PRICE_LINES)


def test_the_engine_names_no_rule_that_is_not_in_the_catalogue() -> None:
    """Codes are looked up when a rule holds; a wrong one would be found late."""
    calls = [
        node.args[0].value
        for path in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "withheld"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert len(calls) > 20
    assert set(calls) <= set(RULE_BY_CODE)


def _unlike(reasons: Reasons | None, path: Paths) -> list[str]:
    """Codes of reasons that withhold more, or elsewhere, than their rules say."""
    return [
        reason.code
        for reason in reasons or ()
        if not path & RULE_BY_CODE[reason.code].paths
        or not set(reason.actions) <= set(RULE_BY_CODE[reason.code].withholds)
    ]


@given(case=random_cases())
def test_rules_withhold_only_what_and_where_they_say(case: Case) -> None:
    policy = default_policy()
    seen = eligibility_of(case, policy.latest, TUESDAY)
    assert not _unlike(seen.ordinary, Paths.ORDINARY)
    assert not _unlike(seen.high_usage, Paths.HIGH_USE)
    assert not _unlike(seen.fraud, Paths.FRAUD)
    answer = recommend(case, policy, TUESDAY, BudgetUse(is_stopped=True))
    for reason in answer.permission.withheld:
        assert set(reason.actions) <= set(RULE_BY_CODE[reason.code].withholds)


def test_the_most_that_a_rule_withholds_is_in_order_of_severity() -> None:
    for rule in RULES:
        assert list(rule.withholds) == sorted(rule.withholds, key=ACTIONS.index)
