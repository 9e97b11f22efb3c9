"""`forbear promote`, `forbear rollback` and `forbear pull`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.arguments import AcceptLeak, Because, PolicyFile, terms_now
from cli.exits import DIFFERENT
from cli.output import say, waiting
from cli.policy_in_use import policy_in_use

if TYPE_CHECKING:
    from store.shadows import Shadow
    from training.promotion import Promotion

TargetName = Annotated[
    Literal["fraud", "nonpayment"],
    typer.Argument(metavar="TARGET", help="fraud or nonpayment"),
]


def register(app: typer.Typer) -> None:
    app.command()(promote)
    app.command()(rollback)
    app.command()(pull)


def promote(
    target: TargetName,
    version: Annotated[
        str | None,
        typer.Option(help="of the registry; default: the challenger"),
    ] = None,
    policy: PolicyFile = None,
    force: Annotated[
        bool, typer.Option("--force", help="although a gate is not passed; say why")
    ] = False,
    because: Because = None,
    accept_leak: AcceptLeak = None,
    require_shadow: Annotated[
        bool,
        typer.Option(
            "--require-shadow",
            help="not before `forbear shadow run` asked it what was decided",
        ),
    ] = False,
) -> None:
    """Compare a model with the champion; the better one serves.

    Both are judged by rows that neither learned from. A running service takes the new
    one up. Exit code 1: a gate was not passed and the champion stays; or done, but the
    champions of the two targets do not fit together, and nothing can be scored until
    they do.

    Example: forbear promote nonpayment --because "trained on June"
    """
    from decisions.policy_file.load import load_policy
    from scoring.shelf import forbear_home
    from training.promotion import promote as promoted
    from training.tracking import Tracker

    weighed_by = load_policy(policy_in_use(policy))
    with waiting("comparing"):
        done = promoted(
            target,
            Tracker(forbear_home()),
            version,
            terms=terms_now(weighed_by),
            because=because,
            is_forced=force,
            accepted=accept_leak or (),
            shadows=_shadows(),
            needs_shadow=require_shadow,
            decides=weighed_by,
        )
    for gate in done.gates:
        outcome = {True: "passed", False: "NOT PASSED", None: "open"}[gate.is_passed]
        say(f"{outcome}: {gate.text} [{gate.name}]")
    if not done.is_done:
        say(f"{target}: {done.before or 'nothing'} stays in force")
        say('to promote it all the same: --force --because "…"')
        raise typer.Exit(DIFFERENT)
    _show(done)


def _shadows() -> "list[Shadow]":
    """What challengers would have decided; nothing where no service decides."""
    from contextlib import closing

    from cli.policy_in_use import place_of_store
    from store.places import is_recorded

    home, url = place_of_store()
    if not is_recorded(home, url):
        return []
    from store.opening import open_shadows

    with closing(open_shadows(home, url)) as shadows:
        return shadows.listed()


def rollback(
    target: TargetName,
    because: Annotated[str, typer.Option(help="why; kept with the promotion")],
    to_starter: Annotated[
        bool,
        typer.Option("--to-starter", help="to the starter at once, past all models"),
    ] = False,
) -> None:
    """Go back to the champion before, or to the starter.

    To the starter from the first champion, or at once where that is asked. A running
    service takes it up. Where the starter serves again, models trained later wait as
    challengers until `forbear promote`.

    Example: forbear rollback nonpayment --because "too many reviews since Monday"
    """
    from scoring.shelf import forbear_home
    from training.promotion import rollback as rolled_back
    from training.tracking import Tracker

    home = forbear_home()
    _show(rolled_back(target, Tracker(home), because, is_to_starter=to_starter))


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
    which = f"version {done.version}" if done.version else "the starter"
    new = f"{done.bundle.bundle_id} ({which})"
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
