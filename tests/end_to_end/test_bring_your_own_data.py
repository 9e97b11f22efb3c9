"""What the page for newcomers shows is what its commands print."""

from pathlib import Path

import pytest

from tests.end_to_end.plain_files import write_plain_files
from tests.end_to_end.shown_output import PAGE, differences, runner, shown


@pytest.mark.slow
def test_the_page_shows_what_its_commands_print(tmp_path: Path) -> None:
    write_plain_files(tmp_path / "shop")
    run = runner(tmp_path)
    blocks = list(shown(PAGE.read_text(encoding="utf-8")))
    assert len(blocks) >= 5
    for commands, expected in blocks:
        assert expected.strip(), f"{commands}: nothing is shown"
        missing = differences(expected, run(commands))
        assert not missing, f"python -m tests.end_to_end.shown_output; {commands}"
    assert (tmp_path / "list.xlsx").is_file()
    assert (tmp_path / "contacts-due.csv").is_file()


def test_a_line_that_was_not_printed_is_a_difference() -> None:
    printed = "rows 12\n────\nclean\n"
    assert differences("rows 5\n───────\nclean\n", printed) == []
    assert differences("rows 5\n…\nclean\n", printed) == []
    assert differences("clean\nrows 5\n", printed) == ["rows 5"]
    assert differences("dirty\n", printed) == ["dirty"]
