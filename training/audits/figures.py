"""Plots of the audits, as SVG that stands in the page itself."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from training.drawing import ACCENT, INK, SOFT, WARM, axes_of, percent

COLOURS = (ACCENT, WARM, "#3f8f5f", "#7b4fa3", "#b8860b", "#5f6b76", "#c2437a")
# text stays text, to be read and found; the same bytes for the same numbers
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "forbear",
    "font.size": 10,
}


@dataclass(frozen=True)
class Plot:
    """A drawing with the sentence that says what it shows."""

    svg: Markup
    caption: str


def plot_of(figure: Figure, caption: str) -> Plot:
    """The figure as SVG."""
    out = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    # made by Matplotlib, which escapes every text in it
    return Plot(Markup(svg[svg.index("<svg") :]), caption)  # noqa: S704


def lines(
    title: str,
    names: tuple[str, str],
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    caption: str,
    *,
    is_step: bool = False,
    marks: Sequence[tuple[float, str]] = (),
    is_share: bool = True,
) -> Plot:
    """Curves over one axis.

    Args:
        title: above the plot.
        names: of both axes, with units.
        series: x and y by the curve's name.
        caption: below the plot.
        is_step: values hold until the next x.
        marks: vertical lines, with their text.
        is_share: whether y is a share, shown in per cent.
    """
    figure, axes = axes_of(title, *names)
    style = "steps-post" if is_step else "default"
    for i, (name, (x, y)) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(x, y, color=colour, linewidth=1.8, drawstyle=style, label=name)
    for at, text in marks:
        axes.axvline(at, color=SOFT, linestyle="--", linewidth=1)
        axes.annotate(text, (at, 0.02), xycoords=("data", "axes fraction"), color=INK)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=8)
    axes.set_ylim(bottom=0)
    if is_share:
        percent(axes, x=False)
    return plot_of(figure, caption)
