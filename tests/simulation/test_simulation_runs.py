"""Same arguments, same tables; other policies, other tables only where they act."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulation import (
    WORLDS,
    Branching,
    Seen,
    SimulationSummary,
    World,
    WorldError,
    simulate,
)
from simulation.streams import Ints
from simulation.tables import SCHEMAS
from simulation.timeline import always, timeline
from simulation.worlds import NONE

# sha256 over the sorted content of 60 customers x 18 months, seed 1, weekly usage;
# computed by this test: change them only together with the world they describe
GOLDEN = {
    "calm": "213fb1b29ad3e0de",
    "recession": "64a6158cb381a62e",
    "fraud-wave": "14ec1c6d908ebdb7",
    "thin": "d0c1b3a33aa0010c",
}


def content(run: SimulationSummary, leave_out: tuple[str, ...] = ()) -> dict[str, str]:
    """Hash every table by content, whatever the order of rows or the file layout."""
    hashes = {}
    for table in SCHEMAS:
        if table not in leave_out:
            rows = pq.read_table(run.portfolio / f"{table}.parquet").to_pylist()
            lines = "\n".join(sorted(repr(row) for row in rows))
            hashes[table] = hashlib.sha256(lines.encode()).hexdigest()
    return hashes


def small(
    out: Path, world: World | str = "calm", **options: object
) -> SimulationSummary:
    return simulate(world, 120, 5, 1, out, usage_every="week", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("world", WORLDS)
def test_worlds_are_frozen(tmp_path: Path, world: str) -> None:
    run = simulate(world, 60, 18, 1, tmp_path / "a", usage_every="week")
    hashes = content(run)
    whole = hashlib.sha256("".join(hashes.values()).encode()).hexdigest()
    assert whole[:16] == GOLDEN[world]


def test_policies_that_never_act_differently_give_identical_events(
    tmp_path: Path,
) -> None:
    def written_otherwise(seen: Seen) -> Ints:
        days = seen.days_overdue_at_end
        return (days >= 3).astype(np.int64) + 2 * (days >= 14) + (days >= 30)

    one = small(tmp_path / "one", policy=timeline)
    other = small(tmp_path / "other", policy=written_otherwise)
    assert content(one) == content(other)


def test_a_policy_changes_only_those_it_treats_differently(tmp_path: Path) -> None:
    def lenient_to_the_first_half(seen: Seen) -> Ints:
        first = np.arange(len(seen.days_overdue)) < 60
        return np.where(first, always(NONE)(seen), timeline(seen))

    one = small(tmp_path / "one")
    other = small(tmp_path / "other", policy=lenient_to_the_first_half)
    changed = set()
    for table in SCHEMAS:
        a, b = (
            {
                repr(row)
                for row in pq.read_table(r.portfolio / f"{table}.parquet").to_pylist()
            }
            for r in (one, other)
        )
        changed |= {row.split("'customer_id': '")[1][:9] for row in a ^ b}
    assert changed
    assert max(changed) < "c-0000060"


def test_weekly_usage_changes_no_other_table(tmp_path: Path) -> None:
    daily = simulate("calm", 120, 5, 1, tmp_path / "daily")
    weekly = small(tmp_path / "weekly")
    assert content(daily, ("usage",)) == content(weekly, ("usage",))
    whole_months = pc.field("event_at") < pa.scalar(
        datetime(2024, 10, 31, 23, tzinfo=UTC)
    )
    costs = [
        float(
            pc.sum(
                pq.read_table(r.portfolio / "usage.parquet", filters=whole_months)[
                    "cost"
                ]
            ).as_py()
        )
        for r in (daily, weekly)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=0.02)  # corrections fall elsewhere


def test_another_seed_is_another_portfolio(tmp_path: Path) -> None:
    one, other = small(tmp_path / "a"), simulate("calm", 120, 5, 2, tmp_path / "b")
    assert content(one)["payments"] != content(other)["payments"]


def test_progress_counts_months(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    small(tmp_path / "a", progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("world", "customers", "months", "seed", "says"),
    [
        ("sunny", 10, 3, 1, "choose one of calm"),
        ("calm", 0, 3, 1, "customers must be"),
        ("calm", 10, 0, 1, "months must be"),
        ("calm", 10, 3, -1, "seed must not"),
    ],
)
def test_what_cannot_be_simulated_says_why(
    tmp_path: Path, world: str, customers: int, months: int, seed: int, says: str
) -> None:
    with pytest.raises(WorldError, match=says):
        simulate(world, customers, months, seed, tmp_path / "x")


def test_a_world_needs_shares() -> None:
    with pytest.raises(WorldError, match="every share"):
        World(name="odd", share_at_start=1.5)


def test_branching_writes_the_truth_of_a_sample(tmp_path: Path) -> None:
    branching = Branching(month=3, customers=10, branches=5)
    run = small(tmp_path / "a", branching=branching)
    truth = pq.read_table(run.oracle / "truth.parquet")
    assert truth.num_rows == 10 * 7  # the running policy and six actions
    assert pc.count_distinct(truth["customer_id"]).as_py() == 10
    assert set(pc.unique(truth["as_of"]).to_pylist()) == {
        datetime(2024, 9, 30, 22, tzinfo=UTC)
    }
    shares = pc.multiply(truth["p_nonpayment"], 5)
    assert pc.all(pc.equal(shares, pc.round(shares))).as_py()


def test_branching_changes_no_table(tmp_path: Path) -> None:
    branching = Branching(month=3, customers=10, branches=5)
    with_truth = small(tmp_path / "a", branching=branching)
    assert content(with_truth) == content(small(tmp_path / "b"))


def test_branching_needs_a_month_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="branching month"):
        small(tmp_path / "a", branching=Branching(month=5))
