"""`forbear monitor`."""

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cli.arguments import PolicyFile, PortfolioFolder
from cli.audit_leakage import write_report
from cli.clock import now_us
from cli.exits import DIFFERENT, OK
from cli.monitor_summary import show
from cli.output import say, steps
from features.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitoring.run import FourClocks
    from store.monitoring import Alarm, Monitoring


Store = Annotated[
    Path | None,
    typer.Option(
        help="state folder whose store keeps runs and alarms; default: FORBEAR_HOME,"
        " or the database of FORBEAR_DATABASE_URL",
        exists=True,
        file_okay=False,
    ),
]


class _ReportUnlessNamed(TyperGroup):
    """`forbear monitor PORTFOLIO` is `forbear monitor report PORTFOLIO`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        is_named = not args or args[0] in (*self.commands, "--help")
        return super().parse_args(ctx, args if is_named else ["report", *args])


app = typer.Typer(
    cls=_ReportUnlessNamed,
    help="Whether predictions were true; alarms.\n\n`forbear monitor PORTFOLIO` is"
    " short for `forbear monitor report PORTFOLIO`, which has options of its own.",
    no_args_is_help=True,
)


@app.command()
def report(
    portfolio: PortfolioFolder,
    out: Annotated[
        Path | None, typer.Option(help="folder for the report: monitoring.html, .json")
    ] = None,
    policy: PolicyFile = None,
    models: Annotated[
        Path | None,
        typer.Option(
            help="state folder with the champions; default: FORBEAR_HOME",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    store: Store = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="count quiet of tables from now, not from the end of the data, the "
            "moment of which `score` decides without --as-of",
        ),
    ] = False,
    record: Annotated[
        bool,
        typer.Option(
            help="keep the run in the store; what rings stops automation there"
        ),
    ] = True,
) -> None:
    """Look at a portfolio's four clocks.

    Inputs, scores, first and mature outcomes: was what was predicted true? An alarm is
    recorded and turns every new stop into a review, until a person gives automation
    back. Exit code 1: something rings.

    Example: forbear monitor data/samples/lumen --out was-it-true
    """
    from advice.advisor import Advisor
    from cli.champions import champions
    from features.portfolio import Portfolio
    from monitoring.report import page
    from monitoring.run import monitor
    from scoring.shelf import forbear_home

    at = now_us()
    advisor: Advisor = champions(models or forbear_home(), policy, portfolio)
    with steps("monitor") as step:
        step("reading the portfolio")
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        before, released = _known_before(read.settings.name, store)
        now = at if live else read.latest_moment
        run = monitor(read, advisor, now, before, released, step)
    show(run)
    if record:  # first: an alarm counts though its report cannot be written
        _record(run, at, store)
    if out is not None:
        bundles = list(advisor.bundles.values())
        write_report(out, "monitoring", page(run, bundles), run.to_json())
    raise typer.Exit(DIFFERENT if run.causes else OK)


def _known_before(
    portfolio: str, store: Path | None
) -> tuple[list[dict[str, Any]], set[str]]:
    """Numbers of a portfolio's earlier runs, the latest first; tables released since.

    No store is made to look.
    """
    import json

    from monitoring.run import MOST_RUNS
    from monitoring.table_flows import GONE, REJECTED
    from store.errors import NoDecisionsError
    from store.opening import require_recorded

    try:
        require_recorded(*_place(store))
    except NoDecisionsError:
        return [], set()
    with _opened(store) as monitoring:
        runs = monitoring.runs_of(portfolio, MOST_RUNS + 1)  # one may be of this state
        since = runs[0].at if runs else 0
        released = monitoring.released_since(portfolio, since)
    tables = {one.subject for one in released if one.code in (GONE, REJECTED)}
    return [json.loads(one.content) for one in runs], tables


def _record(run: "FourClocks", at: int, store: Path | None) -> None:
    import json

    content = json.dumps(run.to_json(), allow_nan=False)
    with _opened(store) as monitoring:
        monitoring.record(at, run.as_of, run.portfolio, content, run.causes)
        standing = monitoring.standing()
    stands = {(one.clock, one.code, one.subject) for one in standing}
    rings = {(one.clock, one.code, one.subject) for one in run.causes}
    if n_released := len(rings - stands):
        say(
            f"released by a person lately, so it stops nothing: {n_released} of what"
            " rings (`forbear monitor alarms --all`)"
        )
    if standing:
        say(
            f"{_alarms(len(standing))} (early outcomes of all ages are one): nobody"
            " new is suspended or blocked until `forbear monitor release` says who and"
            " why"
        )


def _alarms(n: int) -> str:
    return f"{counted(n, 'alarm')} {'stands' if n == 1 else 'stand'}"


@app.command()
def alarms(
    every: Annotated[
        bool, typer.Option("--all", help="also those that somebody released")
    ] = False,
    store: Store = None,
) -> None:
    """List the alarms that stop automation, and why they rang.

    Exit code 1: one stands, and nobody new is suspended or blocked.

    Example: forbear monitor alarms
    """
    with _opened(store) as monitoring:
        standing = monitoring.standing()
        shown = monitoring.alarms(_MOST_SHOWN) if every else standing
    for alarm in shown:
        _show(alarm)
    if not standing:
        say("no alarm stands: automation acts as the policy says")
        return
    say(f"{_alarms(len(standing))}: nobody new is suspended or blocked")
    raise typer.Exit(DIFFERENT)


@app.command()
def release(
    by: Annotated[str, typer.Option(help="who gives automation back")],
    reason: Annotated[str, typer.Option(help="what was looked at; it is recorded")],
    alarm: Annotated[
        str | None, typer.Argument(metavar="ALARM", help="id; default: all that stand")
    ] = None,
    store: Store = None,
) -> None:
    """Give automation back after an alarm.

    The person who looked into it says who and why. The same cause does not ring again
    while it stays as it is, for 30 days.

    Example: forbear monitor release --by ana --reason "the feed runs again"
    """
    with _opened(store) as monitoring:
        released = monitoring.release(by, reason, now_us(), alarm)
        standing = monitoring.standing()
    for one in released:
        say(f"released: {one.alarm_id} {one.why}")
    if standing:
        say(f"{_alarms(len(standing))} still: nobody new is suspended or blocked")
        raise typer.Exit(DIFFERENT)
    say("no alarm stands: automation acts as the policy says")


_MOST_SHOWN = 100


@contextmanager
def _opened(store: Path | None) -> "Iterator[Monitoring]":
    """The store's alarms; a store is made where there is none."""
    from store.opening import open_monitoring

    monitoring = open_monitoring(*_place(store))
    try:
        yield monitoring
    finally:
        monitoring.close()


def _place(store: Path | None) -> tuple[Path, str | None]:
    """Where the store is: the folder that was named, or what the settings say."""
    from serving.settings import serving_settings

    return serving_settings().store if store is None else (store, None)


def _show(alarm: "Alarm") -> None:
    since = f"{alarm.portfolio} since {_day(alarm.raised_at)}"
    say(f"{alarm.alarm_id} {since}: {alarm.why} [{alarm.code}]")
    if alarm.released_at is not None:
        day = _day(alarm.released_at)
        say(f"  released on {day} by {alarm.released_by}: {alarm.reason}")


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1e6, UTC).date().isoformat()
