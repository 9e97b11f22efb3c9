"""The report's page: sections of sentences, tables and plots, as one HTML file."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from string import Template
from typing import NamedTuple

from backtest.report.figures import Figure
from wording.publication.page import Items, Paragraph, Table

Block = Paragraph | Items | Table | Figure
_SHORT = 14  # a cell of so few characters stays on one line


class Part(NamedTuple):
    """A section; `name` is its anchor."""

    name: str
    title: str
    blocks: tuple[Block, ...]


class Report(NamedTuple):
    title: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    footer: str


def html(report: Report) -> str:
    """One file without scripts, in the style of the published policy."""
    shared = files("wording.publication")
    own = files("backtest.report").joinpath("report.css").read_text("utf-8")
    return Template(shared.joinpath("page.html").read_text("utf-8")).substitute(
        lang="en",
        title=escape(report.title),
        style=shared.joinpath("screen.css").read_text("utf-8") + own,
        lead=escape(report.lead),
        facts="\n".join(
            f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"
            for label, value in report.facts
        ),
        contents=_contents(report),
        sections="\n".join(_part(part) for part in report.parts),
        footer=escape(report.footer),
    )


def _contents(report: Report) -> str:
    links = "".join(
        f'<li><a href="#{part.name}">{escape(part.title)}</a></li>\n'
        for part in report.parts
    )
    return (
        '<nav aria-labelledby="contents"><h2 id="contents">Contents</h2>'
        f"<ol>{links}</ol></nav>"
    )


def _part(part: Part) -> str:
    body = "\n".join(_block(block) for block in part.blocks)
    return (
        f'<section id="{part.name}" aria-labelledby="{part.name}-title">\n'
        f'<h2 id="{part.name}-title">{escape(part.title)}</h2>\n{body}\n</section>'
    )


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Items):
        return "<ul>" + "".join(f"<li>{escape(t)}</li>" for t in block.texts) + "</ul>"
    if isinstance(block, Figure):
        caption = escape(block.caption)
        return f"<figure>{block.svg}<figcaption>{caption}</figcaption></figure>"
    return "".join(_table(block))


def _table(table: Table) -> Iterator[str]:
    yield f'<table>\n<caption class="unseen">{escape(table.caption)}</caption>\n'
    yield "<thead><tr>"
    yield "".join(f'<th scope="col">{escape(head)}</th>' for head in table.head)
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        first = escape(table.head[0])
        yield f'<tr><th scope="row"{_kind(row[0])} data-head="{first}">'
        yield f"{escape(row[0])}</th>"
        for head, cell in zip(table.head[1:], row[1:], strict=True):
            yield f'<td{_kind(cell)} data-head="{escape(head)}">{escape(cell)}</td>'
        yield "</tr>\n"
    yield "</tbody>\n</table>"


def _kind(cell: str) -> str:
    if _is_number(cell):
        return ' class="number"'
    return ' class="short"' if len(cell) <= _SHORT else ""


def _is_number(cell: str) -> bool:
    plain = cell.replace(",", "").replace("%", "").replace("−", "-").strip()
    try:
        float(plain)
    except ValueError:
        return False
    return True
