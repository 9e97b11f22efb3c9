"""Every command that a page or a program names is there, with the options named."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.commands import app

ROOT = Path(__file__).parents[2]
# what people read or run: pages, units and files of deployment, and our own sentences
KINDS = ("*.md", "*.service", "*.timer", "*.yaml", "*.py", "Makefile", "*.html")
ELSEWHERE = ("tests/", "findings/", "data/", "docs/adr/")
WRITTEN = re.compile(r"(?<![\w./-])forbear((?: +[a-z][a-z-]*)+)([^\n`|\"]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def _files() -> Iterator[tuple[str, str]]:
    """Names and texts of the files under version control that name commands."""
    listed = subprocess.run(
        ["git", "ls-files", *KINDS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(ELSEWHERE):
            yield name, (ROOT / name).read_text(encoding="utf-8")


@cache
def _commands() -> dict[tuple[str, ...], set[str]]:
    """The options of each command by its words, a group's with those of its commands.

    `forbear monitor PORTFOLIO` names no command of its group.
    """
    found: dict[tuple[str, ...], set[str]] = {}

    def note(command: object, words: tuple[str, ...]) -> set[str]:
        assert isinstance(command, TyperCommand | TyperGroup)
        options = {"--help"}.union(
            *((*p.opts, *p.secondary_opts) for p in command.params)
        )
        if isinstance(command, TyperGroup):
            for name, inner in command.commands.items():
                options |= note(inner, (*words, name))
        found[words] = options
        return options

    note(get_command(app), ())
    return found


def wrong_in(text: str) -> list[str]:
    """What of the commands written in a text is not there.

    A first word that is no command is taken for prose ("forbear is …"), unless a
    backtick stands before it.
    """
    wrong: list[str] = []
    for match in WRITTEN.finditer(text):
        words: tuple[str, ...] = ()
        for word in match.group(1).split():
            words = (*words, word) if (*words, word) in _commands() else words
        is_code = text[match.start() - 1 : match.start()] == "`"
        said = re.split(r" #|&&|;", match.group(2))[0]
        if not words:
            wrong += [match.group()] if is_code else []
        elif not set(OPTION.findall(said)) <= _commands()[words]:
            wrong.append(match.group())
    return wrong


def test_commands_that_are_written_down_are_there() -> None:
    found = {name: wrong for name, text in _files() if (wrong := wrong_in(text))}
    assert found == {}


def test_a_command_or_an_option_that_is_none_is_found() -> None:
    assert wrong_in("run `forbear scorn P`") == ["forbear scorn P"]
    assert wrong_in("forbear score P --procs 4\n") == ["forbear score P --procs 4"]
    assert wrong_in("forbear is quick; `forbear score P --workers 4`") == []
