"""Account facts over time: when they may change, and what they are in between.

For programs that go through a portfolio's past moment by moment, such as a backtest.
`fact_timelines` gives one `FactTimeline` per customer.
"""

from features.timeline.clocks import fast_replace, moved_forward
from features.timeline.fact_timeline import (
    AccountMoney,
    AccountState,
    FactTimeline,
    fact_timelines,
)

__all__ = [
    "AccountMoney",
    "AccountState",
    "FactTimeline",
    "fact_timelines",
    "fast_replace",
    "moved_forward",
]
