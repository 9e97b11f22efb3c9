"""Pages made from code are fresh; what is written by hand is whole."""

from pathlib import Path

import pytest

from cli.docs import FOLDER, pages
from serving.answer import SCORE_ANSWER
from serving.errors import KINDS
from serving.settings import PREFIX, ServingSettings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(pages()))
def test_made_pages_are_fresh(name: str) -> None:
    assert (FOLDER / name).read_text() == pages()[name], "run `make docs`"


def test_the_api_page_names_every_setting() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    settings = [PREFIX + name.upper() for name in ServingSettings.model_fields]
    assert [name for name in settings if f"| `{name}` |" not in page] == []


def test_the_api_page_names_every_problem_and_every_field() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    assert [code for code in KINDS if f"`{code}`" not in page] == []
    schema = SCORE_ANSWER.json_schema()
    parts = ("Question", "Proposal", "PermissionInWords", "People", "FollowUp")
    nested = ("Score", "FraudPause", "ContractEnd", "WithheldInWords", "HoldInWords")
    described = [schema, *(schema["$defs"][name] for name in (*parts, *nested))]
    names = [name for part in described for name in part["properties"]]
    assert [name for name in names if f"`{name}`" not in page] == []
