"""The access log in a file, where the disk fills up."""

import os
from pathlib import Path

import pytest

from store.access_log import FILE, FileAccessLog
from store.errors import StoreUnavailableError


def test_an_entry_that_was_cut_is_refused_and_is_lost_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = FileAccessLog(tmp_path)
    log.add("k1", "GET /v1/decisions", "d1")
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, text: whole(file, text[:19]))
    with pytest.raises(StoreUnavailableError):
        log.add("k1", "GET /v1/decisions", "d2")
    monkeypatch.undo()
    log.add("k1", "GET /v1/decisions", "d3")

    assert [entry["subject"] for entry in log.page(9).entries] == ["d3", "d1"]
    assert (tmp_path / FILE).read_bytes().count(b"\n") == 3


def test_a_disk_without_space_is_a_store_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreUnavailableError, match="No space left"):
        FileAccessLog(tmp_path).add("k1", "GET /v1/decisions", "d1")
