"""`forbear simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import progress, say, show_table
from features.counted import counted


class FolderNotEmptyError(Exception):
    """Two portfolios in one folder would be read as one."""

    code = "folder_not_empty"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty: choose a new folder, or empty it")


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    out: Annotated[Path, typer.Option(help="folder to write the portfolio into")],
    customers: Annotated[int, typer.Option(help="how many customers")] = 2_000,
    months: Annotated[int, typer.Option(help="how many months")] = 24,
    seed: Annotated[int, typer.Option(help="the same seed gives the same tables")] = 1,
    world: Annotated[
        str, typer.Option(help="calm, recession, fraud-wave or thin")
    ] = "calm",
    truth_month: Annotated[
        int | None,
        typer.Option(
            help="also write true probabilities of everybody from this month on, by"
            " simulating it a hundred times per action (slow)"
        ),
    ] = None,
) -> None:
    """Write a simulated portfolio with known truth.

    The truth goes to OUT.oracle beside it, which only `forbear policy simulate` reads,
    to say what a policy gave away.

    Example: forbear simulate --customers 2000 --months 24 --world calm --out demo
    """
    import simulation

    if out.is_dir() and any(out.iterdir()):
        raise FolderNotEmptyError(out)
    branching = None
    if truth_month is not None:
        branching = simulation.Branching(month=truth_month, customers=customers)
    with progress(f"simulating {counted(months, 'month')}") as moved:
        summary = simulation.simulate(
            world, customers, months, seed, out, branching=branching, progress=moved
        )
    show_table("", ("table", "rows"), sorted(summary.rows.items()))
    say(f"portfolio {summary.portfolio}\ntruth     {summary.oracle}")
