"""`forbear score`."""

from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PolicyFile, PortfolioFolder
from cli.exits import OK, REJECTS
from cli.output import say, show_table, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from advice.advisor import Advisor
    from features.portfolio import Portfolio


def register(app: typer.Typer) -> None:
    app.command()(score)


def score(
    portfolio: PortfolioFolder,
    out: Annotated[Path, typer.Option(help="Parquet file to write")],
    as_of: Annotated[
        str | None,
        typer.Option(
            help="moment with offset, or a date for its end; default: the portfolio's"
            " snapshots, else its latest known_at"
        ),
    ] = None,
    policy: PolicyFile = None,
) -> None:
    """Score a whole portfolio with the champions under FORBEAR_HOME.

    The same numbers as the service gives for the same customer. While a file `stop`
    lies under FORBEAR_HOME nobody new is suspended or blocked. Exit code 3: done, but
    rows of the portfolio were rejected.

    Example: forbear score data/samples/lumen --as-of 2026-06-30 --out scored.parquet
    """
    from advice.assembly import STOP_FILE, is_stopped
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home

    home = forbear_home()
    advisor = champions(home, policy)
    with writing(out) as write:
        with waiting("reading the portfolio"):
            read = Portfolio.open(portfolio)
        with waiting("scoring"):
            advised = advise(advisor, read, as_of, is_stopped=is_stopped(home))
        write(advised)
    show_actions(advised)
    say(f"{advised.num_rows:,} rows: {out}")
    for note in advisor.notes:
        say(f"note: {note}")
    if is_stopped(home):
        say(f"note: {home / STOP_FILE} lies there: nobody new is suspended or blocked")
    if read.rejects:
        say(f"{read.report.n_rejected:,} rows rejected: forbear validate {portfolio}")
    raise typer.Exit(REJECTS if read.rejects else OK)


def champions(home: Path, policy: Path | None) -> "Advisor":
    """The champions under `home` with a policy."""
    from advice.assembly import DEFAULT_POLICY, assemble, champion_ids
    from decisions.policy.load import load_policy

    return assemble(home, champion_ids(home), load_policy(policy or DEFAULT_POLICY))


def advise(
    advisor: "Advisor",
    read: "Portfolio",
    as_of: str | None,
    *,
    is_stopped: bool = False,
) -> "pa.Table":
    """Advice about whom the portfolio asks for."""
    from decisions.case import BookState
    from features.snapshots import latest_snapshots

    moment = None if as_of is None else moment_of(read, as_of)
    asked, book = latest_snapshots(read, moment), BookState(is_stopped=is_stopped)
    return advisor.advise_portfolio(read, asked, book)


def moment_of(read: "Portfolio", as_of: str | None) -> int:
    """Microseconds of what --as-of says; without it the portfolio's latest known_at."""
    from features.moments import MomentError, parse_moment

    try:
        moment = parse_moment(as_of, read.settings.zone)
    except MomentError as error:
        form = "write 2026-06-30, or 2026-06-30T22:00:00Z with its offset"
        raise typer.BadParameter(f"--as-of {as_of}: {form} [{error.rule}]") from error
    return read.latest_known_at if moment is None else moment


@contextmanager
def writing(out: Path) -> "Iterator[Callable[[pa.Table], None]]":
    """Gives a function that writes the whole file or none.

    A place that cannot be written is refused before the work, not after it.
    """
    import pyarrow.parquet as pq

    if out.is_dir():
        raise IsADirectoryError(EISDIR, "a folder, not a file to write", str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    unfinished.touch()

    def write(table: "pa.Table") -> None:
        pq.write_table(table, unfinished)
        unfinished.replace(out)

    try:
        yield write
    finally:
        unfinished.unlink(missing_ok=True)


def show_actions(advised: "pa.Table") -> None:
    """How many of each action, proposed and permitted."""
    from collections import Counter

    from features.contract import SEVERITY

    proposed = Counter(advised["proposed_action"].to_pylist())
    permitted = Counter(advised["action"].to_pylist())
    in_run = Counter(advised["action_in_run"].to_pylist())
    goes_on = Counter(advised.filter(advised["in_force"])["action"].to_pylist())
    names = [*SEVERITY, *([None] if permitted[None] else [])]
    rows = [
        (
            name or "no decision",
            proposed[name],
            permitted[name],
            goes_on[name],
            in_run[name],
        )
        for name in names
    ]
    head = ("action", "costs least", "permitted", "of which in force", "within budgets")
    show_table("", head, rows)
    n_beyond = advised["is_beyond_budget"].to_pylist().count(True)
    if n_beyond:
        say(f"mass-action breaker: {n_beyond:,} stops beyond the budget became reviews")
    for code, n in sorted(Counter(advised["no_decision"].to_pylist()).items(), key=str):
        if code is not None:
            say(f"no decision about {n:,}: {code}")
