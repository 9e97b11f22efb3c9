"""What an import has to say: words, sums, notes, and how far it looked."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from importing.checks import odd_rows
from importing.errors import SumsDifferError
from importing.given_way import given_way, tells_of_banks
from importing.joining import is_of_others
from importing.left_out import find_left_out
from importing.pages import pages_missing
from importing.report import (
    ImportReport,
    Note,
    Sum,
    TableCount,
    UnknownValue,
)
from importing.source import Source, StagedSource, ValueMap
from importing.told_twice import told_twice
from importing.underway import ImportRun, quoted
from importing.vanished import vanished


def find_unknown_values(run: ImportRun) -> dict[str, list[UnknownValue]]:
    """Words that a map of the source does not know, each with its first place.

    By the name of the map, of those that have met such a word.
    """
    unknown: dict[str, list[UnknownValue]] = {}
    for value_map in run.source.maps:
        known = ", ".join(quoted(value) for value in value_map.meanings)
        column = value_map.column
        rows = run.connection.execute(
            f"SELECT arg_min(file, row), min(row), {column} AS value, count(*) "
            f"FROM {value_map.view} WHERE {column} NOT IN ({known}) "
            "GROUP BY value ORDER BY value"
        ).fetchall()
        if rows:
            unknown[value_map.name] = [
                UnknownValue(file, row, column, value, n)
                for file, row, value, n in rows
            ]
    return unknown


def compare_sums(run: ImportRun) -> list[Sum]:
    """The source's money and the portfolio's, by what it is and currency."""
    rows = run.connection.execute(
        "SELECT what, currency, coalesce(s.amount, 0), coalesce(s.left_out, 0), "
        f"coalesce(p.amount, 0) FROM ({run.source.query('sums')}) AS s "
        f"FULL JOIN ({run.source.query('portfolio_sums')}) AS p USING (what, currency) "
        "ORDER BY what, currency"
    ).fetchall()
    return [Sum(*row) for row in rows]


def protecting(
    source: Source, unknown: Mapping[str, Sequence[UnknownValue]]
) -> list[ValueMap]:
    """The maps that protect and have met a word that they do not know."""
    return [m for m in source.maps if m.protects and m.name in unknown]


def _each_once(
    unknown: Mapping[str, Sequence[UnknownValue]],
) -> tuple[UnknownValue, ...]:
    """The words of all maps; two maps may read one cell."""
    return tuple(dict.fromkeys(chain.from_iterable(unknown.values())))


def must_agree(
    sums: Sequence[Sum], unknown: Mapping[str, Sequence[UnknownValue]]
) -> None:
    """Refuse money that is not the source's.

    Raises:
        SumsDifferError: with each sum that differs.
    """
    different = [s for s in sums if not s.agrees]
    if different:
        words = map(_without_meaning, _each_once(unknown))
        raise SumsDifferError("; ".join([*map(_difference, different), *words]))


def _difference(sum_: Sum) -> str:
    return (
        f"{sum_.what} in {sum_.currency}: the source has {sum_.source}, of it "
        f"{sum_.left_out} left out, the portfolio would have {sum_.portfolio}; nothing "
        "was written: report this with the rows that cause it"
    )


def _without_meaning(value: UnknownValue) -> str:
    place = f"first in {value.file} row {value.row}"
    return f"no meaning here: {value.column} {value.value!r}, {value.n} times, {place}"


def _notes(
    run: ImportRun,
    files: Sequence[Path],
    unknown: Mapping[str, Sequence[UnknownValue]],
) -> Iterator[Note]:
    """What was assumed, left out, or asks to be looked at."""
    connection, source = run.connection, run.source
    connection.execute(source.query("notes"))
    notes = connection.execute("FROM note WHERE n > 0 ORDER BY kind, n DESC, text")
    yield from (Note(*row) for row in notes.fetchall())
    yield from odd_rows(connection, source.tables, run.options.exported_at)
    yield from told_twice(connection)
    yield from pages_missing(connection)
    if any(tells_of_banks(source, table) for table in source.tables):
        yield from given_way(connection)
    strange = protecting(source, unknown)
    yield from find_left_out(connection, source, strange, run.portfolio, files)
    if "invoices" in source.tables:
        yield from vanished(connection, source, run.portfolio)


def make_report(
    run: ImportRun,
    files: Sequence[Path],
    staged: StagedSource,
    counts: Sequence[TableCount],
    sums: Sequence[Sum],
    unknown: Mapping[str, Sequence[UnknownValue]],
) -> ImportReport:
    """All that there is to say before anything is written."""
    looked = [t for t, kinds in run.source.looks.items() if kinds <= staged.looked_at]
    of_others = tuple(
        table
        for table in looked
        if table in run.source.shares and is_of_others(run.portfolio, run.source, table)
    )
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
        notes=tuple(_notes(run, files, unknown)),
        sums=tuple(sums),
        unknown_values=_each_once(unknown),
        bad_rows=tuple(dict.fromkeys(staged.bad_rows)),
        observed=observed,
        told_by_others=of_others,
    )
