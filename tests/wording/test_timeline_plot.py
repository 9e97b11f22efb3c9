"""The timeline as it is drawn: wide, and narrow for a phone."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from wording.plots.timeline_plot import PlottedEntry, timeline_plot

END = datetime(2026, 11, 30, tzinfo=UTC)
LANES = [("invoices", "Invoices"), ("acts", "Acts")]


def drawn(days: int, *, is_narrow: bool) -> str:
    entries = [
        PlottedEntry(int((END - timedelta(hours=1)).timestamp() * 1e6), "acts", "late")
    ]
    period = END - timedelta(days=days), END
    zone = ZoneInfo("UTC")
    return timeline_plot(entries, LANES, period, zone, "All", is_narrow=is_narrow)


@pytest.mark.parametrize("is_narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("days", [30, 90, 365, 3650])
def test_nothing_is_cut_and_no_day_stands_on_another(
    days: int, *, is_narrow: bool
) -> None:
    svg = drawn(days, is_narrow=is_narrow)
    found = re.search(r'viewBox="0 0 (\d+) ', svg)
    assert found is not None
    width = float(found[1])
    [mark] = re.findall(r'<circle cx="([\d.]+)"', svg)
    assert float(mark) + 5.0 <= width
    ticks = [float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*class="tick"', svg)]
    assert ticks
    wide = 66.0  # of a day, in the style sheet's type of 11 px
    assert all(0.0 <= x <= width - wide for x in ticks)
    assert all(later - x >= wide for x, later in pairwise(ticks))


def test_both_may_stand_on_one_page() -> None:
    ids = re.findall(
        r'id="([^"]+)"', drawn(90, is_narrow=False) + drawn(90, is_narrow=True)
    )
    assert len(ids) == len(set(ids)) == 2
