"""Kept rows are of the code that made them, not of a release alone."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import advice.code_version
from advice.code_version import code_version, libraries


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in the place of every room."""
    monkeypatch.setattr(advice.code_version, "files", lambda _name: tmp_path)
    (tmp_path / "rule.py").write_text("days = 1\n", encoding="utf-8")
    yield tmp_path
    code_version.cache_clear()


def version_now() -> str:
    code_version.cache_clear()
    return code_version()


def test_a_changed_line_is_another_version(room: Path) -> None:
    before = version_now()
    assert version_now() == before
    (room / "rule.py").write_text("days = 2\n", encoding="utf-8")
    assert version_now() != before


def test_what_was_compiled_of_the_source_is_none_of_it(room: Path) -> None:
    before = version_now()
    (room / "rule.so").write_bytes(b"\x7fELF")
    assert version_now() == before


def test_a_file_of_another_name_is_another_version(room: Path) -> None:
    before = version_now()
    (room / "rule.py").rename(room / "rules.py")
    assert version_now() != before


def test_a_line_that_moves_to_the_next_file_is_another_version(room: Path) -> None:
    (room / "rule.py").write_text("days = 1\nhours = 2\n", encoding="utf-8")
    (room / "unit.py").write_text("", encoding="utf-8")
    before = version_now()
    (room / "rule.py").write_text("days = 1\n", encoding="utf-8")
    (room / "unit.py").write_text("hours = 2\n", encoding="utf-8")
    assert version_now() != before


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("library", ["holidays", "tzdata", "scipy", "babel", "pyarrow"])
def test_another_version_of_a_library_is_another_version(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = version_now()
    monkeypatch.setattr(
        advice.code_version,
        "version",
        lambda name: "99" if name == library else version(name),
    )
    assert version_now() != before


def test_libraries_of_other_work_do_not_count() -> None:
    assert {"ibis-framework", "pydantic", "pyyaml", "msgspec"} < {*libraries()}
    assert not {"mlflow", "fastapi", "pytest"} & {*libraries()}
