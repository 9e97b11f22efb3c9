"""`forbear recalibrate`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.output import say, steps

if TYPE_CHECKING:
    from training.recalibration import RecalibratedModel


def register(app: typer.Typer) -> None:
    app.command()(recalibrate)


def recalibrate(
    portfolio: PortfolioFolder,
    target: Annotated[
        Literal["fraud", "nonpayment"], typer.Option(help="fraud or nonpayment")
    ],
    seed: Annotated[int, typer.Option(help="of the folds that judge the map")] = 0,
) -> None:
    """Set a champion's probabilities right by latest outcomes.

    The model stays; the two numbers that calibrate it are fitted on the latest mature
    outcomes that it has not learnt from. The result waits as challenger, and `forbear
    promote` judges it as any other.

    Example: forbear recalibrate PORTFOLIO --target nonpayment
    """
    from features.portfolio import Portfolio
    from scoring.bundle import Bundle
    from scoring.shelf import champion_path, forbear_home
    from training.errors import NoSuchVersionError
    from training.recalibration import recalibrate as recalibrated
    from training.recalibration import register_recalibrated
    from training.tracking import Tracker

    home = forbear_home()
    folder = champion_path(home, target)
    if folder is None:
        raise NoSuchVersionError(
            f"no champion of {target} is in force: `forbear train` makes one"
        )
    with steps("recalibrate") as step:
        step("reading the portfolio")
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        step("fitting on the latest mature outcomes")
        made = recalibrated(read, Bundle.load(folder), seed)
        step(f"registering {made.bundle.bundle_id}")
        version = register_recalibrated(made, Tracker(home))
    _show(made)
    say(
        f"{target}: {made.bundle.bundle_id} waits as challenger (version {version}):"
        f" `forbear promote {target}` compares it with the champion"
    )


def _show(made: "RecalibratedModel") -> None:
    from scoring.metrics import log_losses

    old, new = made.before.calibration, made.bundle.calibration
    label, n = made.rows.label, len(made.rows)
    say(
        f"{made.bundle.target}: intercept {old.intercept:.4f} becomes"
        f" {new.intercept:.4f}, slope {old.slope:.4f} becomes {new.slope:.4f}"
    )
    for p, whose in ((made.p_before, "before"), (made.p, "recalibrated")):
        say(
            f"{n:,} mature outcomes since the training, {whose}: observed over expected"
            f" {label.sum() / p.sum():.2f}, log-loss {log_losses(label, p).mean():.4f}"
        )
