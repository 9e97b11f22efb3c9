"""How the report writes a number."""

import numpy as np

from scoring.intervals import MetricEstimate


def interval_text(metric: MetricEstimate | None) -> str:
    """The interval of a metric; empty where there is none."""
    return "" if metric is None else f"{metric.low:.3f} to {metric.high:.3f}"


def money_text(metric: MetricEstimate) -> str:
    """Money with its interval, in the portfolio's currency."""
    return f"{metric.value:,.2f} ({metric.low:,.2f} to {metric.high:,.2f})"


def percent_text(metric: MetricEstimate) -> str:
    """A share with its interval, in percent."""
    if np.isnan(metric.value):
        return "unknown"
    return f"{metric.value:.0%} ({metric.low:.0%} to {metric.high:.0%})"


def number_text(value: float | None) -> str:
    """A number, or that there were too few rows for it."""
    return "too few" if value is None else f"{value:.3f}"


def share_text(value: float | None) -> str:
    """A share in percent, or that there were too few rows for it."""
    return "too few" if value is None else f"{value:.1%}"
