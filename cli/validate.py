"""`forbear validate`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.output import rejected_rows, say, show_table, waiting
from cli.reading import Memory, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.outlook import OutlookAnswer
    from features.portfolio import Portfolio


def register(app: typer.Typer) -> None:
    app.command()(validate)


def validate(
    portfolio: PortfolioFolder,
    out: Annotated[
        Path | None,
        typer.Option(help="where rejected/TABLE.parquet goes; default: PORTFOLIO"),
    ] = None,
    memory: Memory = 2_000,
) -> None:
    """Check a portfolio against the contract; show what to mend.

    Exit code 0: clean. 3: some rows were rejected, the rest can be used. 2: unusable.

    Example: forbear validate data/samples/lumen
    """
    from advice.lists import csv_beside
    from features.portfolio import Portfolio

    with tables_of(portfolio, memory) as duck:
        with waiting("checking every row", "validate"):
            read = Portfolio.inspect(portfolio, duck, read_at=now_us())
            written = read.write_rejects(out or portfolio)
        _show(read)
        for file in written:
            beside = csv_beside(file)
            say(f"rejected rows with the rule each broke: {file} and {beside.name}")
        if read.report.has_customers:
            _show_outlook(read)
        for line in _what_keeps_it_from_use(read):
            say(line)
    raise typer.Exit(read.report.exit_code)


def _show(read: "Portfolio") -> None:
    """Rows by table, what to correct, and warnings."""
    report = read.report
    tables = [(t.table, t.n_read, t.n_accepted, t.n_rejected) for t in report.tables]
    show_table("", ("table", "rows", "good", "rejected"), tables)
    if report.rejects:
        show_table(
            "What to correct",
            ("table", "column", "rule", "rows", "first", "what to do"),
            [
                (r.table, r.column, r.rule, r.n, r.example, r.what_to_do)
                for r in report.rejects
            ],
        )
    with waiting("comparing with the policy in use", "validate"):
        beside = tuple(_beside_policy(read))
    for warning in (*report.warnings, *beside):
        say(f"warning: {warning}")
    if report.is_usable and report.rejects:
        say(f"{rejected_rows(report.n_rejected)}; the good rows can be used")
    elif report.is_usable:
        say("clean")


def _what_keeps_it_from_use(read: "Portfolio") -> "Iterator[str]":
    """The last lines where nothing can be done with it; none where it can be used."""
    from features.errors import IdsDoNotMatchError, NoCustomersError

    if not read.report.has_customers:
        yield (
            "unusable: no row of `customers` can be used; mend the rows above, or say"
            " under `columns:` of portfolio.yaml which column is `customer_id`"
            f" [{NoCustomersError.code}]"
        )
    for why in read.report.unusable:
        yield f"unusable: {why} [{IdsDoNotMatchError.code}]"


def _beside_policy(read: "Portfolio") -> "Iterator[str]":
    """What the policy in use says otherwise, where it can be read."""
    from advice.promises import materiality_note
    from advice.succession import idle_notices_note, missing_notices_note
    from cli.policy_in_use import policy_in_use
    from decisions.errors import PolicyFileError
    from decisions.policy_file.load import load_policy
    from store.errors import PolicyUnreadableError

    with suppress(PolicyFileError, PolicyUnreadableError):  # other commands refuse it
        policy = load_policy(policy_in_use(None))
        notes = [materiality_note(policy, read.settings)]
        if read.report.has_customers:
            idle = idle_notices_note(read, policy)
            notes.append(idle or missing_notices_note(read, policy))
        yield from filter(None, notes)


def _show_outlook(read: "Portfolio") -> None:
    """What will be possible, and the one line that would improve each answer."""
    from features.outlook import outlook

    with waiting("looking at what will be possible", "validate"):
        prospects = outlook(read)
    rows = [(p.question, p.answer, _improvement(p)) for p in prospects]
    head = ("question", "with these data", "what would improve it")
    show_table("\nWhat will be possible", head, rows)


def _improvement(answer: "OutlookAnswer") -> str:
    price = f" It takes a protection away: {answer.takes_away}."
    return f"{answer.improve}.{price}" if answer.takes_away else answer.improve
