"""Every count of customers comes from the same portfolio, and adds up."""

from pathlib import Path

import pytest

from features.head_count import head_count
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots, population_and_count

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.mark.parametrize("sample", ["lumen", "taiwan"])
def test_the_scored_are_counted_alike_with_and_without_looking_at_accounts(
    sample: str,
) -> None:
    portfolio = Portfolio.open(SAMPLES / sample)
    pairs, count = population_and_count(portfolio)
    until, scored = portfolio.observed_until, count.scored
    n_scored = latest_snapshots(portfolio, until).num_rows
    assert head_count(portfolio, until, n_scored) == scored
    assert scored.n_scored == n_scored
    assert scored.n_customers == len(portfolio.customer_ids)
    assert count.n_population == len(set(pairs["customer_id"].to_pylist()))
    assert 0 <= count.n_late + count.n_frauds <= n_scored - count.n_population
