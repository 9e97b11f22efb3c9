"""What `forbear validate` costs, against the same checks written by hand in DuckDB SQL.

A portfolio of CSV files with a million invoice and payment rows. Ours: everything that
`validate` does before it prints. The yardstick: DuckDB reads the same files and checks
types, keys and closed lists, and finds the same number of bad rows. By
turns, as ratios of CPU time.

    python -m benchmarks.validation [--rows 1000000] [--rounds 3]
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from features.contract import TABLES
from features.portfolio import Portfolio

ROWS_PER_CUSTOMER = 50
METHODS = TABLES["payments"].column("method").choices
STATUSES = TABLES["payments"].column("status").choices
BAD_EVERY = 10_007  # rows between two that break a rule

# Cells typed or NULL, as `validate` leaves them in its database; a row is bad when a
# cell that must be there is not, has another type, or a word that is not in its list
READ = """
CREATE TABLE {table} AS SELECT *, {good} AS is_good
FROM (SELECT {cells} FROM read_csv('{file}', header = true, all_varchar = true));
"""
MOMENT = "TRY_CAST(event_at AS TIMESTAMPTZ) AS event_at"
# DuckDB 2.0 reads a bare TRY_CAST of a CSV's cell as the type of its column, and fails
MONEY = "TRY_CAST(nullif(amount, '') AS DECIMAL(18, 4)) AS amount"
CELLS = {
    "customers": f"customer_id, {MOMENT}",
    "invoices": f"""customer_id, {MOMENT}, invoice_id, {MONEY}, kind,
        TRY_CAST(due_at AS DATE) AS due_at""",
    "payments": f"""customer_id, {MOMENT}, payment_id, {MONEY}, status, method,
        invoice_id""",
}
HAS_ALL = "customer_id IS NOT NULL AND event_at IS NOT NULL"
GOOD = {
    "customers": HAS_ALL,
    "invoices": f"""{HAS_ALL} AND invoice_id IS NOT NULL AND due_at IS NOT NULL
        AND coalesce(amount >= 0, false)
        AND coalesce(kind IN ('invoice', 'credit_note', 'write_off'), true)""",
    "payments": f"""{HAS_ALL} AND payment_id IS NOT NULL
        AND coalesce(amount >= 0, false) AND coalesce(status IN {STATUSES}, false)
        AND coalesce(method IN {METHODS}, true)""",
}
# Two rows of one key; a payment of another customer's invoice
KEYS = (
    "SELECT customer_id, event_at FROM customers GROUP BY ALL HAVING count(*) > 1",
    "SELECT invoice_id, kind FROM invoices GROUP BY ALL HAVING count(*) > 1",
    "SELECT payment_id, status FROM payments GROUP BY ALL HAVING count(*) > 1",
    """FROM payments p JOIN invoices i USING (invoice_id) SELECT 1
        WHERE p.customer_id <> i.customer_id""",
)


def write_portfolio(folder: Path, n_rows: int) -> None:
    """As many invoices as payments, and one bad row in ten thousand."""
    random = np.random.default_rng(1)
    n = n_rows // 2
    customers = np.arange(n_rows // ROWS_PER_CUSTOMER)
    days = np.datetime64("2024-01-01") + random.integers(0, 700, n)
    seconds = random.integers(0, 86_400, n).astype("timedelta64[s]")
    moments = np.datetime_as_string(days.astype("datetime64[s]") + seconds)
    amounts = random.integers(1, 500_000, n) / 100
    whose = random.choice(customers, n)
    is_bad = np.arange(n) % BAD_EVERY == 0
    ids = np.arange(n).astype(str)
    customer_ids = np.char.add("c", whose.astype(str))
    _write(
        folder / "customers.csv",
        customer_id=np.char.add("c", customers.astype(str)),
        event_at=np.full(len(customers), "2023-12-01T00:00:00Z"),
    )
    _write(
        folder / "invoices.csv",
        invoice_id=np.char.add("i", ids),
        customer_id=customer_ids,
        event_at=np.char.add(moments, "Z"),
        due_at=np.datetime_as_string(days + 30),
        amount=amounts,
        kind=np.where(is_bad, "bill", "invoice"),
    )
    _write(
        folder / "payments.csv",
        payment_id=np.char.add("p", ids),
        customer_id=customer_ids,
        event_at=np.char.add(moments, "Z"),
        status=random.choice(STATUSES[:3], n),
        amount=np.where(is_bad, "ten", amounts.astype(str)),
        invoice_id=np.char.add("i", ids),
        method=random.choice(METHODS, n),
    )


def _write(file: Path, **columns: np.ndarray) -> None:
    options = pacsv.WriteOptions(quoting_style="needed")
    pacsv.write_csv(pa.table(columns), file, options)


def ours(folder: Path) -> int:
    """Bad rows."""
    return Portfolio.open(folder).report.n_rejected


def by_hand(folder: Path) -> int:
    """Bad rows."""
    n_bad = 0
    with duckdb.connect() as database:
        for table, cells in CELLS.items():
            file = folder / f"{table}.csv"
            database.execute(
                READ.format(table=table, cells=cells, good=GOOD[table], file=file)
            )
            count = f"SELECT count(*) FROM {table} WHERE NOT is_good"  # noqa: S608
            [[n]] = database.execute(count).fetchall()
            n_bad += n
        for keys in KEYS:
            assert database.execute(keys).fetchall() == []
    return n_bad


def cpu_s(work: Callable[[Path], int], folder: Path) -> float:
    start = time.process_time()
    work(folder)
    return time.process_time() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_portfolio(folder, options.rows)
        assert ours(folder) == by_hand(folder) > 0
        pairs = [
            (cpu_s(ours, folder), cpu_s(by_hand, folder)) for _ in range(options.rounds)
        ]
    ratios = [mine / theirs for mine, theirs in pairs]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"validate, {options.rows:,} invoice and payment rows of CSV: "
        f"{statistics.median(ratios):.2f} x the CPU of DuckDB SQL "
        f"({statistics.median(mine for mine, _ in pairs):.1f} s against "
        f"{statistics.median(theirs for _, theirs in pairs):.1f} s; rounds "
        f"{', '.join(f'{ratio:.2f}' for ratio in ratios)}; peak {peak_mb:,} MB)"
    )


if __name__ == "__main__":
    main()
