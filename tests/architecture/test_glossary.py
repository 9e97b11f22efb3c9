"""The glossary has a word for every package and every public class.

The head noun of a name says what the thing is: the last word of `UnallocatedReceipt`.
It stands in the first column of GLOSSARY.md, or in the portfolio contract (a table, a
column, or a key of portfolio.yaml), or is a key of the policy file, or is one of a few
nouns of programming that need no explanation here.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from decisions.policy_file.load import json_schema
from features.contract import TABLES
from features.settings import PortfolioSettings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
# Makes worlds, is imported by nobody but the command line, and has words of its own.
APART = frozenset({"simulation"})
# Conditions on rows, named so that a feature's filter reads as a sentence.
CONDITIONS = "above and equals in not present"
# Nouns of programming, of documents and of services that mean here what they mean
# everywhere; and the rooms.
GENERAL = frozenset(
    f"""
    row column cell table part line item page section figure file folder header key
    count counter value text document list attribute spec bin note paragraph passage
    source origin reader writer mapping filter compiler database connection schema
    migration kernel batch commit lock queue watch limit condition choice
    request answer response problem setting error version metric readiness proof
    submission receipt refusal guard middleware chain tip shedding turnstile audit
    model predictor tree forest interval range
    comparison difference change summary report
    result run plan grid step draft finding warning reference kind class effect tracker
    assumption
    cli online plot reading serving wording feature scoring training
    {CONDITIONS}
    """.split()
)


def words(name: str) -> list[str]:
    """The words of a name in CamelCase or snake_case, in small letters."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return [part.lower() for part in parts]


def singular(word: str) -> str:
    """Good enough for the nouns at hand.

    >>> [singular(word) for word in ("policies", "losses", "rails", "access")]
    ['policy', 'loss', 'rail', 'access']
    """
    for plural, end in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + end
    return word


def policy_keys() -> Iterator[str]:
    """Every key of the policy file, of all its sections."""
    schema = json_schema()
    for part in (schema, *schema["$defs"].values()):
        yield from part.get("properties", ())


def glossary() -> str:
    """The first column of the glossary's table."""
    lines = (ROOT / "GLOSSARY.md").read_text().splitlines()
    return " ".join(line.split("|")[1] for line in lines if line.startswith("| "))


@pytest.fixture(scope="module")
def known() -> frozenset[str]:
    columns = [c.name for spec in TABLES.values() for c in spec.columns]
    keys = [*TABLES, *columns, *PortfolioSettings.model_fields, *policy_keys()]
    names = [glossary(), *keys, " ".join(GENERAL)]
    return frozenset(singular(word) for name in names for word in words(name))


def public_classes() -> Iterator[str]:
    for room in sorted(set(ROOMS) - APART):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name


def packages() -> Iterator[str]:
    for room in sorted(set(ROOMS) - APART):
        yield from (path.parent.name for path in (ROOT / room).rglob("__init__.py"))


def test_every_public_class_is_called_by_a_word_of_the_glossary(
    known: frozenset[str],
) -> None:
    strange = {n for n in public_classes() if singular(words(n)[-1]) not in known}
    assert not sorted(strange)


def test_every_package_is_called_by_a_word_of_the_glossary(
    known: frozenset[str],
) -> None:
    strange = {n for n in packages() if singular(words(n)[-1]) not in known}
    assert not sorted(strange)


@pytest.mark.parametrize("name", ["Climb", "Told", "Lived", "RequestManager"])
def test_a_riddle_is_no_word_of_the_glossary(name: str, known: frozenset[str]) -> None:
    assert singular(words(name)[-1]) not in known
