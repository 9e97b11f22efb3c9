"""`forbear import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import OK, REJECTS
from cli.output import say, show_table, waiting
from features.counted import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from importing import ImportReport

MOST_BAD_ROWS = 20  # shown; all of them are in the file


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="the system, such as stripe or bank")
    ],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES…", help="what it exported")
    ],
    out: Annotated[
        Path, typer.Option(metavar="PORTFOLIO", help="folder to write or to add to")
    ],
    exported_at: Annotated[
        str | None,
        typer.Option(
            help="when the files were exported, ISO 8601 with offset; default: the "
            "latest moment in them"
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(help="of the portfolio, ISO 4217; default: of most invoices"),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(help="of another currency to it, such as USD=0.92; repeatable"),
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="where a day begins and ends, such as Europe/Brussels")
    ] = "UTC",
    memory: Annotated[
        int, typer.Option(min=500, help="megabytes; what needs more is kept on disk")
    ] = 500,
) -> None:
    """Turn another system's export into a portfolio.

    Where there is one already, adds to it. Prints what was mapped, assumed and left
    out. Nothing is written unless the money of the portfolio is that of the source.

    Exit code 0: done. 3: some rows could not be read, a word has no meaning here, or a
    line asks to look at something. 2: nothing was written.

    Example: forbear import stripe charges.ndjson invoices.ndjson --out my-portfolio
    """
    from datetime import UTC, datetime

    from importing import SOURCES, ImportSettings, import_files

    if source not in SOURCES:
        raise typer.BadParameter(f"{source!r} is none of {', '.join(sorted(SOURCES))}")
    options = ImportSettings(
        exported_at=_moment(exported_at),
        currency=None if currency is None else _currency(currency),
        rates=_rates(rate or []),
        timezone=_timezone(timezone),
        now=datetime.now(UTC),
        memory_mb=memory,
    )
    with waiting(f"importing {counted(len(files), 'file')}"):
        report = import_files(SOURCES[source], files, out, options)
    _show(report, is_exported_at_said=options.exported_at is not None)
    raise typer.Exit(OK if report.is_clean else REJECTS)


def _moment(text: str | None) -> "datetime | None":
    from datetime import datetime

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is no moment with an offset, such as 2026-11-28T09:00:00+01:00"
        )
    return moment


def _currency(text: str) -> str:
    code = text.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise typer.BadParameter(
            f"{text!r} is no currency: say its three letters of ISO 4217, such as EUR"
        )
    return code


def _rates(texts: list[str]) -> "Mapping[str, float]":
    """Prices of currencies that --rate states. Raises BadParameter: not above 0."""
    from math import inf, nan

    rates = {}
    for text in texts:
        currency, _, number = text.partition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = nan
        if not 0 < rate < inf:
            raise typer.BadParameter(
                f"{text!r} is no rate, a number above 0 such as USD=0.92"
            )
        rates[_currency(currency)] = rate
    return rates


def _timezone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise typer.BadParameter(
            f"{name!r} is no timezone, such as Europe/Brussels"
        ) from None
    return name


def _show(report: "ImportReport", *, is_exported_at_said: bool) -> None:
    """What was made of the export, where its money went, what was left out."""
    show_table(
        f"exported {report.exported_at:%Y-%m-%d %H:%M} UTC",
        ("table", "rows and versions", "of them new", "corrections"),
        [(t.table, t.n_made, t.n_new, t.n_corrections) for t in report.tables],
    )
    if n_said := sum(t.n_made - t.n_new for t in report.tables):
        say(
            f"said before: {n_said:,} of these rows, by the portfolio or by an earlier "
            "row, so they are not written again"
        )
    if report.sums:  # usage and alerts are no money of a customer
        show_table(
            "Money: the source, less what was left out, is the portfolio's",
            ("what", "currency", "source", "left out", "portfolio"),
            [
                (
                    s.what,
                    s.currency,
                    f"{s.source:,f}",
                    f"{s.left_out:,f}",
                    f"{s.portfolio:,f}",
                )
                for s in report.sums
            ],
        )
    if not is_exported_at_said:
        say(
            f"assumed: exported at the latest moment in the files, "
            f"{report.exported_at:%Y-%m-%d %H:%M} UTC; the list will be as of then: "
            "say --exported-at, for nobody is later or has paid since"
        )
    for note in report.notes:
        say(f"{note.kind}: {note.n:,} {note.text}")
    for value in report.unknown_values:
        place = f"{value.file} row {value.row}"
        say(
            f"no meaning here: {value.column} {value.value!r}, {value.n:,} times, "
            f"first in {place}; rows that are written keep the word, and `validate` "
            "refuses them where it matters; rows that are left out are counted above"
        )
    for bad in report.bad_rows[:MOST_BAD_ROWS]:
        say(f"not read: {bad.file} row {bad.row}, {bad.column}: {bad.problem}")
    if len(report.bad_rows) > MOST_BAD_ROWS:
        say(f"… and {len(report.bad_rows) - MOST_BAD_ROWS:,} more rows")
    for written in report.lists:
        what = "written" if written.is_new else "the same as before"
        say(f"{what}: {written.file}, {counted(written.n, 'row')}")
    _show_looked_at(report)
    say(f"next: forbear validate {report.portfolio}")


def _show_looked_at(report: "ImportReport") -> None:
    """How far tables count as looked at, and what keeps others from it."""
    others = ", ".join(report.told_by_others)
    if report.observed or not others:
        nothing = (
            "no table as a whole: these files tell of single events, or a file that "
            "the table needs is missing"
        )
        say(f"looked at: {', '.join(sorted(report.observed)) or nothing}")
    if others:
        say(
            f"{others}: another source of this portfolio has them too, and that one "
            "says how far they were looked at; import its newest export as well, with "
            "--exported-at"
        )
    if report.latest is not None and report.left_behind:
        moment = min(report.left_behind.values())
        say(
            f"{', '.join(report.left_behind)}: looked at until {moment:%Y-%m-%d %H:%M} "
            f"UTC, and a row of this import is of {report.latest:%Y-%m-%d %H:%M}: "
            "import the newest export of the system that has them as well, or the list "
            "says no decision (more than the policy's `stale_hours`, 48 unless it says "
            "otherwise)"
        )
