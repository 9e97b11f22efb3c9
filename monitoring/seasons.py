"""What a table's rows did near the same day of a quarter, half a year and a year ago.

Many may be billed on the first day of a quarter, and have paid weeks before the next.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np

from features.moments import DAY_US
from monitoring.batches import MONTHS_DIFFER, QUARTER_DAYS, YEAR_DAYS

HALF_YEAR_DAYS = 183
SEASONS_DAYS = (QUARTER_DAYS, HALF_YEAR_DAYS, YEAR_DAYS)  # back
WEEK_DAYS = 7


def quiet_season(table: ir.Table, now: int) -> float:
    """The longest gap, in days, near this day of two of the seasons.

    What was quiet once is no season: a feed may have stopped then, also for so long
    that two of the days lie in it.

    Args:
        table: with `known_at`.
        now: µs since 1970 UTC.
    """
    known_at = table.known_at
    days = [day for near in _near(1) for day in near[::MONTHS_DIFFER]]
    ends = []
    for at in (now - day * DAY_US for day in days):
        ends.append(known_at.max(where=known_at <= at))
        ends.append(known_at.min(where=known_at > at))
    named = [end.name(f"end{i}") for i, end in enumerate(ends)]
    [asked] = table.aggregate(named).to_pyarrow().to_pylist()
    found = list(asked.values())
    gaps = [
        (0, 0) if last is None or following is None else (following - last, last)
        for last, following in zip(found[::2], found[1::2], strict=True)
    ]
    n = len(gaps) // len(SEASONS_DAYS)
    of_seasons = {max(gaps[i : i + n]) for i in range(0, len(gaps), n)}
    lengths = sorted((length for length, _ in of_seasons), reverse=True)
    return lengths[1] / DAY_US if len(lengths) > 1 else 0.0


def busiest_season(table: ir.Table, now: int) -> int:
    """The most rows of any seven days near the last ones of the seasons.

    Args:
        table: with `known_at`.
        now: µs since 1970 UTC.
    """
    back = (ibis.literal(now) - table.known_at) // DAY_US
    seasons = _near(WEEK_DAYS)
    asked = [day for near in seasons for day in near]
    rows = table.select(day=back).filter(ibis._.day.isin(asked))
    counts = rows.group_by("day").agg(n=rows.count()).to_pyarrow().to_pydict()
    n_of = dict(zip(counts["day"], counts["n"], strict=True))
    by_day = [[n_of.get(day, 0) for day in near] for near in seasons]
    week = np.ones(WEEK_DAYS, dtype=int)
    return max(int(np.convolve(n, week, "valid").max()) for n in by_day)


def _near(n_days: int) -> Sequence[range]:
    """Days back, by season: so many, and some on either side as months differ."""
    return [
        range(days - MONTHS_DIFFER, days + MONTHS_DIFFER + n_days)
        for days in SEASONS_DAYS
    ]
