"""What `forbear import` costs, against DuckDB that reads the same files.

A book of each source (`benchmarks/books`), made of the objects and columns that its
maker publishes. Ours: everything that the command does. The yardstick: DuckDB reads
each file and writes it as Parquet, nothing mapped, joined or checked; a bank's file,
which DuckDB does not read, is read by the library first. By turns, as ratios of CPU
time, each with DuckDB's own number of threads; memory is the peak of one process each.
What both cost of 300 rows costs every import and is taken off for the second ratio; of
a bank's file it is also said what the library alone takes, nothing written.

    python -m benchmarks.importing [--source stripe] [--rows 1000000] [--rounds 1]

With `--memory 500` only the peak of an import that may use so many megabytes: at a
quarter, half and all of the rows.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.books import Book, objects, statements, tables

MB = 1024  # of kB, as the kernel counts
FEW = 300  # rows, which cost nothing beside what any import costs

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


def ours(source: str, book: Book, out: Path, memory_mb: int = 500) -> None:
    """Import the book's files, as the command does."""
    from importing import SOURCES, ImportSettings, import_files

    portfolio = out / "portfolio"
    if book.portfolio:
        shutil.copytree(book.portfolio, portfolio)
    name = "bank" if source.startswith("bank-") else source
    settings = ImportSettings(memory_mb=memory_mb)
    report = import_files(SOURCES[name], book.files, portfolio, settings)
    if report.bad_rows or report.unknown_values:
        sys.exit(f"the book is wrong: {[*report.bad_rows, *report.unknown_values][:3]}")


def yardstick(_: str, book: Book, out: Path) -> None:
    """Read the same files with nothing mapped."""
    book.yardstick(out)


def library(_: str, book: Book, __: Path) -> None:
    """Read a bank's file with the library alone."""
    for _row in book.entries() if book.entries else ():
        pass


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


@contextmanager
def written(source: str, rows: int) -> Iterator[Book]:
    """A book of so many rows, as files."""
    with tempfile.TemporaryDirectory() as folder:
        book = BOOKS[source](Path(folder), rows)
        size = sum(file.stat().st_size for file in book.files) / 1e6
        print(f"{source}: {rows:,} rows, {size:,.0f} MB", flush=True)
        yield book


def compare(source: str, rows: int, rounds: int) -> None:
    """Measure a source by turns with its yardstick, and print the ratios."""
    with written(source, FEW) as book:
        few, yardstick_few = (
            measured(work, source, book)[0] for work in (ours, yardstick)
        )
    print(f"  any import: {few:.2f} s, yardstick {yardstick_few:.2f} s")
    with written(source, rows) as book:
        runs = [
            (*measured(ours, source, book), *measured(yardstick, source, book))
            for _ in range(rounds)
        ]
        alone = [
            measured(library, source, book)[0] for _ in range(rounds) if book.entries
        ]
    middle, least, most = spread([run[0] / run[2] for run in runs])
    beyond, *_ = spread([(run[0] - few) / (run[2] - yardstick_few) for run in runs])
    ours_mb, yardstick_mb = (max(run[n] for run in runs) for n in (1, 3))
    ours_s, yardstick_s = (min(run[n] for run in runs) for n in (0, 2))
    between = f"({least:.2f} to {most:.2f})"
    print(f"  CPU: {middle:.2f} × the yardstick {between}, {ours_s:.2f} s")
    print(f"  beyond what any import costs: {beyond:.2f} ×")
    if alone:
        print(
            f"  of the yardstick's {yardstick_s:.2f} s the library {min(alone):.2f} s: "
            f"alone it is {min(alone) / yardstick_s:.2f} × the yardstick"
        )
    print(f"  peak memory: {ours_mb:,.0f} MB, yardstick {yardstick_mb:,.0f} MB")


def spread(ratios: Sequence[float]) -> tuple[float, float, float]:
    """The middle one, the least and the most."""
    return statistics.median(ratios), min(ratios), max(ratios)


def peaks(source: str, rows: int, memory_mb: int) -> None:
    """Print the peak memory of an import at a quarter, at half and at all rows."""
    within = partial(ours, memory_mb=memory_mb)
    for part in (4, 2, 1):
        with written(source, rows // part) as book:
            cpu_s, peak_mb = measured(within, source, book)
        print(f"  peak memory: {peak_mb:,.0f} MB ({cpu_s:.0f} s)", flush=True)


def main() -> None:
    """Measure the sources that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=[*BOOKS, "all"], default="stripe")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of all kinds")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--memory", type=int, help="only peaks, of so many megabytes")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for source in BOOKS if arguments.source == "all" else [arguments.source]:
        if arguments.memory:
            peaks(source, arguments.rows, arguments.memory)
        else:
            compare(source, arguments.rows, arguments.rounds)


if __name__ == "__main__":
    main()
