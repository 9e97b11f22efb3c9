"""`forbear monitor`."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import DIFFERENT
from cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.monitoring import Alarm, Monitoring

app = typer.Typer(
    help="Whether predictions were true; alarms.",
    no_args_is_help=True,
)


@app.command()
def alarms(
    every: Annotated[
        bool, typer.Option("--all", help="also those that somebody released")
    ] = False,
) -> None:
    """List the alarms that stop automation, and why they rang.

    Exit code 1: one stands, and nobody new is suspended or blocked.

    Example: forbear monitor alarms
    """
    with _opened() as monitoring:
        standing = monitoring.standing()
        shown = monitoring.alarms(_MOST_SHOWN) if every else standing
    for alarm in shown:
        _show(alarm)
    if not standing:
        say("no alarm stands: automation acts as the policy says")
        return
    say(f"{len(standing):,} standing: nobody new is suspended or blocked")
    raise typer.Exit(DIFFERENT)


@app.command()
def release(
    by: Annotated[str, typer.Option(help="who gives automation back")],
    reason: Annotated[str, typer.Option(help="what was looked at; it is recorded")],
    alarm: Annotated[
        str | None, typer.Argument(metavar="ALARM", help="id; default: all that stand")
    ] = None,
) -> None:
    """Give automation back after an alarm.

    The person who looked into it says who and why. The same cause does not ring again
    while it stays as it is, for 30 days.

    Example: forbear monitor release --by ana --reason "the feed runs again"
    """
    with _opened() as monitoring:
        released = monitoring.release(by, reason, time.time_ns() // 1_000, alarm)
        standing = monitoring.standing()
    for one in released:
        say(f"released: {one.alarm_id} {one.why}")
    if standing:
        say(f"{len(standing):,} still stand: nobody new is suspended or blocked")
        raise typer.Exit(DIFFERENT)
    say("no alarm stands: automation acts as the policy says")


_MOST_SHOWN = 100


@contextmanager
def _opened() -> "Iterator[Monitoring]":
    """The store's alarms; a store is made where there is none."""
    from serving.settings import serving_settings
    from store.opening import open_monitoring

    monitoring = open_monitoring(*serving_settings().store)
    try:
        yield monitoring
    finally:
        monitoring.close()


def _show(alarm: "Alarm") -> None:
    say(f"{alarm.alarm_id} since {_day(alarm.raised_at)}: {alarm.why} [{alarm.code}]")
    if alarm.released_at is not None:
        day = _day(alarm.released_at)
        say(f"  released on {day} by {alarm.released_by}: {alarm.reason}")


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1e6, UTC).date().isoformat()
