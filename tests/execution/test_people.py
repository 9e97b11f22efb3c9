"""Who may agree: a name that is known, in a role that the decision asks for."""

from pathlib import Path

import pytest

from execution.people import ApproverError, People, PeopleFileError


@pytest.fixture
def people(tmp_path: Path) -> People:
    file = tmp_path / "people.csv"
    file.write_text(
        "name,roles\nAda Lovelace,risk legal approver\nGrace Hopper,collections\n,\n,\n"
    )
    return People.of_file(file)


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("Ada Lovelace", ["collections", "legal"]),
        (" ADA LOVELACE ", ["risk"]),
        ("Ada Lovelace", []),
    ],
    ids=["in one of the roles", "in whatever case", "no role is asked for"],
)
def test_who_is_in_such_a_role_may_agree(
    people: People, name: str, roles: list[str]
) -> None:
    people.require_may_agree(name, roles)


@pytest.mark.parametrize(
    ("name", "roles"),
    [("Grace Hopper", ["risk"]), ("Grace Hopper", []), ("Alan Turing", []), ("", [])],
)
def test_another_may_not(people: People, name: str, roles: list[str]) -> None:
    with pytest.raises(ApproverError):
        people.require_may_agree(name, roles)


@pytest.mark.parametrize(
    "text",
    ["who,roles\nAda,risk\n", "name,roles\nAda,a\nADA,b\n", "name,roles\n,a\n", ""],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(PeopleFileError):
        People.of_file(file)
