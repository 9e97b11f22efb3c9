"""Where words go: results to stdout, progress and complaints to stderr."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Literal
from unicodedata import category

import typer

from features.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

WIDTH_IN_A_PIPE = 160  # columns; nobody resizes a pipe
_AS_WIDE_AS_IT_IS = 100_000  # columns
_TOLD_FROM_S = 1.0  # what takes less is over before somebody wonders


def say(text: str = "") -> None:
    """A line of the result."""
    typer.echo(text)


def _console(width_in_a_pipe: int) -> "Console":
    """Rich on stdout, as wide as the terminal; colours only where there is one.

    In a pipe COLUMNS is of somebody else's terminal.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else width_in_a_pipe
    return Console(width=width, highlight=False, soft_wrap=False)


def show_table(
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    is_copied: bool = False,
) -> None:
    """A table people read; numbers to the right.

    Where ids are copied from it, a row is one line in a pipe, so that they stay whole.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if title:
        say(title)
    table = Table(box=box.SIMPLE_HEAD)
    content = [tuple(row) for row in rows]
    for i, name in enumerate(head):
        is_number = {type(row[i]) for row in content} <= {int, float}
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(name, justify=justify, overflow="fold")
    for row in content:
        # as text: brackets in a customer's words are no markup
        table.add_row(*(Text(_printable(_cell(value))) for value in row))
    _console(_AS_WIDE_AS_IT_IS if is_copied else WIDTH_IN_A_PIPE).print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    is_whole = isinstance(value, int) or abs(value) >= 10_000
    return f"{value:,.0f}" if is_whole else f"{value:.4g}"


def _printable(text: str) -> str:
    r"""The text without what would steer a terminal.

    >>> _printable("CHF\xa05, 1\u202f000\x1b[2J")
    'CHF\xa05, 1\u202f000�[2J'
    """
    return "".join(c if c.isprintable() or _is_blank(c) else "�" for c in text)


def _is_blank(character: str) -> bool:
    """A line's end or a space; those that keep a sum on one line do not "print"."""
    return character == "\n" or category(character) == "Zs"


def rejected_rows(n: int) -> str:
    """How many rows were rejected, in words.

    >>> rejected_rows(1), rejected_rows(2_000)
    ('1 row rejected', '2,000 rows rejected')
    """
    return f"{counted(n, 'row')} rejected"


def heading(text: str) -> None:
    """Begins a part of a long result."""
    say(f"\n{text}\n{'─' * len(text)}")


def begin(text: str) -> None:
    """Says on a terminal what is being done, before what is slow to import."""
    if sys.stderr.isatty():
        typer.echo(text, err=True)


@contextmanager
def waiting(text: str, command: str = "") -> Iterator[None]:
    """A spinner on a terminal; a pipe is told as of `steps`."""
    with steps(command) as step:
        step(text)
        yield


@contextmanager
def progress(text: str, command: str = "") -> "Iterator[Callable[[int, int], None]]":
    """Gives a function (done, total) that moves a bar; a pipe is told as of `steps`."""
    if not sys.stderr.isatty():
        with waiting(text, command):
            yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def steps(command: str = "") -> "Iterator[Callable[[str], None]]":
    """Gives a function that names the step under way on a terminal.

    Args:
        command: of which a pipe or a file is told each step that took a second, as a
            plain line once it is over; empty: it is told nothing.
    """
    if not sys.stderr.isatty():
        with _told_when_over(command) as step:
            yield step
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update


@contextmanager
def _told_when_over(command: str) -> "Iterator[Callable[[str], None]]":
    """A line per step on stderr; none about one that an error ended."""
    under_way, began_s = "", monotonic()

    def step(line: str) -> None:
        """Ends the step before, and begins this one."""
        nonlocal under_way, began_s
        took_s = monotonic() - began_s
        if command and under_way and took_s >= _TOLD_FROM_S:
            typer.echo(f"{command}: {under_way} ({took_s:,.0f} s)", err=True)
        under_way, began_s = line, monotonic()

    yield step
    step("")
