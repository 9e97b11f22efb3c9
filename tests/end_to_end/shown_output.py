"""Pages that show commands and what they print: run them, compare, or write them anew.

In a page a block `sh` is run, and the block `text` after it is what it printed. Numbers
may differ between machines, so they are compared by their places only; a line `…`
stands for any lines. `python -m tests.end_to_end.shown_output` writes the blocks that
leave nothing out as they are now.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.end_to_end.plain_files import write_plain_files

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bring-your-own-data.md"
OMITTED = "…"
_SHOWN = re.compile(r"```sh\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)

Runner = Callable[[str], str]


def runner(folder: Path) -> Runner:
    """Gives a function that runs a command line in `folder`; what it prints."""
    command = Path(sys.executable).with_name("forbear")
    settings = {"FORBEAR_HOME": ".forbear", "PATH": f"{command.parent}:/usr/bin:/bin"}
    environment = {k: v for k, v in os.environ.items() if k != "FORBEAR_POLICY"}

    def run(line: str) -> str:
        done = subprocess.run(  # noqa: S602  a page of ours
            line,
            shell=True,
            cwd=folder,
            env=environment | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return "\n".join(map(str.rstrip, done.stdout.strip("\n").splitlines())) + "\n"

    return run


def shown(page: str) -> Iterator[tuple[str, str]]:
    """(commands, what they print) of a page, in order."""
    for block in _SHOWN.finditer(page):
        yield block[1], block[2]


def written_anew(page: str, run: Runner) -> str:
    """The page with what its commands print now."""

    def replaced(block: re.Match[str]) -> str:
        printed = run(block[1])
        if OMITTED in block[2].splitlines():
            return block[0]
        return f"```sh\n{block[1]}```\n\n```text\n{printed}```"

    return _SHOWN.sub(replaced, page)


def comparable(line: str) -> str:
    """Without numbers, hashes and widths, which differ between machines."""
    line = re.sub(r"[0-9a-f]{8,}", "#", line)
    line = re.sub(r"[0-9]+(?:[.,:][0-9]+)*", "#", line)
    return re.sub(r"[\s─]+", " ", line).strip()


def differences(expected: str, printed: str) -> list[str]:
    """Lines of the page that were not printed, in their order."""
    there = iter([comparable(line) for line in printed.splitlines()])
    lines = [line for line in expected.splitlines() if line.strip() != OMITTED]
    return [line for line in lines if comparable(line) not in there]


def main() -> None:
    """Write the page anew."""
    with tempfile.TemporaryDirectory() as scratch:
        write_plain_files(Path(scratch) / "shop")
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(written_anew(page, runner(Path(scratch))), encoding="utf-8")


if __name__ == "__main__":
    main()
