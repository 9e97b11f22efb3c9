"""What `forbear import` costs, against DuckDB that reads the same files.

A book of Stripe objects as newline-delimited JSON: invoices, charges, refunds and
disputes, made of the fixtures that Stripe publishes; or, of Partner Center, daily rated
usage as CSV in the columns that Microsoft documents. Ours: everything that the command
does. The yardstick: DuckDB reads each file and writes it as Parquet, nothing mapped,
joined or checked. By turns, as ratios of CPU time; memory is the peak of one process
each, at a tenth of the rows and at all of them.

    python -m benchmarks.importing [--source stripe] [--rows 1000000] [--rounds 1]
"""

import argparse
import copy
import csv
import json
import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "tests/importing/data/stripe_fixtures.json"
CHARGES_PER_CUSTOMER = 20
REFUND_EVERY, DISPUTE_EVERY = 50, 200  # charges
ROWS_PER_CHARGE = 2 + 1 / CHARGES_PER_CUSTOMER + 1 / REFUND_EVERY + 1 / DISPUTE_EVERY
START, STEP = 1_735_689_600, 60  # seconds
MB = 1024  # of kB, as the kernel counts

YARDSTICK = "COPY (FROM '{file}') TO '{out}' (FORMAT parquet)"


def write_usage(folder: Path, rows: int) -> list[Path]:
    """A file of daily rated usage: 2,000 customers, a month, no line like another."""
    from tests.importing.partner_center.objects import USAGE_COLUMNS, usage_line

    file = folder / "usage.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, USAGE_COLUMNS)
        writer.writeheader()
        for i in range(rows):
            line = usage_line(f"2026-06-{1 + i % 30:02}", f"{i / 7_000_000:.15f}")
            line |= {"CustomerId": f"tenant-{i % 2000}", "MeterId": f"meter-{i}"}
            writer.writerow(line | {"EntitlementId": f"azure-{i % 4000}"})
    return [file]


def write_stripe(folder: Path, rows: int) -> list[Path]:
    """Files of customers, invoices, charges, refunds and disputes."""
    n_charges = round(rows / ROWS_PER_CHARGE)
    fixtures = json.loads(FIXTURES.read_text("utf-8"))
    files = {
        kind: (folder / f"{kind}.ndjson").open("w", encoding="utf-8")
        for kind in ("customer", "invoice", "charge", "refund", "dispute")
    }

    def put(kind: str, **values: object) -> None:
        made = copy.copy(fixtures[kind]) | values
        files[kind].write(json.dumps(made) + "\n")

    for i in range(n_charges):
        customer, created = f"cus_{i // CHARGES_PER_CUSTOMER}", START + STEP * i
        if i % CHARGES_PER_CUSTOMER == 0:
            put("customer", id=customer, created=created)
        moments = fixtures["invoice"]["status_transitions"] | {"finalized_at": created}
        bill = {"total": 1000 + i, "status": "open", "status_transitions": moments}
        put("invoice", id=f"in_{i}", customer=customer, created=created, **bill)
        refunded = 100 if i % REFUND_EVERY == 0 else 0
        paid = {"amount": 1000 + i, "amount_captured": 1000 + i, "captured": True}
        ties = {"invoice": f"in_{i}", "payment_intent": f"pi_{i}", "customer": customer}
        values = paid | ties | {"amount_refunded": refunded}
        put("charge", id=f"ch_{i}", created=created + 600, **values)
        if refunded:
            put("refund", id=f"re_{i}", charge=f"ch_{i}", created=created + 900)
        if i % DISPUTE_EVERY == 0:
            put("dispute", id=f"dp_{i}", charge=f"ch_{i}", created=created + 9000)
    for file in files.values():
        file.close()
    return [folder / f"{kind}.ndjson" for kind in files]


BOOKS = {"stripe": write_stripe, "partner-center": write_usage}


def ours(source: str, files: list[Path], out: Path) -> None:
    from importing import SOURCES, ImportSettings, import_files

    import_files(SOURCES[source], files, out / "portfolio", ImportSettings())


def yardstick(_: str, files: list[Path], out: Path) -> None:
    import duckdb

    connection = duckdb.connect()
    for file in files:
        target = out / f"{file.stem}.parquet"
        connection.execute(YARDSTICK.format(file=file, out=target))


def measured(what: str, source: str, files: list[Path]) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        child = os.fork()
        if child == 0:
            {"ours": ours, "yardstick": yardstick}[what](source, files, Path(out))
            os._exit(0)
        _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{what} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / MB


def compare(source: str, rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = BOOKS[source](Path(folder), rows)
        size = sum(file.stat().st_size for file in files) / 1e6
        print(f"{rows:,} rows, {size:,.0f} MB")
        ratios, ours_mb, yardstick_mb = [], 0.0, 0.0
        for _ in range(rounds):
            cpu, peak = measured("ours", source, files)
            yardstick_cpu, yardstick_peak = measured("yardstick", source, files)
            ratios.append(cpu / yardstick_cpu)
            ours_mb = max(ours_mb, peak)
            yardstick_mb = max(yardstick_mb, yardstick_peak)
        middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
        print(f"  CPU: {middle:.2f} × the yardstick ({least:.2f} to {most:.2f})")
        print(f"  peak memory: {ours_mb:,.0f} MB, yardstick {yardstick_mb:,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=BOOKS, default="stripe")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of all kinds")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    compare(arguments.source, arguments.rows // 10, arguments.rounds)
    compare(arguments.source, arguments.rows, arguments.rounds)


if __name__ == "__main__":
    main()
