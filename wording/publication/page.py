"""A published policy before it is a file: sections of paragraphs, lists and tables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`caption` says what the table shows; every row is as long as `head`."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Paragraph | Items | Table


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is stable and becomes the anchor; the title is for people."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One policy in one language; `facts` are pairs of a label and its value."""

    lang: str
    title: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    contents: str  # heading of the table of contents
    footer: str


def texts(section: Section) -> list[str]:
    """Every sentence and row of a section, in order: what a reader would compare."""
    found = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Items):
            found.extend(block.texts)
        else:
            found.extend(" · ".join(cell for cell in row if cell) for row in block.rows)
    return found
