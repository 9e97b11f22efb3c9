"""One import: read, map, reconcile, and only then add to the portfolio."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from filecmp import cmp
from pathlib import Path
from typing import Any

import duckdb

from importing.checks import must_not_lie_ahead, odd_rows
from importing.errors import (
    ImportingError,
    MemoryLimitError,
    NothingToImportError,
    RateMissingError,
    SameFileNameError,
    SumsDifferError,
    UnreadableValueError,
)
from importing.given_way import bank_gives_way, given_way, tells_of_banks
from importing.joining import (
    add_new,
    form_of_parts,
    is_of_others,
    latest_there,
    made_table,
    must_be_its_own,
    must_be_there,
)
from importing.left_out import drop_without_meaning, find_left_out, write_left_out
from importing.pairing import make_pairing
from importing.report import (
    ImportReport,
    Note,
    Sum,
    TableCount,
    UnknownValue,
    WrittenList,
)
from importing.settings import (
    FILE,
    left_behind,
    settings_text,
    settlement_days,
    stated,
    stated_rates,
)
from importing.source import Source, StagedSource, ValueMap
from importing.told_twice import told_twice
from importing.unread import MAKE_UNREAD

LISTS = "imports"  # folder of the portfolio with lists for people
THERE = ("holds", "invoices", "payments")  # what each source may see of the portfolio
PROCESS_MB = 180  # beside what DuckDB counts: the interpreter, and buffers of files
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What the files do not say.

    Attributes:
        exported_at: the moment whose state the files show; None: the latest in them.
        currency: of the portfolio; None: the one of most invoices.
        rates: of other currencies to it.
        timezone: IANA name; where a day begins and ends.
        now: no export can be of later than this; None: not compared.
        memory_mb: megabytes of the process; what needs more is kept on disk, beside
            the portfolio.
    """

    exported_at: datetime | None = None
    currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    timezone: str = "UTC"
    now: datetime | None = None
    memory_mb: int = 500


