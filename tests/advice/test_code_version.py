"""Kept rows are of the code that made them, not of a release alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import advice.code_version
from advice.code_version import code_version


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
