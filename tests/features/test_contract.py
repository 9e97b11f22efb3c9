"""The contract as data is whole, and so is the page made from it."""

import pytest

from features.contract import TABLES, TableSpec
from features.contract_page import ABOUT, NOTES, contract_page
from features.reading.rejects import WHAT_TO_DO
from features.settings import PortfolioSettings


def test_the_page_names_every_table_column_value_and_rule() -> None:
    page = contract_page()
    for table in TABLES.values():
        section = page.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        for column in table.columns:
            name = f"**{column.name}**" if column.is_required else column.name
            [line] = [s for s in section.splitlines() if s.startswith(f"| {name} |")]
            assert all(f"`{choice}`" in line for choice in column.choices)
            assert ("kept as `other`" in line) == column.is_open
    assert all(f"| `{rule}` |" in page for rule in WHAT_TO_DO)


def test_every_table_is_explained() -> None:
    assert ABOUT.keys() == TABLES.keys()
    columns = {f"{t.name}.{c.name}" for t in TABLES.values() for c in t.columns}
    shared = {c.name for t in TABLES.values() for c in t.columns}
    assert NOTES.keys() <= columns | shared


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_tables_begin_alike_and_have_their_keys(table: TableSpec) -> None:
    names = [column.name for column in table.columns]
    assert names[:3] == ["customer_id", "event_at", "known_at"]
    assert names[-1] == "retracted"
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    assert table.column("customer_id").is_required
    assert table.column("event_at").is_required == (table.name != "customers")


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_defaults_are_choices(table: TableSpec) -> None:
    for column in table.columns:
        if column.default is not None:
            assert column.default in column.choices


def test_settings_survive_json() -> None:
    settings = PortfolioSettings.model_validate(
        {
            "rates": {"USD": 0.92},
            "attributes": {"x": {"type": "money", "from": "ageing"}},
            "exposure": {"open": "loan_amount", "clv": 9600},
            "tables": ["customers"],
        }
    )
    said = settings.model_dump(mode="json")
    assert PortfolioSettings.model_validate(said) == settings
    assert settings.columns["ageing"][-1].name == "x"
    assert settings.columns["customers"][-1].name == "loan_amount"