def import_files(
    source: Source,
    files: Sequence[Path],
    portfolio: Path,
    options: ImportSettings,
    progress: Progress = lambda _: None,
) -> ImportReport:
    """Turn a source's files into a portfolio, or add them to one.

    Nothing is written before everything was read and the sums agree.

    Args:
        source: the system that the files come from.
        files: in any order; several imports join into one portfolio.
        portfolio: folder to write to.
        options: what the files do not say.
        progress: called with one line of text per step.

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
            connection.execute(f"SET temp_directory = '{_escaped(folder)}'")
            connection.execute("SET TimeZone = 'UTC'")
            return _import(
                _Import(connection, source, portfolio, folder, options, progress),
                each_once,
            )
        except duckdb.OutOfMemoryException as error:
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


@dataclass(frozen=True)
class _Import:
    connection: Any
    source: Source
    portfolio: Path
    folder: Path
    options: ImportSettings
    progress: Progress


def _import(run: _Import, files: Sequence[Path]) -> ImportReport:
    connection, source = run.connection, run.source
    make_pairing(connection)
    must_be_there(run.portfolio, source)
    run.progress(f"reading {len(files)} files")
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
    counts = []
    for table in source.tables:
        run.progress(f"mapping {table}")
        made_table(connection, table, source.query(table))
        drop_without_meaning(connection, source, table)
        must_be_its_own(connection, table, run.portfolio, source)
        count = add_new(connection, table, run.portfolio, staged.exported_at)
        if tells_of_banks(source, table):
            count = bank_gives_way(connection, count, staged.exported_at)
        counts.append(count)
    unknown = _unknown_values(run)
    run.progress("comparing sums")
    sums = _sums(run)
    different = [s for s in sums if not s.agrees]
    if different:
        lines = [*map(_difference, different), *map(_without_meaning, unknown)]
        raise SumsDifferError("; ".join(lines))
    report = _report(run, files, staged, counts, sums, unknown)
    _write(run, report)
    latest = _latest(run)
    return replace(
        report,
        lists=_write_lists(run, report),
        latest=latest,
        left_behind={} if latest is None else left_behind(run.portfolio, latest),
    )


def _latest(run: _Import) -> datetime | None:
    """When the last of the rows became known; some may have been there before."""
    tables = run.source.tables
    rows = " UNION ALL ".join(f"SELECT known_at FROM made_{t}" for t in tables)
    (seconds,) = run.connection.execute(
        f"SELECT epoch(max(known_at)) FROM ({rows})"
    ).fetchone()
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _make_rates(run: _Import, staged: StagedSource) -> None:
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
        f"WHEN {_quoted(value)} THEN {_quoted(meaning)}"
        for value, meaning in value_map.meanings.items()
    )
    return f"CREATE MACRO {value_map.name}(value) AS CASE value {cases} ELSE value END"


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _unknown_values(run: _Import) -> list[UnknownValue]:
    unknown: list[UnknownValue] = []
    for value_map in run.source.maps:
        known = ", ".join(_quoted(value) for value in value_map.meanings)
        column = value_map.column
        rows = run.connection.execute(
            f"SELECT arg_min(file, row), min(row), {column} AS value, count(*) "
            f"FROM {value_map.view} WHERE {column} NOT IN ({known}) "
            "GROUP BY value ORDER BY value"
        ).fetchall()
        unknown.extend(UnknownValue(r[0], r[1], column, r[2], r[3]) for r in rows)
    return list(dict.fromkeys(unknown))  # two maps may read one cell


def _sums(run: _Import) -> list[Sum]:
    rows = run.connection.execute(
        "SELECT what, currency, coalesce(s.amount, 0), coalesce(s.left_out, 0), "
        f"coalesce(p.amount, 0) FROM ({run.source.query('sums')}) AS s "
        f"FULL JOIN ({run.source.query('portfolio_sums')}) AS p USING (what, currency) "
        "ORDER BY what, currency"
    ).fetchall()
    return [Sum(*row) for row in rows]


def _difference(sum_: Sum) -> str:
    return (
        f"{sum_.what} in {sum_.currency}: the source has {sum_.source}, of it "
        f"{sum_.left_out} left out, the portfolio would have {sum_.portfolio}; nothing "
        "was written: report this with the rows that cause it"
    )


def _without_meaning(value: UnknownValue) -> str:
    place = f"first in {value.file} row {value.row}"
    return f"no meaning here: {value.column} {value.value!r}, {value.n} times, {place}"


def _report(
    run: _Import,
    files: Sequence[Path],
    staged: StagedSource,
    counts: Sequence[TableCount],
    sums: Sequence[Sum],
    unknown: Sequence[UnknownValue],
) -> ImportReport:
    run.connection.execute(run.source.query("notes"))
    notes = run.connection.execute(
        "FROM note WHERE n > 0 ORDER BY kind, n DESC, text"
    ).fetchall()
    odd = odd_rows(run.connection, run.source.tables, run.options.exported_at)
    looked = [t for t, kinds in run.source.looks.items() if kinds <= staged.looked_at]
    of_others = tuple(
        table
        for table in looked
        if table in run.source.shares and is_of_others(run.portfolio, run.source, table)
    )
    tells_payments = any(tells_of_banks(run.source, t) for t in run.source.tables)
    observed = {
        table: staged.observed.get(table, staged.exported_at)
        for table in looked
        if table not in of_others
    }
    return ImportReport(
        source=run.source.name,
        portfolio=run.portfolio,
        exported_at=staged.exported_at,
        tables=tuple(counts),
        notes=(
            *(Note(*row) for row in notes),
            *odd,
            *told_twice(run.connection),
            *(given_way(run.connection) if tells_payments else ()),
            *find_left_out(run.connection, run.source, run.portfolio, files),
        ),
        sums=tuple(sums),
        unknown_values=tuple(unknown),
        bad_rows=tuple(dict.fromkeys(staged.bad_rows)),
        observed=observed,
        told_by_others=of_others,
    )


def _write(run: _Import, report: ImportReport) -> None:
    """Parts first, then the settings that say how far they look.

    So an import that is cut off vouches for no part that is not there; the next one
    finds the parts that are, and adds the others.
    """
    name = f"{run.source.name}-{report.exported_at:%Y%m%dT%H%M%S}"
    moves = []
    for count in report.tables:
        form = form_of_parts(run.portfolio, count.table)
        target = _free(run.portfolio / count.table, name, form)
        is_first = not list(target.parent.glob(f"*.{form}"))
        if count.n_new == 0 and not (is_first and count.table in report.observed):
            continue
        part = run.folder / f"{count.table}.{form}"
        run.connection.execute(
            f"COPY (FROM new_{count.table}) TO '{_escaped(part)}' (FORMAT {form})"
        )
        moves.append((part, target))
    currency, others = _currencies(run)
    rates = dict.fromkeys(others) | dict(run.options.rates)
    rates.pop(currency, None)
    text = settings_text(
        run.portfolio,
        run.source.name,
        currency,
        rates,
        run.options.timezone,
        report.observed,
    )
    for part, target in moves:
        target.parent.mkdir(exist_ok=True)
        shutil.move(part, target)
    write_left_out(run.connection, run.source, run.portfolio, run.folder)
    settings = run.folder / FILE
    settings.write_text(text, encoding="utf-8")
    settings.replace(run.portfolio / FILE)


def _write_lists(run: _Import, report: ImportReport) -> tuple[WrittenList, ...]:
    folder = run.portfolio / LISTS
    written = []
    for name in run.source.lists:
        run.connection.execute(f"CREATE TABLE list_{name} AS {run.source.query(name)}")
        (n,) = run.connection.execute(f"SELECT count(*) FROM list_{name}").fetchone()
        if n == 0:
            continue
        folder.mkdir(exist_ok=True)
        stem = f"{run.source.name}-{name}-{report.exported_at:%Y%m%dT%H%M%S}"
        made = run.folder / f"{name}.csv"
        run.connection.execute(f"COPY list_{name} TO '{_escaped(made)}' (HEADER)")
        earlier = folder.glob(f"{run.source.name}-{name}-*.csv")
        same = next((f for f in sorted(earlier) if cmp(f, made, shallow=False)), None)
        file = same or _free(folder, stem, "csv")
        if same is None:
            shutil.move(made, file)
        written.append(WrittenList(file, n, is_new=same is None))
    return tuple(written)


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")


def _free(folder: Path, name: str, form: str) -> Path:
    """A name that no file has yet; two imports may show the same moment."""
    path, n = folder / f"{name}.{form}", 1
    while path.exists():
        n += 1
        path = folder / f"{name}-{n}.{form}"
    return path


def _currencies(run: _Import) -> tuple[str, list[str]]:
    """The portfolio's currency, and the others that the rows name."""
    union = " UNION ALL BY NAME ".join(
        ["SELECT NULL::VARCHAR AS currency"]
        + [f"FROM made_{t}" for t in ("invoices", "payments") if t in run.source.tables]
    )
    rows = run.connection.execute(
        f"SELECT currency, count(*) FROM ({union}) WHERE currency IS NOT NULL "
        "GROUP BY currency ORDER BY count(*) DESC, currency"
    ).fetchall()
    names = [row[0] for row in rows]
    known = run.connection.execute("SELECT currency FROM rate WHERE is_main").fetchone()
    main = known[0] if known else next(iter(names), None)
    if main is None:
        if "invoices" not in run.source.tables:
            raise ImportingError(
                f"{run.source.title} tells of no invoices, so no list comes of it "
                "alone: import your billing system first, into the same folder (or say "
                "--currency, such as EUR, where your invoices come later)"
            )
        raise ImportingError("no row names a currency: say --currency, such as EUR")
    return main, [name for name in names if name != main]
