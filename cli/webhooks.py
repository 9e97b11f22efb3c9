"""`forbear webhooks`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.clock import now_us
from cli.exits import DIFFERENT, OK
from cli.output import say, show_table
from features.counted import counted

if TYPE_CHECKING:
    from store.outbox import Outbox, State

app = typer.Typer(
    help="What other systems are told of decisions.",
    no_args_is_help=True,
)
SHOWN = 50
Endpoint = Annotated[
    str | None, typer.Option(metavar="NAME", help="one endpoint; all without it")
]


def _outbox() -> "Outbox":
    from serving.settings import serving_settings
    from store.opening import open_outbox, require_recorded

    place = serving_settings().store
    require_recorded(*place)
    return open_outbox(*place)


@app.command("list")
def list_waiting(endpoint: Endpoint = None) -> None:
    """How many messages wait, and the latest of them.

    Example: forbear webhooks list
    """
    _show("waiting", endpoint)


@app.command()
def dead(endpoint: Endpoint = None) -> None:
    """Messages given up after a day or two, the latest first.

    Example: forbear webhooks dead
    """
    _show("dead", endpoint)


def _show(state: "State", endpoint: str | None) -> None:
    """How many messages wait or were given up, and the first of one state."""
    from features.moments import to_datetime

    outbox = _outbox()
    states, listed = outbox.states(), outbox.listed(state, SHOWN, endpoint)
    outbox.close()
    counted = [one for name, one in states.items() if endpoint in (None, name)]
    n_waiting = sum(one.n_waiting for one in counted)
    n_dead = sum(one.n_dead for one in counted)
    say(f"{n_waiting:,} wait, {n_dead:,} were given up")
    rows = [
        (
            one.message_id,
            one.endpoint,
            to_datetime(one.created_at).isoformat(timespec="seconds"),
            one.n_attempts,
            one.last_failure or "",
            to_datetime(one.due_at).isoformat(timespec="seconds"),
        )
        for one in listed
    ]
    if rows:
        names = "message", "endpoint", "written", "attempts", "last failure", "due"
        show_table("", names, rows, is_copied=True)


@app.command()
def endpoints() -> None:
    """Who is told of what, and how many messages wait for each.

    One that has messages and is in no settings any more is listed as well. Exit code 1:
    the service would not start with an endpoint as it is set.

    Example: forbear webhooks endpoints
    """
    from serving.settings import serving_settings
    from serving.webhook_endpoint import why_unusable
    from serving.webhook_terms import webhook_terms
    from store.outbox import OutboxState

    terms = {one.name: one for one in webhook_terms(serving_settings())}
    outbox = _outbox()
    states = outbox.states()
    outbox.close()
    rows = []
    for name in [*terms, *(name for name in states if name not in terms)]:
        counted = states.get(name, OutboxState(0, 0, None))
        severity, kinds = "", "nothing any more"
        if name in terms:
            severity, kinds = terms[name].severity, ", ".join(sorted(terms[name].kinds))
        rows.append((name, severity, kinds, counted.n_waiting, counted.n_dead))
    if not rows:
        say("Nobody is told: set FORBEAR_WEBHOOK_URL or FORBEAR_WEBHOOKS.")
        return
    show_table("", ("endpoint", "from", "is told of", "wait", "given up"), rows)
    unusable = {name: why_unusable(one) for name, one in terms.items()}
    for name, why in unusable.items():
        if why is not None:
            say(f"{name} cannot be used: {why}")
    raise typer.Exit(DIFFERENT if any(unusable.values()) else OK)


@app.command()
def discard(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="its name")],
) -> None:
    """Forget all messages of an endpoint that is told of no more.

    Example: forbear webhooks discard old-crm
    """
    from serving.settings import serving_settings
    from serving.webhook_terms import webhook_terms

    if endpoint in {one.name for one in webhook_terms(serving_settings())}:
        why = f"{endpoint} is told still: take it out of the settings first"
        raise typer.BadParameter(why)
    outbox = _outbox()
    n_messages = outbox.discard(endpoint)
    outbox.close()
    say(f"forgotten: {counted(n_messages, 'message')}")


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
    endpoint: Endpoint = None,
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
    if message_id is not None and endpoint is not None:
        raise typer.BadParameter("a message is for one endpoint: leave --endpoint out")
    now = now_us()
    outbox = _outbox()
    try:
        if message_id is not None:
            outbox.replay(message_id, now)
            n_messages = 1
        elif since is not None:
            begin = microseconds(since.replace(tzinfo=UTC))
            n_messages = outbox.replay_since(begin, now, endpoint)
        else:
            n_messages = outbox.replay_dead(now, endpoint)
    finally:
        outbox.close()
    say(f"to be delivered again: {counted(n_messages, 'message')}")
