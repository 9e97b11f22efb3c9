"""The page of the policy file: its examples hold, its tables are whole."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

import cli.policy_check
import decisions.policy
import decisions.policy_file
from decisions.errors import DominatedActionError, PolicyFileError
from decisions.policy.document import PolicyDocument
from decisions.policy.finding import FINDINGS
from decisions.policy_file.check import check
from decisions.policy_file.load import (
    Policy,
    default_policy,
    json_schema,
    parse_document,
    parse_policy,
    shipped_policies,
)
from decisions.recommendation import NoDecisionCode
from wording.policy_reference import policy_page

PAGE = policy_page()


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_smallest_policy_is_one() -> None:
    found = check(parse_policy(blocks()[0]))
    assert [finding.code for finding in found] == ["no_notice_path"]


def test_the_amendment_of_the_page_changes_what_it_says() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    change = parse_policy(blocks()[0] + "\n" + blocks()[1]).document.amendments
    amended = values | {
        "amendments": [a.model_dump(mode="json", by_alias=True) for a in change]
    }
    policy = Policy(parse_document(amended, "amended"))
    before, after = (
        policy.in_force(datetime(2026, month, 15, tzinfo=UTC)) for month in (9, 10)
    )
    assert before is not None
    assert after is not None
    assert before.document.budget.per_day == 100
    assert after.document.budget.per_day == 50
    assert after.document.guardrails.any.stale_hours == 24


class PlainDates(yaml.SafeLoader):
    """YAML as an editor reads it: a date is text of that form."""


PlainDates.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("file", shipped_policies(), ids=lambda file: file.stem)
def test_an_editor_finds_nothing_wrong_with_a_shipped_policy(file: Path) -> None:
    formats = jsonschema.FormatChecker()
    editor = jsonschema.Draft202012Validator(json_schema(), format_checker=formats)
    values = yaml.load(file.read_text(), Loader=PlainDates)  # noqa: S506  a SafeLoader
    assert [error.message for error in editor.iter_errors(values)] == []
    assert not editor.is_valid(values | {"budgett": {}})
    assert not editor.is_valid(values | {"effective_from": "tomorrow"})


def test_every_section_of_the_file_has_a_table() -> None:
    for name in PolicyDocument.model_fields:
        assert f"`{name}`" in PAGE
    headings = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert "`ladder[].when`" in headings
    assert "`costs.actions.ACTION`" in headings


def test_every_field_says_what_it_does() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    bare = [
        key
        for key, *_, said in (row for row in rows if len(row) == 4)
        if said.strip(" |") == ""
    ]
    assert bare == []
    silent = re.findall(r"^### (`.*)\n\n\|", PAGE, re.MULTILINE)
    assert silent == []


def test_no_link_of_the_page_leads_nowhere() -> None:
    headings = re.findall(r"^##+ (.*)$", PAGE, re.MULTILINE)
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }
    links = re.findall(r"\]\(#([^)]*)\)", PAGE)
    assert len(links) > 40
    assert set(links) <= anchors
    docs = Path(__file__).parents[2] / "docs"
    for file in re.findall(r"\]\(([^#)][^)]*)\)", PAGE):
        assert (docs / file.partition("#")[0]).exists(), file


def emitted(tree: ast.AST) -> Iterator[str]:
    """First arguments of `Finding(…)`; a name is what its function assigned to it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        named: dict[str, str] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                named.update(texts_of(node))
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    yield str(code.value)
                elif isinstance(code, ast.Name):
                    yield named[code.id]


def texts_of(node: ast.Assign) -> Iterator[tuple[str, str]]:
    pairs: list[tuple[ast.expr, ast.expr]] = [(node.targets[0], node.value)]
    if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
    for name, value in pairs:
        if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
            yield name.id, str(value.value)


def test_every_code_of_the_linter_is_in_the_one_list() -> None:
    rooms = (decisions.policy, decisions.policy_file)
    folders = [Path(str(room.__file__)).parent for room in rooms]
    files = [file for folder in folders for file in folder.glob("*.py")]
    codes = {
        code
        for file in [*files, Path(str(cli.policy_check.__file__))]
        for code in emitted(ast.parse(file.read_text()))
    }
    errors = {PolicyFileError.code, DominatedActionError.code}
    assert codes | errors == set(FINDINGS)


@pytest.mark.parametrize("code", [*FINDINGS, *get_args(NoDecisionCode), "cure_period"])
def test_every_code_is_on_the_page(code: str) -> None:
    assert f"| `{code}` |" in PAGE
