"""How often a rise of fraud signs rings falsely, and how soon it is seen.

Short: signs drawn by their rates, of 20,000 customers. Long: simulated worlds of that
size, ten seeds each.
"""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from features.fraud_signs import FraudSigns
from features.portfolio import Portfolio
from monitoring.fraud_signs import _daily
from monitoring.scan import DailyEvents, _batches, _Look, scan
from simulation.run import simulate
from simulation.worlds import FRAUD_WAVE, World

Days = npt.NDArray[np.int64]
SEEDS = range(10)
N_CUSTOMERS = 20_000
FIRST = -720  # day on which watching begins
# signs for each 1,000 customers and month, by months since joining: as in simulated
# worlds, where a stolen card comes out when its first payments are charged back
PER_MONTH = [1.5, 4.9, 10.5, 10.2, 8.5, 4.8, 2.3, 2.1, 1.5, 0.9, 1.6, 1.3, 0.7]
PER_DAY = np.array(PER_MONTH) / 30_000


@cache
def joined() -> Days:
    """8,000 join evenly over two years, the others were there before."""
    rng = np.random.default_rng(0)
    new = rng.integers(FIRST, 0, 8_000)
    return np.concatenate([new, np.full(N_CUSTOMERS - 8_000, FIRST - 400)])


def drawn(
    seed: int, since: int = 0, times: float = 1.0, new: bool = False
) -> DailyEvents:
    """First signs by their rates; from a day on more of everybody, or of who is new."""
    rng = np.random.default_rng(seed)
    own, n = np.unique(joined(), return_counts=True)
    days = np.arange(FIRST, 0)
    age = days - own[:, None]
    rate = n[:, None] * PER_DAY[np.clip(age // 30, 0, len(PER_DAY) - 1)] * (age >= 0)
    more = (days >= since) & ((own >= since) | (not new))[:, None]
    n_signs = rng.poisson(rate * np.where(more, times, 1.0))
    place, day = np.nonzero(n_signs)
    repeated = n_signs[place, day]
    return DailyEvents(
        joined(), np.repeat(days[day], repeated), np.repeat(own[place], repeated)
    )


def rings(events: DailyEvents, limit: float, days: range) -> list[int]:
    """The days on which it rings as `scan` does, but with a limit of one of them."""
    found = []
    for today in days:
        look = _Look.of(events, today)
        counts = look.counts(events.event_day, events.event_joined)
        batches = _batches(events, look, look.rates(counts[0]))
        if look.strengths(*counts)[3].max() / batches > limit:
            found.append(today)
    return found


@cache
def limit() -> float:
    found = scan(drawn(10_000))
    assert found is not None
    return found.limit


def test_of_stable_quarters_as_many_ring_as_is_said() -> None:
    """35 of 100, looked at every day; 30 is stated, and 46 come once in 1,000 runs."""
    false = [bool(rings(drawn(seed), limit(), range(-89, 1))) for seed in range(100)]
    assert sum(false) < 46, sum(false)


def test_a_doubling_of_all_fraud_is_seen_within_two_weeks() -> None:
    """Of 60 portfolios in 78 %; half of them within 9 days."""
    days = range(-149, -149 + 14)
    doubled = (drawn(1_000 + seed, -150, 2.0) for seed in range(60))
    seen = [bool(rings(events, limit(), days)) for events in doubled]
    assert np.mean(seen) >= 0.65, np.mean(seen)


def test_who_joined_lately_is_looked_at_apart() -> None:
    """Fraud five times as frequent among those who join: seen within 75 days."""
    waves = (drawn(seed, -150, 5.0, new=True) for seed in range(10))
    seen = [bool(rings(events, limit(), range(-110, -75))) for events in waves]
    assert sum(seen) >= 9, seen


def with_wave(seed: int, times: float) -> tuple[DailyEvents, Days]:
    """A stable portfolio and what a wave among those who join adds; its days."""
    stable = drawn(seed)
    rng = np.random.default_rng([seed, 77])
    own, n = np.unique(joined(), return_counts=True)
    days = np.arange(FIRST, 0)
    age = days - own[:, None]
    rate = n[:, None] * PER_DAY[np.clip(age // 30, 0, len(PER_DAY) - 1)] * (age >= 0)
    is_wave = (days >= -150) & (own >= -150)[:, None]
    n_signs = rng.poisson(rate * (times - 1.0) * is_wave)
    place, day = np.nonzero(n_signs)
    added = np.repeat(days[day], n_signs[place, day])
    of = np.repeat(own[place], n_signs[place, day])
    both = DailyEvents(
        joined(),
        np.concatenate([stable.event_day, added]),
        np.concatenate([stable.event_joined, of]),
    )
    return both, added


@pytest.mark.long
@pytest.mark.parametrize("times", [2.0, 3.0, 5.0, 8.0])
def test_two_weeks_of_a_wave_among_new_customers_hold_too_little(times: float) -> None:
    """Of 200 waves 28, 32, 35 and 42 % ring in the 14 days after the first added sign.

    12 % ring without a wave. The wave adds 0, 1, 1 and 1 signs in these days (median).
    """
    n_added, seen = [], []
    for seed in range(40):
        events, added = with_wave(seed, times)
        first = int(added.min())
        n_added.append(np.sum((added > first) & (added <= first + 14)))
        seen.append(bool(rings(events, limit(), range(first + 1, first + 15))))
    assert np.median(n_added) <= 2, n_added
    assert np.mean(seen) < 0.7, seen


@pytest.mark.long
def test_worlds_of_20_000_customers(tmp_path: Path) -> None:
    """Stable quarters; all fraud doubled; fraud doubled among those who join.

    Counted in days from the first outcome of the change.
    """
    seen = [of_world(seed, tmp_path) for seed in SEEDS]
    false, of_all, of_new = zip(*seen, strict=True)
    assert sum(false) <= 6, seen
    assert sum(day <= 30 for day in of_all) >= 7, seen
    assert np.median(of_new) <= 110, seen


def of_world(seed: int, folder: Path) -> tuple[bool, int, int]:
    """Whether a stable quarter rings; days until a doubling of all and of new does."""
    same = replace(FRAUD_WAVE, wave_factor=1.0, wave_careful_share=0.75)
    stable = signs_of(same, seed, folder)
    other = signs_of(same, 100 + seed, folder)
    wave = signs_of(replace(FRAUD_WAVE, wave_factor=2.0), seed, folder)
    own = limit_on(stable, -90)
    false = rings(stable, own, range(-89, 1))
    late = other.event_day >= -90
    both = DailyEvents(
        stable.joined,
        np.concatenate([stable.event_day, other.event_day[late]]),
        np.concatenate([stable.event_joined, other.event_joined[late]]),
    )
    began = first_difference(stable, wave)
    return (
        bool(false),
        first_after(rings(both, own, range(-89, 1)), -90),
        first_after(rings(wave, limit_on(wave, began), range(began + 1, 1)), began),
    )


def signs_of(world: World, seed: int, folder: Path) -> DailyEvents:
    """First signs of a simulated portfolio, of 24 months."""
    out = folder / f"{world.name}-{world.wave_factor:g}-{seed}"
    simulate(world, N_CUSTOMERS, 24, seed, out, usage_every="week")
    portfolio = Portfolio.open_usable(out)
    until = portfolio.observed_until
    events = _daily(portfolio, FraudSigns(portfolio).first_ever_known(until), until)
    shutil.rmtree(out)
    return events


def limit_on(events: DailyEvents, day: int) -> float:
    """The limit by what was known before a day."""
    known = events.event_day < day
    found = scan(
        DailyEvents(
            events.joined[events.joined < day] - day,
            events.event_day[known] - day,
            events.event_joined[known] - day,
        )
    )
    assert found is not None
    return found.limit


def first_after(rang: list[int], day: int) -> int:
    """Days until the first of those on which it rings; 999: on none."""
    return min(rang, default=day + 999) - day


def first_difference(stable: DailyEvents, wave: DailyEvents) -> int:
    """The day of the wave's first outcome: until then both worlds are one."""
    mine, theirs = (np.bincount(-one.event_day) for one in (stable, wave))
    n = max(len(mine), len(theirs))
    differ = np.flatnonzero(
        np.pad(mine, (0, n - len(mine))) != np.pad(theirs, (0, n - len(theirs)))
    )
    return -int(differ.max())
