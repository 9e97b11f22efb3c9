"""What an import writes, after all was read and the sums agree."""

import shutil
from filecmp import cmp
from pathlib import Path

from importing.errors import ImportingError
from importing.joining import form_of_parts
from importing.left_out import write_left_out
from importing.report import ImportReport, WrittenList
from importing.settings import FILE, settings_text
from importing.underway import ImportRun, escaped

LISTS = "imports"  # folder of the portfolio with lists for people


def write_portfolio(run: ImportRun, report: ImportReport) -> None:
    """Parts first, then the settings that say how far they look.

    So an import that is cut off vouches for no part that is not there; the next one
    finds the parts that are, and adds the others.
    """
    if not run.source.lists:
        _let_go(run)
    name = f"{run.source.name}-{report.exported_at:%Y%m%dT%H%M%S}"
    moves = []
    for count in report.tables:
        form = form_of_parts(run.portfolio, count.table)
        target = _free(run.portfolio / count.table, name, form)
        is_first = not list(target.parent.glob(f"*.{form}"))
        if count.n_new == 0 and not (is_first and count.table in report.observed):
            continue
        part = run.folder / f"{count.table}.{form}"
        # a dictionary of ids costs a third of the writing, and is given up at the end
        run.connection.execute(
            f"COPY (FROM new_{count.table}) TO '{escaped(part)}' (FORMAT {form}"
            f"{', DICTIONARY_SIZE_LIMIT 1000' if form == 'parquet' else ''})"
        )
        moves.append((part, target))
    currency, others = _currencies(run, report)
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


def _let_go(run: ImportRun) -> None:
    """Drop what the files said, for to write takes longer where memory is short."""
    rows = run.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    for (table,) in rows:
        if not table.startswith(("made_", "new_")) and table not in (
            "left_out",
            "rate",
        ):
            run.connection.execute(f'DROP TABLE "{table}"')


def write_lists(run: ImportRun, report: ImportReport) -> tuple[WrittenList, ...]:
    """Write the source's lists for people, each unless it stands there already."""
    folder = run.portfolio / LISTS
    written = []
    for name in run.source.lists:
        made = run.folder / f"{name}.csv"
        (n,) = run.connection.execute(
            f"COPY ({run.source.query(name)}) TO '{escaped(made)}' (HEADER)"
        ).fetchone()
        if n == 0:
            continue
        folder.mkdir(exist_ok=True)
        stem = f"{run.source.name}-{name}-{report.exported_at:%Y%m%dT%H%M%S}"
        earlier = folder.glob(f"{run.source.name}-{name}-*.csv")
        same = next((f for f in sorted(earlier) if cmp(f, made, shallow=False)), None)
        file = same or _free(folder, stem, "csv")
        if same is None:
            shutil.move(made, file)
        written.append(WrittenList(file, n, is_new=same is None))
    return tuple(written)


def _free(folder: Path, name: str, form: str) -> Path:
    """A name that no file has yet; two imports may show the same moment."""
    path, n = folder / f"{name}.{form}", 1
    while path.exists():
        n += 1
        path = folder / f"{name}-{n}.{form}"
    return path


def _currencies(run: ImportRun, report: ImportReport) -> tuple[str, list[str]]:
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
        raise ImportingError(
            "no row names a currency: say --currency, such as EUR"
            + "".join(
                f"; not read were {len(report.bad_rows)}, the first {bad.file} row "
                f"{bad.row}, {bad.column}: {bad.problem}"
                for bad in report.bad_rows[:1]
            )
        )
    return main, [name for name in names if name != main]
