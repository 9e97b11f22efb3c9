"""Since when fraud is recorded: false alarms, waves, and what becomes of labels."""

import numpy as np
import pytest

from features.arrays import FloatArray
from features.fraud_records import CHANCE, fraud_records, missing_signs
from features.labels import labels
from features.moments import DAY_US, to_datetime
from features.portfolio import Portfolio
from features.snapshots import snapshots
from tests.features.fraud_portfolio import LATE, START, on, portfolio_of

YEARS = 3 * 365  # of history, in days
Days = FloatArray


def customers(rng: np.random.Generator, n: int = 1_000) -> Days:
    """Four in ten were there from the beginning, the others came evenly."""
    return np.where(rng.random(n) < 0.4, 0.0, rng.uniform(0, YEARS, n))


def missing(happened: Days, joined: Days) -> float | None:
    signs, came = (
        np.asarray(d * DAY_US, np.int64) for d in (np.sort(happened), joined)
    )
    return missing_signs(signs, came, YEARS * DAY_US)


def signs(rng: np.random.Generator, joined: Days, n: int, since: float = 0.0) -> Days:
    """First signs at one rate for each day that a customer was there since."""
    who = rng.choice(len(joined), 40 * n)
    when = rng.uniform(since, YEARS, 40 * n)
    return when[when > joined[who]][:n]


def test_records_of_one_rate_are_rarely_found_to_begin_late() -> None:
    """Less than 1 in 1,000 by construction: of 2,000 more than 8 has chance 0.0002."""
    rng = np.random.default_rng(3)
    n_found = 0
    for n in (15, 20, 30, 60, 120) * 400:
        joined = customers(rng, 300)
        n_found += missing(signs(rng, joined, n), joined) is not None
    assert n_found <= 8
    assert CHANCE == 0.001


@pytest.mark.parametrize("since", [365, 540, 730])
def test_records_that_begin_late_are_found(since: int) -> None:
    rng = np.random.default_rng(since)
    found = []
    for _ in range(200):
        joined = customers(rng)
        found.append(missing(signs(rng, joined, 60, since), joined))
    assert sum(n is not None for n in found) >= 195
    assert np.median([n for n in found if n is not None]) > 10


@pytest.mark.parametrize(
    ("first", "last", "n"),
    [
        pytest.param(500, 590, 200, id="a wave that passed"),
        pytest.param(YEARS - 120, YEARS, 200, id="a wave that began lately"),
        pytest.param(540, YEARS, 14, id="rare fraud"),
    ],
)
def test_a_wave_and_rare_fraud_are_no_beginning_of_records(
    first: int, last: int, n: int
) -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        joined, wave = customers(rng), rng.uniform(first, last, n)
        assert missing(wave, joined) is None


def known_dates(portfolio: Portfolio) -> set[int]:
    """Days of the dates with a label of fraud."""
    table = labels(portfolio, snapshots(portfolio), "fraud")
    known = table.filter(table["label"].is_valid())["as_of"].to_pylist()
    return {(to_datetime(at) - START).days for at in known}


def test_dates_before_fraud_was_recorded_are_unknown() -> None:
    portfolio = portfolio_of(LATE)
    records = fraud_records(portfolio)
    assert records is not None
    assert min(known_dates(portfolio)) >= 380
    day = to_datetime(records.since).date()
    assert records.text(portfolio.settings.zone).startswith(
        f"fraud before {day}: nobody has a sign of it from then, and at the rate since"
    )
    one_early = portfolio_of(LATE | {"c59": 60})
    assert fraud_records(one_early) is None
    assert min(known_dates(one_early)) < 130


def test_who_says_since_when_is_believed() -> None:
    """A wave: fraud was looked for from the first day, and there was none."""
    from_start = portfolio_of(LATE, recorded_from=on(0).date())
    assert min(known_dates(from_start)) < 130
    later = portfolio_of(LATE, recorded_from=on(500).date())
    assert min(known_dates(later)) >= 500
    records = fraud_records(later)
    assert records is not None
    assert records.is_stated


def test_a_beginning_lately_is_waited_for() -> None:
    lately = {f"c{n:02}": 560 + 5 * n for n in range(30)}
    assert fraud_records(portfolio_of(lately)) is None
    before = {f"c{n:02}": 545 + 6 * n for n in range(30)}
    assert fraud_records(portfolio_of(before)) is not None
