"""`forbear webhooks`."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import say, show_table

if TYPE_CHECKING:
    from store.outbox import Outbox, State

app = typer.Typer(
    help="What other systems are told of decisions.",
    no_args_is_help=True,
)
SHOWN = 50


def _outbox() -> "Outbox":
    from serving.settings import serving_settings
    from store.opening import open_outbox, require_recorded

    place = serving_settings().store
    require_recorded(*place)
    return open_outbox(*place)


@app.command("list")
def list_waiting() -> None:
    """How many messages wait, and the latest of them.

    Example: forbear webhooks list
    """
    _show("waiting")


@app.command()
def dead() -> None:
    """Messages that were given up after a day or two, the latest first.

    Example: forbear webhooks dead
    """
    _show("dead")


def _show(state: "State") -> None:
    from features.moments import to_datetime

    outbox = _outbox()
    counted, listed = outbox.state(), outbox.listed(state, SHOWN)
    outbox.close()
    say(f"{counted.n_waiting:,} wait, {counted.n_dead:,} were given up")
    rows = [
        (
            one.message_id,
            to_datetime(one.created_at).isoformat(timespec="seconds"),
            one.n_attempts,
            one.last_failure or "",
            to_datetime(one.due_at).isoformat(timespec="seconds"),
        )
        for one in listed
    ]
    if rows:
        names = "message", "written", "attempts", "last failure", "due"
        show_table("", names, rows)


@app.command()
def replay(
    message_id: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE_ID]", help="one message")
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="all that were given up")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="all written from then on, UTC", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
        ),
    ] = None,
) -> None:
    """Deliver again what was delivered or given up.

    The service must run. A message keeps its id, so a receiver that has it already can
    tell. What was delivered is kept for 30 days.

    Example: forbear webhooks replay --dead
    """
    from datetime import UTC

    from features.moments import microseconds

    if (message_id is not None) + dead + (since is not None) != 1:
        raise typer.BadParameter("name one message, or --dead, or --since")
    now = time.time_ns() // 1_000
    outbox = _outbox()
    try:
        if message_id is not None:
            outbox.replay(message_id, now)
            n_messages = 1
        elif since is not None:
            begin = microseconds(since.replace(tzinfo=UTC))
            n_messages = outbox.replay_since(begin, now)
        else:
            n_messages = outbox.replay_dead(now)
    finally:
        outbox.close()
    say(f"{n_messages:,} messages wait to be delivered again")
