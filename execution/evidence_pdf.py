"""A page as PDF: the same bytes for the same page, to read, print and send.

The fonts are embedded and know the letters of Western Europe; a character that they
lack stands as its number (`[U+4E2D]`), and the files beside the page hold it as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab import __file__ as _reportlab
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    KeepTogether,
    ListFlowable,
    LongTable,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Paragraph as Flowable

from wording.publication.page import (
    Block,
    Figure,
    Items,
    Page,
    Paragraph,
    Section,
    Table,
)

_FONTS = Path(_reportlab).parent / "fonts"  # Bitstream Vera, free to embed
_PLAIN, _BOLD = "Vera", "VeraBd"
_PADDING = 6  # of reportlab's own, around everything on a page
_MARGIN, _WIDTH = 20 * mm, A4[0] - 40 * mm - 2 * _PADDING
_HEIGHT = A4[1] - 46 * mm - 2 * _PADDING
_GREY, _LINE = HexColor("#555555"), HexColor("#bbbbbb")
_LARGEST_WORD = 0.3  # of the width; what is longer is broken


def pdf_of(page: Page) -> bytes:
    """The page as PDF, A4, with page numbers."""
    _known()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 6 * mm,
        title=page.title,
        author=page.author,
        creator=page.author,
        subject=page.lead,
        lang=page.lang,
        invariant=1,  # no moment of making: the hash says whether it is the same
    )
    document.build(list(_flow(page)), canvasmaker=_numbered(page.title))
    return out.getvalue()


@cache
def _known() -> frozenset[int]:
    """Code points that both fonts have; registers them."""
    fonts = [TTFont(name, str(_FONTS / f"{name}.ttf")) for name in (_PLAIN, _BOLD)]
    for font in fonts:
        registerFont(font)
    plain, bold = (frozenset(font.face.charToGlyph) for font in fonts)
    return plain & bold


def _shown(text: str) -> str:
    """What the fonts can show; markup is text."""
    return escape(
        "".join(
            sign if ord(sign) in _known() or sign == "\n" else f"[U+{ord(sign):04X}]"
            for sign in text
        )
    )


def _style(size: float, **more: Any) -> ParagraphStyle:  # noqa: ANN401
    stated = {"fontName": _PLAIN, "fontSize": size, "leading": size * 1.4}
    # ids and hashes have no blank at which they could break
    return ParagraphStyle("", **{**stated, "splitLongWords": 1, **more})


def _flow(page: Page) -> Iterator[Any]:
    title = _style(16, fontName=_BOLD, spaceAfter=3 * mm, leading=20)
    yield Flowable(_shown(page.title), title)
    yield Flowable(_shown(page.lead), _style(10, spaceAfter=4 * mm))
    yield _table([tuple(map(_cell, pair)) for pair in page.facts], page.facts, 0)
    for section in page.sections:
        yield from _section(section)
    yield Spacer(1, 6 * mm)
    yield Flowable(_shown(page.footer), _style(8, textColor=_GREY))


def _section(section: Section) -> Iterator[Any]:
    """A title is never alone at the end of a page."""
    heading = _style(12, fontName=_BOLD, spaceBefore=6 * mm, spaceAfter=2 * mm)
    first, *rest = _blocks(section) or [Spacer(1, 1)]
    title = Flowable(_shown(section.title), heading)
    if isinstance(first, LongTable):  # it may be longer than a page
        yield title
        yield first
    else:
        yield KeepTogether([title, first])
    yield from rest


def _blocks(section: Section) -> list[Any]:
    """A table has its caption above it, unless a paragraph says already what it is."""
    laid_out, before = [], None
    for block in section.blocks:
        if isinstance(block, Table) and not isinstance(before, Paragraph):
            caption = _style(8, textColor=_GREY, spaceAfter=1 * mm)
            laid_out.append(Flowable(_shown(block.caption), caption))
        laid_out.append(_block(block))
        before = block
    return laid_out


def _block(block: Block) -> Any:  # noqa: ANN401 - what reportlab lays out
    text = _style(9, spaceAfter=2 * mm)
    if isinstance(block, Paragraph):
        return Flowable(_shown(block.text), text)
    if isinstance(block, Items):
        items = [Flowable(_shown(one), text) for one in block.texts]
        return ListFlowable(items, bulletType="bullet", start="•", leftIndent=12)
    if isinstance(block, Table):
        head = tuple(_cell(cell, bold=True) for cell in block.head)
        body = [tuple(map(_cell, row)) for row in block.rows]
        return _table([head, *body], [block.head, *block.rows], 1)
    said = block.caption if isinstance(block, Figure) else block.text
    return Flowable(_shown(said), text)


def _cell(text: str, *, bold: bool = False) -> Flowable:
    return Flowable(_shown(text), _style(8, fontName=_BOLD if bold else _PLAIN))


def _table(
    cells: list[tuple[Flowable, ...]], texts: Iterable[tuple[str, ...]], n_head: int
) -> LongTable:
    """Breaks between rows, within one longer than a page; each page has its head."""
    lines = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]
    widths = _widths(list(texts))
    table = LongTable(
        cells,
        colWidths=widths,
        repeatRows=n_head,
        style=TableStyle(lines),
        splitInRow=int(_has_long_row(cells, widths)),
    )
    table.hAlign = "LEFT"
    table.spaceAfter = 3 * mm
    return table


def _has_long_row(cells: list[tuple[Flowable, ...]], widths: list[float]) -> bool:
    """Whether a row may not fit on a page: others stay whole."""
    return any(
        cell.wrap(width - _PADDING, _HEIGHT)[1] > _HEIGHT / 2
        for row in cells
        for cell, width in zip(row, widths, strict=True)
    )


def _widths(texts: list[tuple[str, ...]]) -> list[float]:
    """As wide as the longest text of each column, within the page.

    Where that is too much a column has its longest word's width, and a part of the rest
    by what it wants beyond.
    """
    columns = list(zip(*texts, strict=True))
    wanted = [max(map(_length, column)) + 8 for column in columns]
    if sum(wanted) <= _WIDTH:
        return wanted
    most = _LARGEST_WORD * _WIDTH
    words = [min(_word(column) + 8, most) for column in columns]
    if sum(words) >= _WIDTH:
        return [one * _WIDTH / sum(words) for one in words]
    more = [max(one - least, 0.0) for one, least in zip(wanted, words, strict=True)]
    share = (_WIDTH - sum(words)) / sum(more)
    return [least + share * one for least, one in zip(words, more, strict=True)]


def _word(column: tuple[str, ...]) -> float:
    """The length of its longest word."""
    return max((_length(word) for text in column for word in text.split()), default=0.0)


def _length(text: str) -> float:
    return float(stringWidth(text, _BOLD, 8))


def _numbered(title: str) -> Callable[..., Canvas]:
    """A canvas that knows at its end how many pages there are."""

    class Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
        """Keeps pages until all are there."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            """One page is full."""
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            """All pages are there."""
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(_PLAIN, 8)
                self.setFillColor(_GREY)
                at = _MARGIN - 4 * mm
                self.drawString(_MARGIN + _PADDING, at, title)
                self.drawRightString(
                    A4[0] - _MARGIN - _PADDING, at, f"{number} / {len(self._pages)}"
                )
                Canvas.showPage(self)
            Canvas.save(self)

    return Numbered
