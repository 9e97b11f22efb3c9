"""A rule is a value: its sentences, its key of the policy, its paths, its price."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from pydantic import BaseModel

import decisions
from decisions import BudgetUse, Case, default_policy, recommend
from decisions.actions import ACTIONS
from decisions.policy.document import PolicyDocument
from decisions.rules.catalogue import PRICE_LINES, RULE_BY_CODE, RULES
from decisions.rules.eligibility import Reasons, eligibility_of
from decisions.rules.rule import Paths, Rule
from tests.decisions.decision_cases import TUESDAY, random_cases
from wording.messages import LANGUAGES, messages

ROOM = Path(decisions.__file__).parent
NO_KEY = {  # every policy has these
    "arrears_unknown",
    "incomplete_data",
    "inputs_missing",
    "kill_switch",
    "nothing_overdue",
    "override",
    "payment_in_flight",
    "protecting_row_today",
    "unallocated_money",
}


def _said(lang: str, group: str) -> set[str]:
    prefix = f"{group}."
    keys = messages(lang)
    return {key.removeprefix(prefix) for key in keys if key.startswith(prefix)}


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
    assert _said(lang, "staff.withheld") == set(RULE_BY_CODE)
    shown = {rule.code for rule in RULES if rule.shown_to_customer}
    assert _said(lang, "customer.protection") - {"until"} == shown
    assert _said(lang, "prices") == {line.name for line in PRICE_LINES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_names_a_key_of_the_policy_file(rule: Rule) -> None:
    if rule.section is None:
        assert rule.code in NO_KEY
    else:
        assert _is_key(rule.section)


def test_a_place_that_the_file_does_not_have_is_no_key() -> None:
    assert not _is_key("guardrails.suspend.min_luck")
    assert not _is_key("materiality.suspend")


def test_every_rule_is_priced_but_for_the_switch_of_an_emergency() -> None:
    assert [rule.code for rule in RULES if rule.price is None] == ["kill_switch"]
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
