"""Plots of the audits, as SVG that stands in the page itself."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

INK, SOFT, ACCENT, WARM = "#1f2933", "#9aa5b1", "#0b69a3", "#c65d21"
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


def axes_of(title: str, x: str, y: str, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty plot with a title and both axes named, units included."""
    with mpl.rc_context({**STYLE, "axes.edgecolor": SOFT, "text.color": INK}):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def percent(axes: Axes, *, x: bool = False, y: bool = True) -> None:
    """Show shares as percentages."""
    if x:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    if y:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))


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
        percent(axes)
    return plot_of(figure, caption)
