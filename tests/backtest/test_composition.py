"""The sentence at the head of a backtest."""

from types import SimpleNamespace
from typing import cast

import pyarrow as pa

from backtest.intervals import Interval
from backtest.outcome import Backtest
from backtest.report.composition import lead


def test_both_ends_say_whether_they_are_more_or_less() -> None:
    """Where the lead is "less", a minus alone would be read as its opposite."""
    days = pa.table({"on": ["2026-01-01", "2026-03-31"]})
    new = SimpleNamespace(
        daily_report=days, label="mine@2", total_saving=lambda: Interval(900, 100, 1700)
    )
    run = SimpleNamespace(
        new=new,
        old=SimpleNamespace(label="plain-timeline@1"),
        currency="EUR",
        saving_against_old=lambda: Interval(-426, -1663, 987),
    )
    assert lead(cast("Backtest", run)).endswith(
        ", 426 EUR less than plain-timeline@1 (95 %: from 1,663 EUR less to 987 EUR"
        " more)."
    )
