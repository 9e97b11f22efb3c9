"""Plots of a backtest's report, as SVG."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape

from decisions.actions import ACTIONS, Action
from features.counted import counted
from wording.plots.svg import COLOURS, FONT, GRID, INK, QUIET, element, text
from wording.plots.svg import round_ticks as ticks
from wording.publication.page import Figure

WIDTH, HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 12, 16, 42
_BAR, _GAP, _LABEL = 22, 9, 330
_DAY_NAME = 90  # width of the name of a day
_LAST_NAME = WIDTH - _DAY_NAME  # names right of it end at their day
_DRAWN: tuple[Action, ...] = ("remind", "service_request", "review", "suspend", "block")


def _picture(
    name: str, title: str, description: str, body: Iterable[str], height: float = HEIGHT
) -> Figure:
    inside = [
        element("title", escape(title), id=f"{name}-title"),
        element("desc", escape(description), id=f"{name}-desc"),
        *body,
    ]
    svg = element(
        "svg",
        "\n".join(inside),
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=FONT,
    )
    return Figure(svg, title)


def _x(place: float, n: int) -> float:
    return _LEFT + place / max(n, 1) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)


def _frame(days: Sequence[date], top: float, unit: str) -> list[str]:
    """Grid lines with their numbers, and the first day of each month."""
    parts = []
    for value in ticks(top):
        y = _y(value, top)
        parts.append(
            element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, stroke=GRID)
        )
        parts.append(text(_LEFT - 8, y + 4, f"{value:,.0f}", text_anchor="end"))
    marks = _marked(days)
    for place in marks:
        x, label = _x(place, len(days)), f"{days[place]:%d %b %Y}"
        anchor = "end" if x > _LAST_NAME else "start"
        foot = HEIGHT - _BOTTOM
        parts.append(element("line", x1=x, x2=x, y1=foot, y2=foot + 5, stroke=QUIET))
        parts.append(text(x, foot + 20, label, text_anchor=anchor, font_size=12))
    parts.append(text(_LEFT, 10, unit, fill=QUIET, font_size=12))
    return parts


def _marked(days: Sequence[date]) -> list[int]:
    """Days to name: the first ones of months, or of weeks in a short period."""
    first = [0, *(k for k in range(1, len(days)) if days[k].month != days[k - 1].month)]
    if len(first) < 3:
        first = list(range(0, len(days), 7))
    every = -(-len(first) // 7)
    kept = first[::every]
    if len(kept) > 1 and _x(kept[1], len(days)) - _x(kept[0], len(days)) < _DAY_NAME:
        kept.pop(0)
    # the last name ends where its day is when there is no room behind it
    last = _x(kept[-1], len(days))
    if len(kept) > 1 and _LAST_NAME < last < _x(kept[-2], len(days)) + 2 * _DAY_NAME:
        kept.pop()
    return kept


def actions_per_day(
    days: Sequence[date], counts: Mapping[Action, Sequence[int]]
) -> Figure:
    """Stacked bars: acts carried out, by action."""
    n = len(days)
    top = max(1, *(sum(counts[a][k] for a in _DRAWN) for k in range(n))) * 1.05
    body = _frame(days, top, "customers a day")
    width = max(0.6, (WIDTH - _LEFT - _RIGHT) / max(n, 1) - 0.5)
    for k in range(n):
        below = 0
        for action in _DRAWN:
            value = counts[action][k]
            if value:
                y = _y(below + value, top)
                height = _y(below, top) - y
                body.append(_bar(_x(k, n), y, width, height, COLOURS[action]))
            below += value
    shown = [a for a in _DRAWN if sum(counts[a])]
    body += _legend([(a.replace("_", " "), COLOURS[a]) for a in shown])
    total = ", ".join(f"{sum(counts[a]):,} {a.replace('_', ' ')}" for a in shown)
    description = (
        f"Acts per day from {days[0]} to {days[-1]}; in all {total or 'none'}."
    )
    return _picture("actions", "Acts carried out per day", description, body)


def _bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    return element(
        "rect", x=float(x), y=float(y), width=float(width), height=height, fill=fill
    )


def _legend(entries: Sequence[tuple[str, str]]) -> list[str]:
    parts, x = [], WIDTH - _RIGHT - sum(30 + 7.2 * len(name) for name, _ in entries)
    for name, colour in entries:
        parts.append(_bar(x, 1, 11, 11, colour))
        parts.append(text(x + 16, 11, name, font_size=12))
        x += 30 + 7.2 * len(name)
    return parts


def queue_load(
    days: Sequence[date], taken: Sequence[int], refused: Sequence[int], capacity: int
) -> Figure:
    """Places of the review queue that were taken, and its capacity."""
    n = len(days)
    wanted = [a + b for a, b in zip(taken, refused, strict=True)]
    top = max(1, *wanted, capacity) * 1.1
    body = _frame(days, top, "reviews a day")
    width = max(0.6, (WIDTH - _LEFT - _RIGHT) / max(n, 1) - 0.5)
    for k in range(n):
        full, all_ = _y(taken[k], top), _y(wanted[k], top)
        if taken[k]:
            height = _y(0, top) - full
            body.append(_bar(_x(k, n), full, width, height, COLOURS["review"]))
        if refused[k]:
            body.append(_bar(_x(k, n), all_, width, full - all_, COLOURS["none"]))
    entries = [("taken", COLOURS["review"])]
    if any(refused):
        entries.append(("no place", COLOURS["none"]))
    if capacity:
        y = _y(capacity, top)
        line = {"stroke": INK, "stroke_width": 1.5, "stroke_dasharray": "6 3"}
        body.append(element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, **line))
        body.append(text(_LEFT + 6, y - 5, f"capacity {capacity:,}", font_size=12))
    body += _legend(entries)
    description = (
        f"{counted(sum(taken), 'review')}, at most {max(taken, default=0):,} a day;"
        f" {sum(refused):,} had no place."
    )
    return _picture("queue", "Review queue per day", description, body)


def bars(
    name: str,
    title: str,
    unit: str,
    rows: Sequence[tuple[str, float]],
    colours: Sequence[str] | None = None,
) -> Figure:
    """Horizontal bars with their labels; those below zero go to the left."""
    low = min(0.0, *(value for _, value in rows))
    high = max(0.0, *(value for _, value in rows))
    # for the number right of the longest bar, and left of the lowest one
    beyond = 12 + 8.5 * max(len(f"{value:,.0f}") for _, value in rows)
    margin = beyond if low < 0 else 0
    room = (WIDTH - _LABEL - margin - beyond) / ((high - low) or 1.0)
    zero = _LABEL - low * room + margin
    height = 24 + len(rows) * (_BAR + _GAP)
    body = [text(_LABEL, 12, unit, fill=QUIET, font_size=12)]
    for k, (label, value) in enumerate(rows):
        y = 22 + k * (_BAR + _GAP)
        length = abs(value) * room
        x = zero if value >= 0 else zero - length
        colour = colours[k] if colours else COLOURS["suspend"]
        body.append(text(_LABEL - 10, y + 15, label, text_anchor="end"))
        body.append(_bar(x, y, max(length, 0.8), _BAR, colour))
        end, anchor = (x + length + 6, "start") if value >= 0 else (x - 6, "end")
        number = f"{value:,.0f}".replace("-", "−")
        body.append(text(end, y + 15, number, text_anchor=anchor))
    body.append(element("line", x1=zero, x2=zero, y1=18, y2=height - 4, stroke=QUIET))
    description = "; ".join(f"{label}: {value:,.0f}" for label, value in rows)
    return _picture(name, title, description, body, height)


def saving_by_action(unit: str, saved: dict[str, float]) -> Figure:
    """What each action is expected to have saved."""
    shown = [a for a in ACTIONS[1:] if a in saved]
    rows = [(a.replace("_", " "), saved[a]) for a in shown]
    title = "Expected saving by action"
    return bars("saving", title, unit, rows, [COLOURS[a] for a in shown])
