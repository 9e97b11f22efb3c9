"""How fast features are, as ratios: ours and the yardstick by turns in one process.

Batch: 30 features of 12 monthly snapshots per customer, ours against the same 30
written by hand in DuckDB SQL on the same tables; the numbers must agree. Online: all
features of one customer with about 300 events, in microseconds, and against running
the batch expression for that one customer.

    python -m benchmarks.features [--customers 50000] [--rounds 3]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features.batch import feature_table
from features.catalogue import feature_set
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from simulation import simulate

MONTHS = 24
N_SNAPSHOTS = 12
DAY_US = 86_400_000_000
N_EVENTS = 300
THIRTY = (
    *(f"payments_failed_{days}d" for days in (1, 7, 30, 90)),
    *(f"payments_succeeded_{days}d" for days in (30, 365)),
    *(f"payments_amount_{days}d" for days in (90, 365)),
    "payments_returned_365d",
    "payment_amount_max_365d",
    "payment_amount_mean_365d",
    "payments_failed_share_90d",
    "payments_succeeded_age_days",
    "payment_instruments_distinct_30d",
    *(f"invoices_amount_{days}d" for days in (30, 90, 365)),
    "invoice_amount_max_365d",
    *(f"usage_cost_{days}d" for days in (7, 28)),
    "usage_cost_ratio_7d",
    "usage_cost_trend_28d",
    "usage_age_days",
    *(f"access_sign_ins_{days}d" for days in (1, 7, 30)),
    "access_devices_distinct_30d",
    "access_password_resets_30d",
    "access_sign_in_age_days",
    "customer_age_days",
)
# The window of a row whose age is `a` days, and what each table is asked for
BY_HAND = {
    "payments": """
        count(*) FILTER (status = 'failed' AND a < 1) AS payments_failed_1d,
        count(*) FILTER (status = 'failed' AND a < 7) AS payments_failed_7d,
        count(*) FILTER (status = 'failed' AND a < 30) AS payments_failed_30d,
        count(*) FILTER (status = 'failed' AND a < 90) AS payments_failed_90d,
        count(*) FILTER (status = 'succeeded' AND a < 30) AS payments_succeeded_30d,
        count(*) FILTER (status = 'succeeded') AS payments_succeeded_365d,
        coalesce(sum(amount) FILTER (status = 'succeeded' AND a < 90), 0) / 1e4
            AS payments_amount_90d,
        coalesce(sum(amount) FILTER (status = 'succeeded'), 0) / 1e4
            AS payments_amount_365d,
        count(*) FILTER (status = 'returned') AS payments_returned_365d,
        max(amount) FILTER (status = 'succeeded') / 1e4 AS payment_amount_max_365d,
        avg(amount) FILTER (status = 'succeeded') / 1e4 AS payment_amount_mean_365d,
        count(*) FILTER (status = 'failed' AND a < 90) / nullif(count(*)
            FILTER (status IN ('failed', 'succeeded') AND a < 90), 0)
            AS payments_failed_share_90d,
        min(a) FILTER (status = 'succeeded') AS payments_succeeded_age_days,
        count(DISTINCT instrument_id) FILTER (a < 30)
            AS payment_instruments_distinct_30d""",
    "invoices": """
        coalesce(sum(amount) FILTER (is_bill AND a < 30), 0) / 1e4
            AS invoices_amount_30d,
        coalesce(sum(amount) FILTER (is_bill AND a < 90), 0) / 1e4
            AS invoices_amount_90d,
        coalesce(sum(amount) FILTER (is_bill), 0) / 1e4 AS invoices_amount_365d,
        max(amount) FILTER (is_bill) / 1e4 AS invoice_amount_max_365d""",
    "usage": """
        coalesce(sum(cost) FILTER (a < 7), 0) / 1e4 AS usage_cost_7d,
        coalesce(sum(cost) FILTER (a < 28), 0) / 1e4 AS usage_cost_28d,
        usage_cost_7d / nullif(
            coalesce(sum(cost) FILTER (a >= 7 AND a < 35), 0) / 1e4, 0) * 4
            AS usage_cost_ratio_7d,
        coalesce(sum(cost) FILTER (a >= 28 AND a < 56), 0) / 1e4 AS before_28d,
        coalesce((usage_cost_28d - before_28d)
            / nullif(usage_cost_28d + before_28d, 0), 0) AS usage_cost_trend_28d,
        min(a) AS usage_age_days""",
    "access": """
        count(*) FILTER (kind = 'sign_in' AND a < 1) AS access_sign_ins_1d,
        count(*) FILTER (kind = 'sign_in' AND a < 7) AS access_sign_ins_7d,
        count(*) FILTER (kind = 'sign_in' AND a < 30) AS access_sign_ins_30d,
        count(DISTINCT device_id) FILTER (a < 30) AS access_devices_distinct_30d,
        count(*) FILTER (kind = 'password_reset' AND a < 30)
            AS access_password_resets_30d,
        min(a) FILTER (kind = 'sign_in') AS access_sign_in_age_days""",
    "customers": """
        (as_of - max_by(created_at, event_at)) / 86400e6 AS customer_age_days""",
}
LONGEST_DAYS = {"payments": 365, "invoices": 365, "usage": 91, "access": 90}
EXTRA = {
    "invoices": ", kind NOT IN ('credit_note', 'write_off') AND amount > 0 AS is_bill"
}


def by_hand_sql() -> str:
    """One pass over each table with filtered aggregates, joined on the snapshot."""
    steps = []
    for table, columns in BY_HAND.items():
        days = LONGEST_DAYS.get(table)
        young = f"AND r.event_at > s.as_of - {days * DAY_US}" if days else ""
        # every part is a constant above
        steps.append(f"""{table}_features AS (
            SELECT row, {columns} FROM (
                SELECT s.row, s.as_of, r.*, (s.as_of - r.event_at) / 86400e6 AS a
                    {EXTRA.get(table, "")}
                FROM snaps s JOIN {table} r ON r.customer_id = s.customer_id
                    AND r.known_at <= s.as_of AND r.superseded_at > s.as_of {young})
            GROUP BY row, as_of)""")  # noqa: S608
    joins = " ".join(f"LEFT JOIN {table}_features USING (row)" for table in BY_HAND)
    zero = (
        *("payments_failed", "payments_succeeded_3", "payments_amount", "distinct"),
        *("returned", "invoices_amount", "usage_cost_7d", "usage_cost_28d"),
        *("sign_ins", "resets", "usage_cost_trend"),
    )
    picked = ", ".join(
        f"coalesce({name}, 0) AS {name}"
        if any(part in name for part in zero) and "share" not in name
        else name
        for name in THIRTY
    )
    with_steps = ", ".join(steps)
    return f"WITH {with_steps} SELECT row, {picked} FROM snaps {joins} ORDER BY row"  # noqa: S608


def monthly_snapshots(portfolio: Portfolio) -> pa.Table:
    ends = [portfolio.observed_until - 30 * DAY_US * m for m in range(N_SNAPSHOTS)]
    ids = list(portfolio.customer_ids)
    return pa.table(
        {"customer_id": ids * N_SNAPSHOTS, "as_of": np.repeat(ends, len(ids))}
    )


def in_turns(
    first: Callable[[], Any], second: Callable[[], Any], rounds: int
) -> tuple[list[float], list[float]]:
    """CPU seconds of each, by turns, so that other jobs on the machine hit both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for spent, work in zip(seconds, (first, second), strict=True):
            start = time.process_time()
            work()
            spent.append(time.process_time() - start)
    return seconds


