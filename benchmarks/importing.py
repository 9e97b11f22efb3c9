"""What `forbear import` costs, against DuckDB that reads the same files.

A book of each source (`benchmarks/books`), made of the objects and columns that its
maker publishes. Ours: everything that the command does. The yardstick: DuckDB reads
each file and writes it as Parquet, nothing mapped, joined or checked; a bank's file,
which DuckDB does not read, is read by the library first. By turns, as ratios of CPU
time, each with DuckDB's own number of threads; memory is the peak of one process each,
at half of the rows and at all of them.

    python -m benchmarks.importing [--source stripe] [--rows 1000000] [--rounds 1]
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.books import Book, objects, statements, tables

MB = 1024  # of kB, as the kernel counts

BOOKS: dict[str, Callable[[Path, int], Book]] = {
    "stripe": objects.stripe,
    "killbill": tables.killbill,
    "bank-camt": statements.camt,
    "bank-mt940": statements.mt940,
    "bank-bai2": statements.bai2,
    "bank-nacha": statements.nacha,
    "partner-center": tables.partner_center,
    "lago": objects.lago,
    "chargebee": objects.chargebee,
    "whmcs": tables.whmcs,
    "odoo": tables.odoo,
    "erpnext": objects.erpnext,
}


def ours(source: str, book: Book, out: Path) -> None:
    """Import the book's files, as the command does."""
    from importing import SOURCES, ImportSettings, import_files

    portfolio = out / "portfolio"
    if book.portfolio:
        shutil.copytree(book.portfolio, portfolio)
    name = "bank" if source.startswith("bank-") else source
    report = import_files(SOURCES[name], book.files, portfolio, ImportSettings())
    if report.bad_rows or report.unknown_values:
        sys.exit(f"the book is wrong: {[*report.bad_rows, *report.unknown_values][:3]}")


def yardstick(_: str, book: Book, out: Path) -> None:
    """Read the same files with nothing mapped."""
    book.yardstick(out)


def measured(
    work: Callable[[str, Book, Path], None], source: str, book: Book
) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        child = os.fork()
        if child == 0:
            work(source, book, Path(out))
            os._exit(0)
        _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{source} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / MB


def compare(source: str, rows: int, rounds: int) -> None:
    """Measure a source by turns with its yardstick, and print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        book = BOOKS[source](Path(folder), rows)
        size = sum(file.stat().st_size for file in book.files) / 1e6
        print(f"{source}: {rows:,} rows, {size:,.0f} MB")
        runs = [
            (*measured(ours, source, book), *measured(yardstick, source, book))
            for _ in range(rounds)
        ]
    ratios = [cpu / yardstick_cpu for cpu, _, yardstick_cpu, _ in runs]
    ours_mb, yardstick_mb = (max(run[n] for run in runs) for n in (1, 3))
    ours_s = min(run[0] for run in runs)
    middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
    spread = f"({least:.2f} to {most:.2f})"
    print(f"  CPU: {middle:.2f} × the yardstick {spread}, {ours_s:.1f} s")
    print(f"  peak memory: {ours_mb:,.0f} MB, yardstick {yardstick_mb:,.0f} MB")


def main() -> None:
    """Measure the sources that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=[*BOOKS, "all"], default="stripe")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of all kinds")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for source in BOOKS if arguments.source == "all" else [arguments.source]:
        compare(source, arguments.rows // 2, arguments.rounds)
        compare(source, arguments.rows, arguments.rounds)


if __name__ == "__main__":
    main()
