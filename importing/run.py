"""One import: read, map, reconcile, and only then add to the portfolio."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from importing.checks import must_not_lie_ahead
from importing.errors import (
    DiskFullError,
    MemoryLimitError,
    NothingToImportError,
    RateMissingError,
    SameFileNameError,
    UnreadableValueError,
)
from importing.given_way import bank_gives_way, tells_of_banks
from importing.joining import (
    add_new,
    latest_there,
    made_table,
    must_be_its_own,
    must_be_there,
)
from importing.left_out import drop_without_meaning
from importing.pairing import make_pairing
from importing.report import ImportReport
from importing.reporting import (
    compare_sums,
    find_unknown_values,
    make_report,
    must_agree,
    protecting,
)
from importing.settings import left_behind, settlement_days, stated, stated_rates
from importing.source import Source, StagedSource, ValueMap
from importing.underway import (
    PROCESS_MB,
    ImportRun,
    ImportSettings,
    escaped,
    quoted,
)
from importing.unread import MAKE_UNREAD
from importing.writing import write_lists, write_portfolio

THERE = ("holds", "invoices", "payments")  # what each source may see of the portfolio


def import_files(
    source: Source,
    files: Sequence[Path],
    portfolio: Path,
    options: ImportSettings,
) -> ImportReport:
    """Turn a source's files into a portfolio, or add them to one.

    Nothing is written before everything was read and the sums agree.

    Args:
        source: the system that the files come from.
        files: in any order; several imports join into one portfolio.
        portfolio: folder to write to.
        options: what the files do not say.

    Raises:
        ImportingError: a file that does not fit, money that does not agree, or a
            portfolio that nothing can be added to; nothing was written.
    """
    each_once = _each_once(files)
    with _working_folder(portfolio) as folder:
        # in memory: DuckDB packs the pages of a file, which costs a third of an import
        connection = duckdb.connect()
        try:
            tables_mb = options.memory_mb - PROCESS_MB
            connection.execute(f"SET memory_limit = '{tables_mb}MB'")
            connection.execute(f"SET temp_directory = '{escaped(folder)}'")
            connection.execute("SET TimeZone = 'UTC'")
            return _import(
                ImportRun(connection, source, portfolio, folder, options),
                each_once,
            )
        except duckdb.OutOfMemoryException as error:
            if "max_temp_directory_size" in str(error):
                raise DiskFullError(portfolio) from error
            raise MemoryLimitError(options.memory_mb) from error
        except duckdb.DataError as error:
            raise UnreadableValueError(str(error).splitlines()[0]) from error
        finally:
            connection.close()


def _each_once(files: Sequence[Path]) -> list[Path]:
    """The files, each once; a row is named by the name of its file."""
    for folder in (file for file in files if file.is_dir()):
        raise NothingToImportError(f"{folder} is a folder: name its files")
    missing = [file for file in files if not file.is_file()]
    if missing or not files:
        names = ", ".join(str(file) for file in missing) or "none was named"
        raise NothingToImportError(f"no such file: {names}")
    by_place = {file.resolve(): file for file in files}
    names_seen: set[str] = set()
    for file in by_place.values():
        if file.name in names_seen:
            raise SameFileNameError(file.name)
        names_seen.add(file.name)
    return list(by_place.values())


@contextmanager
def _working_folder(portfolio: Path) -> Iterator[Path]:
    """A folder to work in; an import that fails leaves no portfolio behind."""
    folders = [f for f in (portfolio, *portfolio.parents) if not f.exists()]
    portfolio.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=portfolio, prefix=".import-") as folder:
            yield Path(folder)
    finally:
        with suppress(OSError):  # there is something in it now
            for made in folders:
                made.rmdir()


def _import(run: ImportRun, files: Sequence[Path]) -> ImportReport:
    connection, source = run.connection, run.source
    make_pairing(connection)
    must_be_there(run.portfolio, source)
    for value_map in source.maps:
        connection.execute(_macro(value_map))
    zone = stated(run.portfolio, "timezone") or run.options.timezone
    connection.execute("CREATE TABLE setting AS SELECT ? AS timezone", [zone])
    debit_seconds = 86_400 * settlement_days(run.portfolio, "direct_debit")
    connection.execute(
        "CREATE MACRO settled(began, seen_at) AS "
        f"least(began + to_seconds({debit_seconds}), seen_at)"
    )
    connection.execute(MAKE_UNREAD)
    connection.execute("CREATE TABLE note (kind VARCHAR, n BIGINT, text VARCHAR)")
    staged = source.stage(connection, files, run.options.exported_at)
    must_not_lie_ahead(staged.exported_at, run.options.now)
    _make_rates(run, staged)
    for table in sorted({*THERE, *source.joins, *source.reads}):
        latest_there(connection, table, run.portfolio)
    connection.execute(source.query("views"))
    unknown = find_unknown_values(run)
    strange = protecting(source, unknown)
    counts = []
    for table in source.tables:
        made_table(connection, table, source.query(table))
        drop_without_meaning(connection, strange, table)
        must_be_its_own(connection, table, run.portfolio, source)
        count = add_new(connection, table, run.portfolio, staged.exported_at)
        if tells_of_banks(source, table):
            count = bank_gives_way(connection, count, staged.exported_at)
        counts.append(count)
    sums = compare_sums(run)
    must_agree(sums, unknown)
    report = make_report(run, files, staged, counts, sums, unknown)
    write_portfolio(run, report)
    latest = _latest(run)
    return replace(
        report,
        lists=write_lists(run, report),
        latest=latest,
        left_behind={} if latest is None else left_behind(run.portfolio, latest),
    )


def _latest(run: ImportRun) -> datetime | None:
    """When the last of the rows became known; some may have been there before."""
    tables = run.source.tables
    rows = " UNION ALL ".join(f"SELECT known_at FROM made_{t}" for t in tables)
    (seconds,) = run.connection.execute(
        f"SELECT epoch(max(known_at)) FROM ({rows})"
    ).fetchone()
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _make_rates(run: ImportRun, staged: StagedSource) -> None:
    """Table `rate` (currency, rate, is_main) of what was said here or before.

    Raises:
        RateMissingError: an amount in another currency that no table could hold.
    """
    main = run.options.currency or stated(run.portfolio, "currency")
    main = main or next(iter(staged.currencies), None)
    rates = stated_rates(run.portfolio) | dict(run.options.rates)
    if main is not None:
        rates[main] = 1.0
    for currency in staged.currencies:
        if currency not in rates:
            raise RateMissingError(currency, main)
    run.connection.execute(
        "CREATE TABLE rate (currency VARCHAR, rate DOUBLE, is_main BOOLEAN)"
    )
    for currency, rate in rates.items():
        run.connection.execute(
            "INSERT INTO rate VALUES (?, ?, ?)", [currency, rate, currency == main]
        )


def _macro(value_map: ValueMap) -> str:
    """The map as SQL: what a word means, else the word itself."""
    cases = " ".join(
        f"WHEN {quoted(value)} THEN {quoted(meaning)}"
        for value, meaning in value_map.meanings.items()
    )
    return f"CREATE MACRO {value_map.name}(value) AS CASE value {cases} ELSE value END"
