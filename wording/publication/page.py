"""A page before it is a file: sections of paragraphs, lists, tables and figures.

A template writes it: `templates/page.html`, or `page.md`.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    kind: ClassVar = "paragraph"


@dataclass(frozen=True, slots=True)
class Items:
    texts: tuple[str, ...]
    kind: ClassVar = "items"


@dataclass(frozen=True, slots=True)
class Table:
    """`caption` says what the table shows; every row is as long as `head`."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: ClassVar = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, and what it shows in words for those who cannot see it."""

    svg: str  # made by `plots`, its texts escaped
    caption: str
    kind: ClassVar = "figure"


@dataclass(frozen=True, slots=True)
class Link:
    """Leads to an address that is ours: never one of a policy or a portfolio."""

    text: str
    url: str
    kind: ClassVar = "link"


Block = Paragraph | Items | Table | Figure | Link


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is stable and becomes the anchor; the title is for people."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One policy, or one report; `facts` are pairs of a label and its value.

    `author` is told beside the content, in what programs read of the file.
    """

    lang: str
    title: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    contents: str  # heading of the table of contents
    footer: str
    author: str = "Forbear"


def texts(section: Section) -> list[str]:
    """Every sentence and row of a section, in order: what a reader would compare."""
    collected = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            collected.append(block.text)
        elif isinstance(block, Items):
            collected.extend(block.texts)
        elif isinstance(block, Figure):
            collected.append(block.caption)
        elif isinstance(block, Link):
            collected.append(block.text)
        else:
            collected.extend(
                " · ".join(cell for cell in row if cell) for row in block.rows
            )
    return collected
