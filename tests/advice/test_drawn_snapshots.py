"""What drawn customers say is the same, whoever goes through their accounts."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from advice.drawn_snapshots import DrawnSnapshots
from advice.young_dates import early_warning
from features.account import PassingFacts, fact_numbers
from features.grid import grid_dates
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import TARGETS
from scoring.bundle import Bundle

YAML = """
name: nobody_between
currency: EUR
timezone: UTC
observed_until: 2026-06-25T00:00:00Z
labels:
  fraud: {horizon_days: 90, maturity_days: 120}
"""
BundleFor = Callable[..., Bundle]


def test_what_is_found_once_for_all_is_what_each_alone_finds(
    portfolio: Portfolio, bundle_for: BundleFor
) -> None:
    models: dict[str, Bundle] = {
        target: bundle_for(target, portfolio.settings) for target in TARGETS
    }
    drawn = DrawnSnapshots(portfolio, models=models)
    for bundle in models.values():
        assert early_warning(portfolio, bundle, drawn) == early_warning(
            portfolio, bundle
        )
    assert early_warning(portfolio, models["nonpayment"], drawn)


def test_nobody_looks_at_dates_that_are_not_compared(
    portfolio: Portfolio, bundle_for: BundleFor
) -> None:
    bundle = bundle_for("nonpayment", portfolio.settings)
    drawn = DrawnSnapshots(portfolio, models={"nonpayment": bundle})
    some = set(drawn.labels("nonpayment")["as_of"].to_pylist())
    every = set(DrawnSnapshots(portfolio).labels("nonpayment")["as_of"].to_pylist())
    assert some < every


def test_a_target_that_was_not_announced_is_seen_at_all_dates(
    portfolio: Portfolio, bundle_for: BundleFor
) -> None:
    paying = bundle_for("nonpayment", portfolio.settings)
    drawn = DrawnSnapshots(portfolio, models={"nonpayment": paying})
    drawn.labels("nonpayment")
    assert early_warning(portfolio, None, drawn) == early_warning(portfolio, None)


def test_numbers_seen_in_passing_are_those_read_apart(portfolio: Portfolio) -> None:
    dates = grid_dates(portfolio)[-4::3]
    facts = PassingFacts(dates)
    pairs = snapshots(portfolio, portfolio.customer_ids[::5], facts=facts)
    wanted = pairs.filter([at in dates for at in pairs["as_of"].to_pylist()])
    seen = facts.of(wanted)
    assert seen is not None
    assert len(seen) > len(dates)
    np.testing.assert_array_equal(seen, fact_numbers(portfolio, wanted))
    assert facts.of(pairs) is None  # of the other dates nothing was noted


def test_where_nobody_is_there_at_a_young_date_the_next_one_is_seen(
    tmp_path: Path,
) -> None:
    """All of the first turn out bad, and the others come months later."""
    first, later = [f"c{i}" for i in range(9)], [f"d{i}" for i in range(9)]
    began = datetime(2024, 12, 1, tzinfo=UTC)
    joined = datetime(2026, 2, 10, tzinfo=UTC)
    (tmp_path / "portfolio.yaml").write_text(YAML)
    _write(tmp_path / "customers.parquet", [*first, *later], [began] * 9 + [joined] * 9)
    _write(tmp_path / "access.parquet", first, [began] * 9, kind="sign_in")
    found = [datetime(2025, 6 + i % 6, 20, tzinfo=UTC) for i in range(9)]
    bad = [*first, "d0"], [*found, datetime(2026, 4, 1, tzinfo=UTC)]
    _write(tmp_path / "outcomes.parquet", *bad, kind="fraud", source="analyst")
    portfolio = Portfolio.open_usable(tmp_path)
    drawn = DrawnSnapshots(portfolio, models={"fraud": None})
    [seen, *_] = early_warning(portfolio, None, drawn)
    assert datetime.fromtimestamp(seen.as_of / 1e6, UTC).month == 3
    assert early_warning(portfolio, None, drawn) == early_warning(portfolio, None)


def _write(
    file: Path, ids: Collection[str], moments: Sequence[datetime], **words: str
) -> None:
    rows = pl.DataFrame({"customer_id": ids, "event_at": moments})
    rows.with_columns(**{k: pl.lit(v) for k, v in words.items()}).write_parquet(file)
