"""A policy in another currency decides the same about the same money."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decisions import default_policy, load_policy
from decisions.errors import PolicyFileError
from decisions.policy_file.check import run_cases
from decisions.policy_file.denomination import BY_CURRENCY, MONEY, in_currency
from decisions.policy_file.load import (
    Policy,
    json_schema,
    parse_document,
    shipped_policies,
)

SCHEMA = json_schema()
NOT_MONEY = {
    "costs.measures.*.limit",  # of the provider's currency
    "approvals.four_eyes_over",  # a number, or a table by currency
    "high_usage.usage_ratio",
    "guardrails.any.max_report_age_days",
    "cases.*.usage_ratio",
}

BOTH = {"EUR": 5000, "USD": 5500}


def unbounded_numbers(node: dict[str, Any], path: str = "") -> Iterator[str]:
    """Paths of numbers without an upper bound: amounts, and a few others."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name == "UncertainAmount":
            yield path
        elif name != "UncertainShare":
            yield from unbounded_numbers(SCHEMA["$defs"][name], path)
        return
    bounded = {"maximum", "exclusiveMaximum"} & set(node)
    if node.get("type") == "number" and not bounded:
        yield path
    for part in node.get("anyOf", []):
        yield from unbounded_numbers(part, path)
    inner = [node.get("items"), node.get("additionalProperties")]
    inner += [*node.get("patternProperties", {}).values(), *node.get("prefixItems", [])]
    for part in inner:
        if isinstance(part, dict):
            yield from unbounded_numbers(part, f"{path}.*")
    for name, part in node.get("properties", {}).items():
        yield from unbounded_numbers(part, f"{path}.{name}".lstrip("."))


def test_every_amount_of_the_schema_is_money_or_said_not_to_be() -> None:
    tables = {f"{path}.*" for path in BY_CURRENCY}
    assert set(unbounded_numbers(SCHEMA)) == {*MONEY, *tables, *NOT_MONEY}


@pytest.mark.parametrize("path", shipped_policies(), ids=lambda path: path.stem)
@pytest.mark.parametrize("rate", [1.0, 0.0625, 1024.0])  # exact in binary
def test_the_cases_hold_in_any_currency(path: Path, rate: float) -> None:
    policy = in_currency(load_policy(path), "XTS", rate)
    assert policy.document.currency == "XTS"
    assert list(run_cases(policy)) == []


def test_another_currency_is_another_policy() -> None:
    policy = default_policy()
    there = in_currency(policy, "TWD", 32.0)
    assert there.hash != policy.hash
    assert there.document.guardrails.suspend.min_exposure == (
        32.0 * policy.document.guardrails.suspend.min_exposure
    )
    back = in_currency(there, policy.document.currency, 1 / 32)
    assert back.document.costs == policy.document.costs


def test_a_stated_materiality_stands() -> None:
    policy = in_currency(default_policy(), "GBP", 0.5)
    assert policy.document.materiality["GBP"] == 20


@pytest.mark.parametrize(
    ("limit", "in_usd"), [(5000, 10_000), ({"EUR": 5000}, 10_000), (BOTH, 5500)]
)
def test_four_eyes_are_converted_unless_the_file_states_the_amount(
    limit: float | dict[str, float], in_usd: float
) -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["approvals"]["four_eyes_over"] = limit
    later = {"approvals": {"four_eyes_over": {"EUR": 6000}}}
    values["amendments"] = [{"from": "2026-09-01", "set": later, "because": "x"}]
    policy = in_currency(Policy(parse_document(values, "test")), "USD", 2.0)
    (_, first), (_, second) = policy.versions
    assert first.four_eyes_over == in_usd
    assert second.four_eyes_over == (5500 if in_usd == 5500 else 12_000)


def test_four_eyes_by_currency_state_the_policys_own() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["approvals"]["four_eyes_over"] = {"USD": 5500}
    with pytest.raises(PolicyFileError, match="EUR"):
        parse_document(values, "test")


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        in_currency(default_policy(), "USD", rate)
