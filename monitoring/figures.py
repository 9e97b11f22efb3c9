"""Plots of the report, as SVG without scripts or outside parts."""

from collections.abc import Iterable, Sequence
from html import escape
from math import log
from typing import NamedTuple

from scoring.early_warning import TOLERATED
from wording.plots.svg import COLOURS, FONT, GRID, INK, QUIET, element, text
from wording.publication.page import Figure

WIDTH, LABEL, RIGHT = 720, 250, 90
_ROW, _TOP, _BOTTOM = 26, 12, 30
_TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)


class Interval(NamedTuple):
    """A ratio with its interval; an alarm is drawn in another colour."""

    label: str
    value: float
    low: float
    high: float
    is_alarm: bool


def ratios(name: str, caption: str, rows: Sequence[Interval]) -> Figure:
    """Intervals of observed over expected beside the band that is tolerated."""
    height = _TOP + _ROW * len(rows) + _BOTTOM
    foot = height - _BOTTOM
    left, right = _place(TOLERATED[0]), _place(TOLERATED[1])
    parts = [
        element(
            "rect", x=left, y=_TOP, width=right - left, height=foot - _TOP, fill=GRID
        )
    ]
    for tick in _TICKS:
        x = _place(tick)
        parts.append(element("line", x1=x, x2=x, y1=_TOP, y2=foot, stroke=GRID))
        parts.append(text(x, foot + 18, f"{tick:g}", text_anchor="middle"))
    for i, one in enumerate(rows):
        y = _TOP + _ROW * (i + 0.5)
        colour = COLOURS["suspend"] if one.is_alarm else INK
        low, high, at = map(_place, (one.low, one.high, one.value))
        parts += [
            text(LABEL - 12, y + 4, one.label, text_anchor="end"),
            element("line", x1=low, x2=high, y1=y, y2=y, stroke=colour, stroke_width=2),
            element("circle", cx=at, cy=y, r=4, fill=colour),
            text(WIDTH - RIGHT + 10, y + 4, f"{one.value:.2f}", fill=QUIET),
        ]
    return _picture(name, caption, parts, height)


def bars(name: str, caption: str, rows: Sequence[tuple[str, float, float]]) -> Figure:
    """Values from 0 on, each with its own limit as a line.

    Args:
        name: of the picture in its page.
        caption: what is shown.
        rows: label, value and limit.
    """
    height = _TOP + _ROW * len(rows) + _BOTTOM
    top = max([max(value, limit) for _, value, limit in rows], default=1.0) * 1.05
    width = WIDTH - LABEL - RIGHT
    parts = []
    for i, (label, value, limit) in enumerate(rows):
        y = _TOP + _ROW * i + 4
        colour = COLOURS["suspend"] if value > limit else COLOURS["remind"]
        length, x = value / top * width, LABEL + limit / top * width
        parts += [
            element("line", x1=x, x2=x, y1=y - 3, y2=y + _ROW - 5, stroke=QUIET),
            text(LABEL - 12, y + 13, label, text_anchor="end"),
            element("rect", x=LABEL, y=y, width=length, height=_ROW - 8, fill=colour),
            text(LABEL + length + 6, y + 13, f"{value:.3f}", fill=QUIET),
        ]
    return _picture(name, caption, parts, height)


def _place(ratio: float) -> float:
    """Where a ratio lies, on a scale of its logarithm that ends at both ends."""
    low, high = log(_TICKS[0]), log(_TICKS[-1])
    share = (log(min(max(ratio, _TICKS[0]), _TICKS[-1])) - low) / (high - low)
    return LABEL + share * (WIDTH - LABEL - RIGHT)


def _picture(name: str, caption: str, body: Iterable[str], height: float) -> Figure:
    inside = [
        element("title", escape(caption), id=f"{name}-title"),
        *body,
    ]
    svg = element(
        "svg",
        "\n".join(inside),
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=f"{name}-title",
        font_family=FONT,
    )
    return Figure(svg, caption)
