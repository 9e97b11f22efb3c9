"""`forbear promote` and `forbear pull`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import say

if TYPE_CHECKING:
    from training.promotion import Promotion
    from training.tracking import Tracker

Target = Annotated[str, typer.Argument(metavar="TARGET", help="fraud or nonpayment")]


def register(app: typer.Typer) -> None:
    app.command()(promote)
    app.command()(pull)


def promote(
    target: Target,
    version: Annotated[
        str | None,
        typer.Option(help="of the registered model; default: the challenger"),
    ] = None,
) -> None:
    """Make a registered model the champion that scores and serves.

    A running service takes it up without a restart; an older version goes back to it.

    Example: forbear promote nonpayment
    """
    from training.promotion import promote as make_champion

    show(make_champion(_target(target), _tracker(), version))  # type: ignore[arg-type]


def pull(
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="default: both")
    ] = None,
) -> None:
    """Fetch the champions of a remote registry (MLFLOW_TRACKING_URI).

    For machines that only serve: serving itself never asks MLflow.

    Example: MLFLOW_TRACKING_URI=http://registry:5000 forbear pull
    """
    from scoring.shelf import TARGETS
    from training.errors import NoSuchVersionError
    from training.promotion import pull as fetch

    tracker = _tracker()
    wanted = TARGETS if target is None else (_target(target),)
    absent = []
    for name in wanted:
        try:
            show(fetch(name, tracker))  # type: ignore[arg-type]
        except NoSuchVersionError as error:
            absent.append(error)
    if len(absent) == len(wanted):
        raise absent[0]


def show(promotion: "Promotion") -> None:
    """Both bundles' names and what the new one measured when it was trained."""
    bundle = promotion.bundle
    say(f"{promotion.target}: {bundle.bundle_id} (version {promotion.version}) serves")
    if not promotion.is_change:
        say("  it did before as well")
    elif promotion.before is not None:
        say(f"  before: {promotion.before}")
    for name in ("auc", "log_loss", "observed_over_expected"):
        if name in bundle.metrics:
            value, low, high = bundle.metrics[name]
            say(f"  {name:24}{value:.4f}   {low:.4f} – {high:.4f}")


def _target(name: str) -> str:
    from scoring.shelf import TARGETS

    if name not in TARGETS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(TARGETS)}")
    return name


def _tracker() -> "Tracker":
    from scoring.shelf import forbear_home
    from training.tracking import Tracker

    return Tracker(forbear_home())
