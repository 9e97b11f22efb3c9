"""On which line of a policy file something stands."""

from collections.abc import Iterable
from functools import cached_property

import yaml

from decisions.policy.finding import Finding
from decisions.policy_file.reading import PlainLoader

_NAMES = ("state", "name", "from")  # by which people look for a row of a list


class Lines:
    """Lines of a YAML text, by the dotted path that findings name.

    >>> file = Lines("{mode: cost, ladder: [{state: first}]}")
    >>> file.of("ladder.first"), file.of("mode.not_there")
    (1, 1)

    Args:
        text: of the file; of what is no YAML no line is known.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _root(self) -> yaml.Node | None:
        """Read only once somebody asks: most files are right."""
        try:
            root: yaml.Node | None = yaml.compose(self._text, PlainLoader)
        except (yaml.YAMLError, RecursionError):
            return None
        return root

    def of(self, where: str) -> int | None:
        """The line of what `where` names, or of what it would stand in."""
        node, line = self._root, None
        for part in where.split("."):
            found = None if node is None else _within(node, part)
            if found is None:
                break
            node, line = found
        return line


def on_lines(findings: Iterable[Finding], text: str) -> list[Finding]:
    """The findings with their lines in the text of the file."""
    lines = Lines(text)
    return [
        found if found.line is not None else found._replace(line=_line(found, lines))
        for found in findings
    ]


def _line(found: Finding, lines: Lines) -> int | None:
    # what is dated comes of an amendment, laid over the file
    within = f"amendments.{found.since}.set." if found.since else ""
    return lines.of(within + found.where)


def _within(node: yaml.Node, part: str) -> tuple[yaml.Node, int] | None:
    """A key's value or a named row, and its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, row in enumerate(node.value, start=1):
            if part in (_name(row), str(number)):
                return row, row.start_mark.line + 1
    return None


def _name(row: yaml.Node) -> str | None:
    """What a row calls itself."""
    if not isinstance(row, yaml.MappingNode):
        return None
    by_key = {
        key.value: value.value
        for key, value in row.value
        if isinstance(key, yaml.ScalarNode)  # others have lists of nodes
    }
    return next((str(by_key[name]) for name in _NAMES if name in by_key), None)
