"""docs/portfolio.md: every key, with an example that can be copied."""

import pytest

from features.reading.mapping import ColumnMapping
from features.reading.origin import Origin
from features.reading.settings_file import parse_settings
from features.settings import Attribute, PortfolioSettings
from features.settings_notes import NOTES
from features.settings_page import keys, settings_page

KEYS = [
    key
    for model, path in (
        (Origin, ""),
        (PortfolioSettings, ""),
        (ColumnMapping, "columns.*.*."),
        (Attribute, "attributes.*."),
    )
    for key, _ in keys(model, path)
]


def test_every_key_is_explained_and_no_other() -> None:
    assert sorted(NOTES) == sorted(KEYS)


@pytest.mark.parametrize("key", NOTES)
def test_an_example_is_read_and_is_about_its_key(key: str) -> None:
    meaning, example = NOTES[key]
    assert parse_settings(example).warnings == ()
    named = set(key.split(".")) - {"*"}
    assert all(name in example for name in named)
    assert meaning
    assert f"| `{key}` | {meaning} |" in settings_page()


def test_a_copy_with_other_columns_has_them() -> None:
    """What was worked out of the first settings does not stay with the copy."""
    first = PortfolioSettings()
    assert "colour" not in {column.name for column in first.columns["customers"]}
    said = PortfolioSettings.model_validate({"attributes": {"colour": {}}})
    copy = first.model_copy(update={"attributes": said.attributes})
    assert "colour" in {column.name for column in copy.columns["customers"]}
