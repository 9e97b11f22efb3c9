"""The page about the store's tables names them all, each with its decision record."""

import re
from pathlib import Path

import pytest

from store.schema import DECISIONS, EVENTS, Schema
from store.tables_page import NOTES, columns_of, tables_page

ADRS = Path(__file__).parents[2] / "docs" / "adr"


@pytest.fixture(scope="module")
def page() -> str:
    return tables_page()


@pytest.mark.parametrize("schema", [DECISIONS, EVENTS], ids=lambda s: s.name)
def test_every_table_and_column_is_named(schema: Schema, page: str) -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    tables = columns_of(schema)
    assert set(tables) <= set(NOTES)
    for table, columns in tables.items():
        for name, kind in columns:
            assert f"\n| {name} | {kind} |" in sections[table], (table, name)


def test_no_table_is_named_that_is_not_there() -> None:
    assert set(NOTES) == {*columns_of(DECISIONS), *columns_of(EVENTS)}


def test_every_table_names_a_decision_record_that_is_there() -> None:
    for table, note in NOTES.items():
        assert (ADRS / f"{note.adr}.md").is_file(), table


def test_what_a_revision_says_of_a_column_stands_beside_it(page: str) -> None:
    told = "| state | TEXT | planned, asked, done, withdrawn, failed |"
    assert told in page
    assert "of a spending limit" in page  # added by a later revision
