"""Figures of the report: matplotlib's, as SVG inside the page."""

import re
from io import StringIO
from zlib import crc32

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Drawing

from training.drawing import ACCENT, INK, SOFT, WARM, axes_of, percent
from training.report.evidence import Evidence
from training.tenths import tenths
from wording.publication.page import Figure

MOST_FEATURES = 12
MOST_FAMILIES = 12


def as_svg(drawing: Drawing, caption: str) -> Figure:
    """The drawing as a figure of a page: the same bytes each time, nothing fetched."""
    written = StringIO()
    with mpl.rc_context({"svg.hashsalt": "forbear", "svg.fonttype": "path"}):
        drawing.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    # ids are unique in a drawing only, and a page has several
    prefix = f"f{crc32(caption.encode()):x}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    svg = re.sub(r'href="#', f'href="#{prefix}', svg)
    return Figure(svg, caption)


def over_time(evidence: Evidence) -> Figure:
    """Observed and expected positives of each test date."""
    drawing, axes = axes_of("Observed and expected by date", "test date", "positives")
    dates = evidence.dates
    days = [evidence.day(d.as_of) for d in dates]
    place = np.arange(len(dates))
    observed = np.array([d.n_positives for d in dates], dtype=np.float64)
    axes.errorbar(
        place,
        observed,
        yerr=1.96 * np.sqrt(np.maximum(observed, 1.0)),
        fmt="o",
        color=WARM,
        capsize=3,
        label="observed (95 % interval)",
    )
    axes.plot(place, [d.expected for d in dates], color=ACCENT, label="expected")
    axes.set_xticks(place, days, rotation=45, ha="right", fontsize=8)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return as_svg(
        drawing,
        "Positives that were observed and those that the probabilities expected, by"
        " test date: a gap that grows says that the level is wearing out.",
    )


def reported_and_found(evidence: Evidence) -> Figure:
    """AUC reported at each origin, and found after it."""
    drawing, axes = axes_of(
        "What would have been reported, and what came", "first date after", "AUC"
    )
    origins = evidence.origins
    place = np.arange(len(origins))
    reported = [o.reported["auc"] for o in origins]
    value = np.array([m.value for m in reported])
    error = [
        value - np.array([m.low for m in reported]),
        np.array([m.high for m in reported]) - value,
    ]
    axes.errorbar(place - 0.06, value, yerr=error, fmt="o", color=ACCENT, capsize=3)
    axes.plot(place - 0.06, value, "o", color=ACCENT, label="reported, 95 % interval")
    axes.plot(
        place + 0.06, [o.found["auc"] for o in origins], "D", color=WARM, label="found"
    )
    days = [evidence.day(o.as_of) for o in origins]
    axes.set_xticks(place, days)
    axes.set_xlim(-0.5, len(origins) - 0.5)
    axes.legend(frameon=False, loc="lower right")
    return as_svg(
        drawing,
        "Training rehearsed at earlier moments: the AUC its report would have stated"
        " for a later period, and the AUC of the dates that followed.",
    )


def contributions(evidence: Evidence) -> Figure:
    """Every row's contribution by feature, coloured by the feature's value."""
    reasons = evidence.reasons
    order = np.argsort(-np.abs(reasons.parts).mean(axis=0))[:MOST_FEATURES]
    drawing, axes = axes_of(
        "What moves single probabilities", "contribution to the log-odds", "", 5.2
    )
    rng = np.random.default_rng(0)
    for line, column in enumerate(order[::-1].tolist()):
        value, part = reasons.x[:, column], reasons.parts[:, column]
        known = ~np.isnan(value)
        rank = np.full(len(value), 0.5)
        if known.any():
            order_of = np.argsort(np.argsort(value[known], kind="stable"))
            rank[known] = order_of / max(known.sum() - 1, 1)
        points = axes.scatter(
            part,
            line + rng.uniform(-0.3, 0.3, len(part)),
            c=np.where(known, rank, 0.5),
            cmap="coolwarm",
            vmin=0,
            vmax=1,
            s=5,
            linewidths=0,
            rasterized=True,
        )
    names = [reasons.names[column] for column in order[::-1].tolist()]
    axes.set_yticks(np.arange(len(order)), names, fontsize=8)
    axes.axvline(0.0, color=SOFT, linewidth=1)
    bar = drawing.colorbar(points, ax=axes, ticks=[0, 1], fraction=0.03)
    bar.ax.set_yticklabels(["low", "high"], fontsize=8)
    bar.set_label("value of the feature", fontsize=8)
    return as_svg(
        drawing,
        f"One point a row ({len(reasons.parts):,} rows): how far a feature moved its"
        " calibrated log-odds, red where the feature's value is high. Contributions"
        " are exact: with the base value they sum to the log-odds.",
    )


def deciles(evidence: Evidence) -> tuple[tuple[str, ...], ...]:
    """Rows of the calibration table."""
    judged = evidence.learnt.judgement
    return tuple(
        (
            str(number),
            f"{part.n:,}",
            f"{part.mean_p:.2%}",
            f"{part.rate.value:.2%}",
            f"{part.rate.low:.2%} to {part.rate.high:.2%}",
            f"{part.n_positives:,}",
        )
        for number, part in enumerate(
            tenths(judged.label, judged.p, evidence.test.customer), start=1
        )
    )


def captured(evidence: Evidence) -> Figure:
    """What each way to decide saves, with its interval."""
    assert evidence.savings is not None  # noqa: S101  asked for where there are some
    ways = evidence.savings.ways[::-1]
    drawing, axes = axes_of(
        "Saved against doing nothing", f"{evidence.savings.currency} a row", "", 3.2
    )
    value = np.array([way.per_customer.value for way in ways])
    low = value - np.array([way.per_customer.low for way in ways])
    high = np.array([way.per_customer.high for way in ways]) - value
    colours = [ACCENT if way.name == "this model" else SOFT for way in ways]
    axes.barh(np.arange(len(ways)), value, color=colours)
    axes.errorbar(
        value, np.arange(len(ways)), xerr=[low, high], fmt="none", ecolor=INK, capsize=3
    )
    axes.set_yticks(np.arange(len(ways)), [way.name for way in ways], fontsize=9)
    axes.grid(visible=False, axis="y")
    return as_svg(
        drawing,
        "What each way to decide would have saved on the test rows, at the policy's"
        " costs for what really came; lines are 95 % intervals over customers.",
    )


def found_at(evidence: Evidence) -> Figure:
    """Recall by share of customers looked at."""
    drawing, axes = axes_of(
        "Found when so many are looked at", "customers of each date", "bad found"
    )
    shares = list(evidence.found_at)
    found, low, high = np.array(
        [(one.value, one.low, one.high) for one in evidence.found_at.values()]
    ).T
    error = [found - low, high - found]
    axes.errorbar(shares, found, yerr=error, fmt="o-", color=ACCENT, capsize=3)
    axes.plot(shares, shares, color=SOFT, linestyle="--")
    axes.set_ylim(0, 1)
    percent(axes)
    return as_svg(
        drawing,
        "Share of those it happened to among the customers with the highest"
        " probability of each date, with 95 % intervals over customers; dashed: looking"
        " at customers by chance.",
    )
