"""A page as Markdown with tables."""

from collections.abc import Iterator

from wording.publication.page import Block, Items, Page, Paragraph, Table

_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>#|"})


def markdown(page: Page) -> str:
    """The page as one Markdown text."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield f"# {_text(page.title)}\n"
    yield f"{_text(page.lead)}\n"
    colon = "\xa0:" if page.lang == "fr" else ":"
    for label, value in page.facts:
        yield f"- {_text(label)}{colon} **{_text(value)}**"
    for section in page.sections:
        yield f"\n## {_text(section.title)}\n"
        yield "\n\n".join(_block(block) for block in section.blocks)
    yield f"\n---\n\n{_text(page.footer)}"


def _text(said: str) -> str:
    return said.translate(_SPECIAL)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _text(block.text)
    if isinstance(block, Items):
        return "\n".join(f"- {_text(text)}" for text in block.texts)
    return "\n".join(_table(block))


def _table(table: Table) -> Iterator[str]:
    yield _row(table.head)
    yield "|" + " --- |" * len(table.head)
    for row in table.rows:
        yield _row(row)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_text(cell) for cell in cells) + " |"
