"""Just enough SVG, written by hand: elements, text, axes, and the actions' colours."""

from collections.abc import Iterable
from html import escape
from math import ceil, floor, log10

from decisions.actions import Action

WIDTH, HEIGHT = 640, 420
FONT = "system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
INK, QUIET, GRID = "#1a1a1a", "#595959", "#e3e3e3"

# Okabe and Ito's palette, told apart by people with any colour vision; each action
# has a dash pattern as well, so that the plot survives a black-and-white printer.
COLOURS: dict[Action, str] = {
    "none": "#8c8c8c",
    "remind": "#56b4e9",
    "review": "#009e73",
    "service_request": "#e69f00",
    "suspend": "#d55e00",
    "block": "#5b2a6e",
}
DASHES: dict[Action, str] = {
    "none": "",
    "remind": "7 3",
    "review": "2 3",
    "service_request": "10 3 2 3",
    "suspend": "",
    "block": "4 3",
}


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """One element; an underscore in an attribute's name becomes a hyphen.

    >>> element("line", x1=0, stroke_width=1.5)
    '<line x1="0" stroke-width="1.5"/>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return escape(str(value), quote=True)


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Text in ink at a point; size 13 unless told."""
    merged: dict[str, object] = {"font_size": 13, "fill": INK, **attributes}
    return element("text", escape(words), x=x, y=y, **merged)


def halo(x: float, y: float, words: str, **attributes: object) -> str:
    """Text that stays readable on lines and areas."""
    edge: dict[str, object] = {
        "stroke": "#ffffff",
        "stroke_width": 4,
        "stroke_linejoin": "round",
        "paint_order": "stroke",
    }
    return text(x, y, words, **{**edge, **attributes})


def document(
    title: str,
    description: str,
    body: Iterable[str],
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    prefix: str = "",
) -> str:
    """A whole picture with its title and description for those who cannot see it.

    Args:
        title: what it is called.
        description: said instead of the picture.
        body: elements.
        size: width and height in units.
        prefix: of its ids, where a page holds several.
    """
    width, height = size
    inside = [
        element("title", escape(title), id=f"{prefix}title"),
        element("desc", escape(description), id=f"{prefix}desc"),
        element("rect", width=width, height=height, fill="#ffffff"),
        *body,
    ]
    return element(
        "svg",
        "\n".join(inside),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{prefix}title {prefix}desc",
        font_family=FONT,
    )


def round_ticks(top: float) -> list[float]:
    """About five round numbers from 0 to at most `top`.

    >>> round_ticks(430.0)
    [0.0, 100.0, 200.0, 300.0, 400.0]
    """
    rough = top / 5
    power = 10.0 ** floor(log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    return [i * step for i in range(ceil((top + step * 1e-9) / step))]


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near as may be to the wanted ones, `gap` apart, within limits."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [0.0] * len(wanted)
    floor_ = low
    for i in order:
        placed[i] = max(wanted[i], floor_)
        floor_ = placed[i] + gap
    ceiling = high
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return placed
