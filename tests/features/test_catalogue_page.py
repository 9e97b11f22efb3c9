"""The page in `docs/` is made from the catalogue and is not edited."""

from pathlib import Path

from features.catalogue import CATALOGUE, feature_lines, features_page

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
REMAKE = (
    "python -c 'from features.catalogue import *; "
    'print(features_page(CATALOGUE), end="")\' > docs/features.md'
)


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == features_page(CATALOGUE), REMAKE


def test_every_feature_is_on_the_page_once() -> None:
    page = features_page(CATALOGUE)
    assert [f.name for f in CATALOGUE if page.count(f"| `{f.name}` |") != 1] == []


def test_lines_for_the_command_say_unit_meaning_and_family() -> None:
    lines = feature_lines(CATALOGUE)
    assert [line.name for line in lines] == [f.name for f in CATALOGUE]
    assert all(line.unit and line.meaning and line.family for line in lines)
