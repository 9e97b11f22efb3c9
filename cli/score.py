"""`forbear score`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PolicyFile, PortfolioFolder
from cli.exits import OK, REJECTS
from cli.output import say, show_table, waiting

if TYPE_CHECKING:
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

    The same numbers as the service gives for the same customer. Exit code 3: done,
    but rows of the portfolio were rejected.

    Example: forbear score data/samples/lumen --as-of 2026-06-30 --out scored.parquet
    """
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home

    with waiting("reading the portfolio"):
        read = Portfolio.open(portfolio)
    advisor = champions(forbear_home(), policy)
    if advisor.currency_note:
        say(advisor.currency_note)
    with waiting("scoring"):
        advised = advise(advisor, read, as_of)
    write(advised, out)
    show_actions(advised)
    say(f"{advised.num_rows:,} rows: {out}")
    if advisor.currency_note is not None:
        say(f"note: {advisor.currency_note}")
    if read.rejects:
        say(f"{read.report.n_rejected:,} rows rejected: forbear validate {portfolio}")
    raise typer.Exit(REJECTS if read.rejects else OK)


def champions(home: Path, policy: Path | None) -> "Advisor":
    """The champions under `home` with a policy."""
    from advice.assembly import DEFAULT_POLICY, assemble, champion_ids
    from decisions.policy.load import load_policy

    return assemble(home, champion_ids(home), load_policy(policy or DEFAULT_POLICY))


def advise(advisor: "Advisor", read: "Portfolio", as_of: str | None) -> "pa.Table":
    """Advice about whom the portfolio asks for."""
    from features.moments import MomentError, parse_moment
    from features.snapshots import latest_snapshots

    try:
        moment = None if as_of is None else parse_moment(as_of, read.settings.zone)
    except MomentError as error:
        raise typer.BadParameter(f"--as-of {as_of}: {error.rule}") from error
    return advisor.advise_portfolio(read, latest_snapshots(read, moment))


def write(advised: "pa.Table", out: Path) -> None:
    """The whole file or none."""
    import pyarrow.parquet as pq

    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    pq.write_table(advised, unfinished)
    unfinished.replace(out)


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
