"""Plots of one judged model, each a figure of its own; nobody's global state."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from features.arrays import FloatArray, IntArray
from scoring.metrics import positives_by_score as by_score
from scoring.metrics import roc_curve
from training.drawing import ACCENT, INK, SOFT, WARM, axes_of, percent
from training.tenths import CalibrationBin, tenths
from training.trained_model import TrainedModel

MOST_FEATURES = 20


def plots(learnt: TrainedModel, customer: IntArray, title: str) -> Mapping[str, Figure]:
    """File name to figure, for the model card and the tracking server.

    Args:
        learnt: with the judgement of its test rows.
        customer: (n,) number of each test row's customer.
        title: of all of them.
    """
    label, p = learnt.judgement.label, learnt.judgement.p
    auc = learnt.judgement.metrics["auc"]
    pr_auc = learnt.judgement.metrics["pr_auc"]
    return {
        "roc.png": _roc(label, p, f"{title}\nROC, AUC {auc.value:.3f}"),
        "precision_recall.png": _precision_recall(
            label, p, f"{title}\nPrecision and recall, area {pr_auc.value:.3f}"
        ),
        "calibration.png": _calibration(
            tenths(label, p, customer), f"{title}\nCalibration by tenth of the rows"
        ),
        "scores.png": _scores(label, p, f"{title}\nDistribution of P"),
        "gain.png": _gain(label, p, f"{title}\nGain: who is found, worst first"),
        "features.png": _features(learnt.gains, f"{title}\nWhat moves the model"),
    }


def _roc(label: FloatArray, p: FloatArray, title: str) -> Figure:
    figure, axes = axes_of(title, "good customers flagged", "bad customers found")
    false, true = roc_curve(label, p)
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
    axes.plot(false, true, color=ACCENT, linewidth=2)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    percent(axes)
    return figure


def _precision_recall(label: FloatArray, p: FloatArray, title: str) -> Figure:
    figure, axes = axes_of(title, "bad customers found", "of those flagged, bad")
    n_above, n_hits = by_score(label, p)
    rate = float(label.mean())
    axes.axhline(rate, color=SOFT, linestyle="--", linewidth=1)
    axes.annotate(f"everyone: {rate:.1%}", (0.01, rate), va="bottom", color=INK)
    axes.plot(n_hits / label.sum(), n_hits / n_above, color=ACCENT, linewidth=2)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    percent(axes)
    return figure


def _calibration(parts: list[CalibrationBin], title: str) -> Figure:
    """Observed rate against mean P, on log axes where rates are small."""
    figure, axes = axes_of(
        title, "mean P of the tenth", "observed rate (95 % interval)"
    )
    mean_p = np.array([part.mean_p for part in parts])
    rate, low, high = np.array(
        [(part.rate.value, part.rate.low, part.rate.high) for part in parts]
    ).T
    error = np.maximum([rate - low, high - rate], 0.0)
    floor = max(0.5 * float(mean_p.min()), 1e-4)
    top = min(1.0, 1.3 * float(max(mean_p.max(), high.max())))
    axes.plot([floor, top], [floor, top], color=SOFT, linestyle="--", linewidth=1)
    axes.errorbar(
        mean_p,
        np.maximum(rate, floor),
        yerr=error,
        fmt="o",
        color=ACCENT,
        ecolor=ACCENT,
        capsize=3,
        markersize=5,
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(floor, top)
    axes.set_ylim(floor, top)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
        axis.set_minor_formatter("")
    return figure


def _scores(label: FloatArray, p: FloatArray, title: str) -> Figure:
    """Both classes as densities on the log-odds axis, labelled with P."""
    figure, axes = axes_of(title, "P (log-odds scale)", "share of the class")
    z = np.log(np.clip(p, 1e-6, 1 - 1e-6) / (1 - np.clip(p, 1e-6, 1 - 1e-6)))
    edges = np.linspace(z.min(), z.max() + 1e-9, 41).tolist()
    for value, color, name in ((0.0, ACCENT, "good"), (1.0, WARM, "bad")):
        own = z[label == value]
        weights = np.full(len(own), 1.0 / len(own))
        axes.hist(own, edges, weights=weights, color=color, alpha=0.55, label=name)
    marks = np.array([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99])
    at = np.log(marks / (1 - marks))
    is_inside = (at >= edges[0]) & (at <= edges[-1])
    axes.set_xticks(at[is_inside], [f"{m:.3g}" for m in marks[is_inside]])
    axes.legend(frameon=False)
    percent(axes, x=False)
    return figure


def _gain(label: FloatArray, p: FloatArray, title: str) -> Figure:
    """Share of the bad that is found by looking at the highest P first."""
    figure, axes = axes_of(title, "share of customers, highest P first", "bad found")
    n_above, n_hits = by_score(label, p)
    touched, caught = n_above / len(label), n_hits / label.sum()
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
    axes.plot(
        np.append(0.0, touched), np.append(0.0, caught), color=ACCENT, linewidth=2
    )
    tenth = float(np.interp(0.1, touched, caught))
    axes.plot([0.1], [tenth], "o", color=WARM)
    axes.annotate(f"first tenth: {tenth:.0%} of the bad", (0.13, tenth), va="top")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    percent(axes)
    return figure


def _features(gains: Mapping[str, float], title: str) -> Figure:
    names = list(gains)[:MOST_FEATURES][::-1]
    height = 1.4 + 0.24 * max(len(names), 4)
    figure, axes = axes_of(title, "share of the gain", "", height)
    axes.barh(names, [gains[name] for name in names], color=ACCENT)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(visible=False, axis="y")
    percent(axes, y=False)
    return figure
