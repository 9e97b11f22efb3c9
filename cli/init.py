"""`forbear init`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import say, show_table, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.draft import RecognisedTable

FILE = "portfolio.yaml"


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="where the tables lie, or will")
    ],
) -> None:
    """Write a commented portfolio.yaml and say the next step.

    CSV, Parquet and Excel files that lie there, also in a table's folder, are looked
    at: which tables they are, and which of their columns go by other names. Nothing is
    overwritten.

    Example: forbear init my-portfolio
    """
    from datetime import UTC, datetime

    from features.draft import recognise, settings_text, with_likely_customer_id
    from features.errors import PortfolioExistsError

    folder.mkdir(parents=True, exist_ok=True)
    with waiting("looking at the files", "init"):
        found, others = recognise(folder)
    tables = with_likely_customer_id(found)
    name = folder.resolve().name or "portfolio"
    today = datetime.now(tz=UTC).date()
    seen = [table.latest for table in tables if table.latest and table.latest <= today]
    text = settings_text(name, tables, max(seen, default=today))
    try:
        with (folder / FILE).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        message = f"{folder / FILE} is there already and was left as it is"
        raise PortfolioExistsError(message) from error
    say(f"written: {folder / FILE}")
    if tables:
        _show_tables(tables)
    for other in others:
        say(f"not recognised: {other}")
    _say_what_next(folder, tables)


def _show_tables(tables: "Sequence[RecognisedTable]") -> None:
    rows = [
        (
            table.where,
            table.table,
            ", ".join(table.mapping),
            ", ".join(table.missing),
            ", ".join(table.unused),
        )
        for table in tables
    ]
    head = ("file", "table", "own names or spellings", "required, not found", "unused")
    show_table("", head, rows)


def _say_what_next(folder: Path, tables: "Sequence[RecognisedTable]") -> None:
    """What keeps these files from being a portfolio, a line each."""
    for table in tables:
        if table.is_named_well:
            continue
        if table.sheet:
            say(f"next: rename the sheet {table.sheet} to {table.table}")
        else:
            suffix = Path(table.file).suffix
            say(f"next: rename {table.file} to {table.table}{suffix}")
    for asked in dict.fromkeys(q for t in tables for q in t.questions.values()):
        say(f"question: {asked}")
    names = {table.table for table in tables}
    for name in ("customers", "invoices", "payments"):
        if name not in names:
            say(f"next: put {name}.csv there, with the columns {_columns(name)}")
    if any(table.mapping for table in tables):
        say(f"next: check the lines under `columns:` in {folder / FILE}")
    say(f"next: forbear validate {folder}")


def _columns(table: str) -> str:
    """The least that is worth having of a table."""
    from features.contract import TABLES

    optional = {"customers": ("event_at", "subject_kind"), "payments": ("invoice_id",)}
    needed = [c.name for c in TABLES[table].columns if c.is_required]
    if table == "invoices":
        needed.append("due_at")
    return ", ".join((*needed, *optional.get(table, ())))
