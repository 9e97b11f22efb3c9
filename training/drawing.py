"""What every plot has in common: colours, named axes, shares in per cent."""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

INK, SOFT, ACCENT, WARM = "#1f2933", "#9aa5b1", "#0b69a3", "#c65d21"


def axes_of(title: str, x: str, y: str, height: float = 4.6) -> tuple[Figure, Axes]:
    """An empty plot with a title and both axes named, units included."""
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": SOFT, "text.color": INK}):
        figure = Figure(figsize=(6.4, height), dpi=120, layout="constrained")
        axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def percent(axes: Axes, *, x: bool = True, y: bool = True) -> None:
    """Show shares as percentages."""
    if x:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    if y:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
