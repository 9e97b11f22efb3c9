"""What happened to a customer: a lane for each kind of event, over one period.

Colours come from classes that the page's style sheet knows, so that the drawing follows
light and dark. What lies too close together is one circle with a number.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from html import escape
from typing import NamedTuple
from zoneinfo import ZoneInfo

from wording.plots.svg import element

_APART = 15.0  # from the middle of one circle to the next
_MOST_NAMED = 6  # of what one circle stands for
_TICK = 66.0  # width of a day under a line
# days of a period, and from month to month how many between two lines; 0: each week
_STEPS = ((45, 0), (250, 1), (800, 3), (100_000, 12))


class _Sheet(NamedTuple):
    """Measures of a drawing, and how far above its lane a label stands."""

    width: float
    left: float
    right: float
    lane: float
    label: float
    name: str  # of its parts, so that a page may hold both


_TOP = 12.0
_WIDE = _Sheet(960.0, 150.0, 944.0, 34.0, -4.0, "timeline")
_NARROW = _Sheet(320.0, 10.0, 310.0, 44.0, 14.0, "timeline-narrow")


class PlottedEntry(NamedTuple):
    """One thing that happened.

    Args:
        at: microseconds since 1970 UTC.
        lane: name of the lane it belongs to.
        text: what it was, in one line.
        path: page about it; empty: there is none.
    """

    at: int
    lane: str
    text: str
    path: str = ""


def timeline_plot(
    entries: Sequence[PlottedEntry],
    lanes: Sequence[tuple[str, str]],
    period: tuple[datetime, datetime],
    zone: ZoneInfo,
    title: str,
    *,
    is_narrow: bool = False,
) -> str:
    """An SVG of 960 units width; of 320, with labels above the lanes, if narrow.

    Args:
        entries: what lies in no lane or outside the period is left out.
        lanes: names and labels, from the top; all are drawn.
        period: from when, and until when.
        zone: in which days begin.
        title: for those who cannot see it; the page lists the same as a table.
        is_narrow: for a phone.
    """
    sheet = _NARROW if is_narrow else _WIDE
    begin, end = (moment.timestamp() * 1e6 for moment in period)
    bottom = _TOP + sheet.lane * len(lanes)

    def x(at: float) -> float:
        """Where a moment (µs since 1970 UTC) stands on the sheet, from the left."""
        return sheet.left + (sheet.right - sheet.left) * (at - begin) / (end - begin)

    title_id = f"{sheet.name}-title"
    body = [element("title", escape(title), id=title_id)]
    free = 0.0
    for day in _lines(period, zone):
        place = x(datetime.combine(day, datetime.min.time(), zone).timestamp() * 1e6)
        body.append(_line(place, _TOP, place, bottom, "grid"))
        begins = min(max(place - _TICK / 2, 0.0), sheet.width - _TICK)
        if begins >= free:
            body.append(_text(begins, bottom + 18, day.isoformat(), "tick", "start"))
            free = begins + _TICK
    for number, (name, label) in enumerate(lanes):
        y = _TOP + sheet.lane * (number + 0.5) + (6.0 if is_narrow else 0.0)
        body.append(_line(sheet.left, y, sheet.right, y, "lane"))
        body.append(_text(8.0, y - sheet.label, label, "label", "start"))
        own = [e for e in entries if e.lane == name and begin <= e.at <= end]
        body += [_circle(x(some[0].at), y, name, some) for some in _close(own, x)]
    return element(
        "svg",
        "\n".join(body),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {sheet.width:.0f} {bottom + 28:.0f}",
        role="group",
        aria_labelledby=title_id,
        class_="timeline narrow" if is_narrow else "timeline",
    )


def _lines(period: tuple[datetime, datetime], zone: ZoneInfo) -> Iterator[date]:
    """Days at which a line stands: Mondays, or firsts of months."""
    first, last = (moment.astimezone(zone).date() for moment in period)
    months = next(step for days, step in _STEPS if (last - first).days <= days)
    day = first + timedelta(days=1)
    while day < last:
        is_first = day.day == 1 and months and (day.month - 1) % months == 0
        if is_first or (not months and day.weekday() == 0):
            yield day
        day += timedelta(days=1)


def _close(
    entries: Sequence[PlottedEntry], x: Callable[[float], float]
) -> Iterator[list[PlottedEntry]]:
    """Entries of a lane in groups that do not overlap."""
    group: list[PlottedEntry] = []
    for entry in sorted(entries):
        if group and x(entry.at) - x(group[0].at) >= _APART:
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _circle(x: float, y: float, lane: str, group: Sequence[PlottedEntry]) -> str:
    named = "\n".join(entry.text for entry in group[:_MOST_NAMED])
    if len(group) > _MOST_NAMED:
        named += f"\n+ {len(group) - _MOST_NAMED}"
    inside = element("title", escape(named))
    radius = 5.0 if len(group) == 1 else 7.5 if len(group) < 10 else 9.0  # two digits
    inside += element("circle", cx=x, cy=y, r=radius)
    if len(group) > 1:
        inside += _text(x, y + 3.5, str(len(group)), "count", "middle")
    path = next((entry.path for entry in reversed(group) if entry.path), "")
    drawn = element("g", inside, class_=f"mark {lane}")
    return element("a", drawn, href=path) if path else drawn


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return element("text", escape(text), x=x, y=y, text_anchor=anchor, class_=kind)
