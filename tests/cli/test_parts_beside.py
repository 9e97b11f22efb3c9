"""What a run leaves beside the file it was to write, and that it writes it alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.lists import DATABASE, parts_beside, writing
from cli.sole_writer import RunInProgressError, sole_writer


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


def test_a_second_run_with_the_same_notices_is_refused(tmp_path: Path) -> None:
    """Else the first would publish what the second has written so far."""
    out = tmp_path / "notices.csv"
    with writing(out) as first:
        first.write_text("one")
        with pytest.raises(RunInProgressError, match=r"notices\.csv"), writing(out):
            pass
    assert out.read_text() == "one"
    with writing(out) as second:
        second.write_text("two")
    assert out.read_text() == "two"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_was_not_written_well_is_left_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    out.write_text("before")

    def run() -> None:
        with writing(out) as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("goes", ["before it is opened", "before it is locked"])
def test_what_another_run_takes_with_it_is_made_again(
    tmp_path: Path, goes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run ends, its folder with it, while the second begins."""
    place, made, really_open = tmp_path / "parts", [], os.open

    def make() -> None:
        place.mkdir(exist_ok=True)
        made.append(place.stat().st_ino)
        if len(made) == 1 and goes == "before it is opened":
            place.rmdir()

    def opened(path: Path, flags: int) -> int:
        number = really_open(path, flags)
        if len(made) == 1:
            place.rmdir()
        return number

    monkeypatch.setattr(os, "open", opened)
    with sole_writer(place, make, tmp_path / "list.csv"):
        assert len(made) == 2
        with (
            pytest.raises(RunInProgressError),
            sole_writer(place, make, tmp_path / "list.csv"),
        ):
            pass


def test_a_run_that_is_killed_lets_go(tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    program = (
        "import pathlib, sys; from cli.lists import writing\n"
        "with writing(pathlib.Path(sys.argv[1])):\n"
        "    print('writing', flush=True); sys.stdin.read()"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"writing\n"
        with pytest.raises(RunInProgressError), writing(out):
            pass
        run.send_signal(signal.SIGKILL)
    with writing(out) as unfinished:
        unfinished.write_text("after")
    assert out.read_text() == "after"
