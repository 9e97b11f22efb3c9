"""A page as HTML: one file, no script, readable by screen readers and on paper."""

import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from string import Template

from wording.publication.page import Block, Items, Page, Paragraph, Section, Table

_UNIT = re.compile(r"(?<=\d) (?=\w)")  # a number stays with what it counts
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")  # e-mail, as people write it


def _packaged(name: str) -> str:
    return files("wording.publication").joinpath(name).read_text("utf-8")


def html(page: Page, *, is_print: bool) -> str:
    """The page as a whole HTML file; `is_print` lays it out for paper."""
    contents = "" if is_print else _contents(page)
    return Template(_packaged("page.html")).substitute(
        lang=escape(page.lang),
        title=escape(page.title),
        style=_packaged("print.css" if is_print else "screen.css"),
        lead=escape(page.lead),
        facts="\n".join(
            f"<div><dt>{escape(label)}</dt><dd>{_text(value)}</dd></div>"
            for label, value in page.facts
        ),
        contents=contents,
        sections="\n".join(_section(section) for section in page.sections),
        footer=escape(page.footer),
    )


def _text(said: str) -> str:
    """Escaped; e-mail addresses can be followed."""
    kept = _UNIT.sub("\N{NO-BREAK SPACE}", escape(said))
    return _ADDRESS.sub(r'<a href="mailto:\g<0>">\g<0></a>', kept)


def _contents(page: Page) -> str:
    links = "\n".join(
        f'<li><a href="#{section.name}">{escape(section.title)}</a></li>'
        for section in page.sections
    )
    heading = escape(page.contents)
    return (
        f'<nav aria-labelledby="contents"><h2 id="contents">{heading}</h2>'
        f"<ol>{links}</ol></nav>"
    )


def _section(section: Section) -> str:
    head = f'<h2 id="{section.name}-title">{escape(section.title)}</h2>'
    body = "\n".join(_block(block) for block in section.blocks)
    return (
        f'<section id="{section.name}" aria-labelledby="{section.name}-title">\n'
        f"{head}\n{body}\n</section>"
    )


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_text(block.text)}</p>"
    if isinstance(block, Items):
        return "<ul>" + "".join(f"<li>{_text(t)}</li>" for t in block.texts) + "</ul>"
    return "".join(_table(block))


def _table(table: Table) -> Iterator[str]:
    """Column heads label the cells again where a narrow screen stacks them.

    Stacked cells are no table for some screen readers, so the roles are spelt out.
    """
    caption = escape(table.caption)
    yield f'<table role="table">\n<caption class="unseen">{caption}</caption>\n'
    yield '<thead role="rowgroup"><tr role="row">'
    for head in table.head:
        yield f'<th scope="col" role="columnheader">{escape(head)}</th>'
    yield '</tr></thead>\n<tbody role="rowgroup">\n'
    for row in table.rows:
        first, label = escape(row[0]), escape(table.head[0])
        yield '<tr role="row">'
        yield f'<th scope="row" role="rowheader" data-head="{label}">{first}</th>'
        for head, cell in zip(table.head[1:], row[1:], strict=True):
            yield f'<td role="cell" data-head="{escape(head)}">{_text(cell)}</td>'
        yield "</tr>\n"
    yield "</tbody>\n</table>"
