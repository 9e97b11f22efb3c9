"""How often each of several things happens, by two who were asked: paired bars.

Colours come from classes that the page's style sheet knows, as in the timeline.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from wording.plots.svg import element

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR = 360.0, 0.0, 300.0, 36.0, 62.0, 14.0
_LABEL = 16.0  # from the top of a row to the foot of its label
_APART = 8.0  # of a number from its bar
_LETTER = 8.5  # width of one in the legend, about
_SIDES = ("first", "second")  # classes of the style sheet


class PairedCount(NamedTuple):
    """How often one thing happens: by the first, by the second, and as it is shown."""

    label: str
    counts: tuple[int, int]
    shown: tuple[str, str]


def paired_plot(rows: Sequence[PairedCount], names: tuple[str, str], title: str) -> str:
    """An SVG of 360 units width, so that a phone shows it: label, two bars, and so on.

    Args:
        rows: at least one.
        names: of the two who were asked.
        title: for those who cannot see it.
    """
    most = max(1, *(n for row in rows for n in row.counts))
    body = [element("title", escape(title)), *_legend(names)]
    for number, row in enumerate(rows):
        top = _TOP + _ROW * number
        body.append(_text(_LEFT, top + _LABEL, row.label, "label", "start"))
        for side, (n, shown) in enumerate(zip(row.counts, row.shown, strict=True)):
            width = (_RIGHT - _LEFT) * n / most
            y = top + _LABEL + 6 + side * (_BAR + 2)
            body.append(_bar(_LEFT, y, width, _SIDES[side]))
            place = _LEFT + width + _APART
            body.append(_text(place, y + _BAR - 2, shown, "count", "start"))
    return element(
        "svg",
        "\n".join(body),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH:.0f} {_TOP + _ROW * len(rows):.0f}",
        role="img",
        aria_label=title,
        class_="paired",
    )


def _legend(names: tuple[str, str]) -> list[str]:
    body, x = list[str](), _LEFT
    for name, side in zip(names, _SIDES, strict=True):
        body.append(_bar(x, 8.0, _BAR, side))
        body.append(_text(x + _BAR + 7, 8.0 + _BAR - 3, name, "label", "start"))
        x += _BAR + 7 + _LETTER * len(name) + 24
    return body


def _bar(x: float, y: float, width: float, side: str) -> str:
    return element("rect", x=x, y=y, width=width, height=_BAR, class_=side)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return element("text", escape(text), x=x, y=y, text_anchor=anchor, class_=kind)
