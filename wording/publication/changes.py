"""What a later version of a page says otherwise, beside what it replaces."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from wording.publication.page import Section, Table, texts
from wording.publication.source import Source


class Line(NamedTuple):
    """A sentence, or one cell of a table: then `place` names its row and column."""

    section: str
    place: str
    text: str

    @property
    def where(self) -> str:
        """The section and, of a cell, its place in it."""
        return f"{self.section} – {self.place}" if self.place else self.section

    @property
    def sentence(self) -> str:
        """The text, ended: cells stand without a full stop."""
        return self.text if self.text.endswith(".") else f"{self.text}."


def changes(s: Source, before: list[Section], after: list[Section]) -> list[str]:
    """Sentences on what is new, what it replaces, and what no longer applies."""
    old = [line for section in before for line in _lines(section)]
    new = [line for section in after for line in _lines(section)]
    gone = [line for line in old if line not in new]
    sentences = []
    for line in new:
        if line in old:
            continue
        replaced = _replaced(line, gone)
        if replaced is None:
            sentences.append(
                s.say("changes.new", section=line.where, text=line.sentence)
            )
            continue
        gone.remove(replaced)
        sentences.append(
            s.say(
                "changes.instead",
                section=line.where,
                text=line.sentence,
                before=replaced.sentence,
            )
        )
    sentences += [
        s.say("changes.gone", section=line.where, text=line.sentence) for line in gone
    ]
    return sentences or [s.say("changes.nothing")]


def _lines(section: Section) -> Iterator[Line]:
    for block in section.blocks:
        if not isinstance(block, Table):
            plain = Section(section.name, section.title, (block,))
            yield from (Line(section.title, "", text) for text in texts(plain))
            continue
        for row in block.rows:
            name = f"{block.head[0]} {row[0]}" if row[0].isdigit() else row[0]
            for head, cell in zip(block.head[1:], row[1:], strict=True):
                yield Line(section.title, f"{name.rstrip('.')} – {head}", cell)


def _replaced(line: Line, gone: list[Line]) -> Line | None:
    """The line that this one takes the place of: the same cell, or much the same."""
    same = [g for g in gone if (g.section, g.place) == (line.section, line.place)]
    if line.place:
        return next(iter(same), None)
    near = get_close_matches(line.text, [g.text for g in same], 1, 0.6)
    return next((g for g in same if g.text in near), None)
