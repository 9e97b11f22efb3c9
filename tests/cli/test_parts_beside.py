"""What a run leaves beside the file it was to write."""

from pathlib import Path

import pytest

from cli.lists import DATABASE, RunInProgressError, parts_beside


def interrupted(out: Path, *, with_part: bool) -> Path:
    """A run that ends badly; returns its folder."""
    seen: list[Path] = []

    def run() -> None:
        with parts_beside(out) as folder:
            seen.append(folder)
            (folder / DATABASE).touch()
            (folder / "parts").mkdir()
            if with_part:
                (folder / "parts" / "a.parquet").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    return seen[0]


def test_after_a_run_that_ended_well_nothing_is_left(tmp_path: Path) -> None:
    out = tmp_path / "new" / "list.parquet"
    with parts_beside(out) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        (folder / DATABASE).touch()
    assert list(out.parent.iterdir()) == []


def test_an_interrupted_run_leaves_its_parts_and_no_database(tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "list.parquet", with_part=True)
    left = [file.name for file in folder.rglob("*") if file.is_file()]
    assert left == ["a.parquet"]


def test_a_run_without_a_part_leaves_nothing(tmp_path: Path) -> None:
    assert not interrupted(tmp_path / "list.parquet", with_part=False).exists()


def test_without_a_file_to_write_the_folder_is_nobodys(tmp_path: Path) -> None:
    with parts_beside(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_second_run_with_one_file_to_write_is_refused(tmp_path: Path) -> None:
    """And leaves the first one's database alone; afterwards the file is free."""
    out = tmp_path / "list.parquet"
    with parts_beside(out) as folder:
        (folder / DATABASE).touch()
        with (
            pytest.raises(RunInProgressError, match=r"list\.parquet"),
            parts_beside(out),
        ):
            pass
        assert (folder / DATABASE).exists()
        with parts_beside(tmp_path / "other.parquet"):
            pass
    with parts_beside(out) as folder:
        assert folder.is_dir()
