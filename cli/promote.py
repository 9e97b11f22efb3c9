"""`forbear promote` and `forbear pull`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.exits import DIFFERENT
from cli.output import say

if TYPE_CHECKING:
    from training.promotion import Promotion

TargetName = Annotated[
    Literal["fraud", "nonpayment"],
    typer.Argument(metavar="TARGET", help="fraud or nonpayment"),
]


def register(app: typer.Typer) -> None:
    app.command()(promote)
    app.command()(pull)


def promote(
    target: TargetName,
    version: Annotated[
        str | None,
        typer.Option(help="of the registry; default: the challenger"),
    ] = None,
) -> None:
    """Make a registered model the champion.

    A running service takes it up. An older version goes back to it. Exit code 1:
    done, but the champions of the two targets do not fit together, and nothing can be
    scored until they do.

    Example: forbear promote nonpayment --version 3
    """
    from scoring.shelf import forbear_home
    from training.promotion import promote as promoted
    from training.tracking import Tracker

    _show(promoted(target, Tracker(forbear_home()), version))


def pull(target: TargetName) -> None:
    """Bring the registry's champion here.

    For a machine that only serves; a running service takes it up.

    Example: forbear pull nonpayment (MLFLOW_TRACKING_URI says which registry)
    """
    from scoring.shelf import forbear_home
    from training.promotion import pull as pulled
    from training.tracking import Tracker

    _show(pulled(target, Tracker(forbear_home())))


def _show(done: "Promotion") -> None:
    new = f"{done.bundle.bundle_id} (version {done.version})"
    if done.is_change:
        say(f"{done.target}: {new} in force; before: {done.before or 'none'}")
    else:
        say(f"{done.target}: {new} was in force already")
    from advice.assembly import misfit
    from scoring.shelf import forbear_home

    why = misfit(forbear_home())
    if why is not None:
        say(f"look at this: {why}; a running service keeps the models before")
        raise typer.Exit(DIFFERENT)
