"""Numbers as the report writes them."""

import numpy as np

from backtest.intervals import Interval


def money(amount: float) -> str:
    """Whole units with a true minus.

    >>> money(-1234.4)
    '−1,234'
    >>> money(-0.4)
    '0'
    """
    return f"{round(amount, 0) + 0.0:,.0f}".replace("-", "−")


def money_range(interval: Interval) -> str:
    """Money with its interval."""
    low, high = money(interval.low), money(interval.high)
    return f"{money(interval.value)} ({low} to {high})"


def percent_range(interval: Interval) -> str:
    """A share of the attainable saving with its interval."""
    if np.isnan(interval.value):
        return "nothing attainable"
    low, high = f"{interval.low:.1%}", f"{interval.high:.1%}"
    return f"{interval.value:.1%} ({low} to {high})".replace("-", "−")


def plain(action: str) -> str:
    """An action as a word of a sentence."""
    return action.replace("_", " ")
