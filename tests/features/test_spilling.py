"""Where a portfolio that exceeds memory spills."""

import gc
import tempfile
from pathlib import Path

import pytest

from features.reading.duck_settings import IN_MEMORY, connect


def test_it_spills_into_a_private_folder_of_no_predictable_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the shared folder another user could wait under a name known before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    one, other = connect(IN_MEMORY), connect(IN_MEMORY)
    first, second = tmp_path.iterdir()
    assert first.name != second.name
    assert first.stat().st_mode & 0o077 == 0
    query = "SELECT current_setting('temp_directory')"
    [spill] = one.con.execute(query).fetchone()
    assert Path(spill) in {first, second}
    for connection in (one, other):
        connection.disconnect()
    del one, other, connection
    gc.collect()
    assert list(tmp_path.iterdir()) == []