def batch_ratio(portfolio: Portfolio, rounds: int) -> None:
    snapshots = monthly_snapshots(portfolio)
    chosen = feature_set(portfolio.settings).subset(THIRTY)
    duckdb = portfolio.connection.con
    numbered = snapshots.append_column("row", pa.array(np.arange(len(snapshots))))
    duckdb.register("snaps_arrow", numbered)
    duckdb.execute("CREATE TEMP TABLE snaps AS FROM snaps_arrow")
    sql = by_hand_sql()

    def ours() -> pa.Table:
        return feature_table(portfolio, snapshots, chosen)

    def by_hand() -> pa.Table:
        return duckdb.sql(sql).to_arrow_table()

    assert_equal(ours(), by_hand(), chosen.names)
    seconds, yardstick = in_turns(ours, by_hand, rounds)
    ratios = [a / b for a, b in zip(seconds, yardstick, strict=True)]
    print(
        f"batch, 30 features x {len(snapshots):,} snapshots of "
        f"{len(portfolio.customer_ids):,} customers: {statistics.median(ratios):.2f} x "
        f"hand-written DuckDB SQL  ({statistics.median(seconds):.1f} s against "
        f"{statistics.median(yardstick):.1f} s of CPU; rounds "
        + ", ".join(f"{ratio:.2f}" for ratio in ratios)
        + ")"
    )


def assert_equal(ours: pa.Table, by_hand: pa.Table, names: Sequence[str]) -> None:
    """A yardstick that computes something else measures nothing."""
    for name in names:
        actual, expected = (
            t[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
            for t in (ours, by_hand)
        )
        same = np.isclose(actual, expected, rtol=1e-9, equal_nan=True)
        assert same.all(), (name, actual[~same][:3], expected[~same][:3])


def online_times(portfolio: Portfolio) -> None:
    features = feature_set(portfolio.settings)
    table = feature_table(
        portfolio,
        monthly_snapshots(portfolio).slice(0, 1000),
        features,
    )
    features = features.with_vocabularies(table)
    compiled = OnlineCompiler(features, portfolio.settings)
    as_of = portfolio.observed_until
    sizes = {
        events.customer_id: sum(len(c["known_at"]) for c in events.tables.values())
        for events in portfolio.iter_events()
    }
    nearest = sorted(sizes, key=lambda c: (abs(sizes[c] - N_EVENTS), c))[:50]
    customers = [portfolio.events(c) for c in nearest]
    for events in customers:
        compiled(events, as_of)
    spent = []
    for events in customers * 20:
        begun_ns = time.perf_counter_ns()
        compiled(events, as_of)
        spent.append((time.perf_counter_ns() - begun_ns) / 1e3)
    one = pa.table({"customer_id": [nearest[0]], "as_of": [as_of]})
    start = time.perf_counter()
    for _ in range(3):
        feature_table(portfolio, one, features)
    batch_us = (time.perf_counter() - start) / 3 * 1e6
    median = statistics.median(spent)
    print(
        f"online, {len(features.names)} features with account facts, customers of "
        f"{sizes[nearest[-1]]} to {sizes[nearest[0]]} events: median {median:.0f} µs, "
        f"fastest {min(spent):.0f} µs; the batch expression for one customer takes "
        f"{batch_us / median:,.0f} times as long"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--customers", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--portfolio", type=Path, help="a folder; else simulated")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.portfolio or Path(scratch) / "portfolio"
        if options.portfolio is None:
            simulate("calm", options.customers, MONTHS, 1, folder, usage_every="week")
        portfolio = Portfolio.open(folder)
        portfolio.connection.raw_sql("SET threads = 2")
        online_times(portfolio)
        batch_ratio(portfolio, options.rounds)


if __name__ == "__main__":
    main()
