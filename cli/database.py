"""`forbear db`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import DIFFERENT
from cli.output import say

if TYPE_CHECKING:
    from store.audit import Audit

app = typer.Typer(help="The store of decisions, events and keys.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the store's tables to the form of this release; make them where none are.

    Stop the service and make a backup first. All of it is done or nothing.

    Example: forbear db upgrade
    """
    from serving.settings import serving_settings
    from store.opening import upgrade as upgraded
    from store.schema import DECISIONS, EVENTS

    upgraded(*serving_settings().store)
    for schema in (DECISIONS, EVENTS):
        say(f"tables of {schema.name}: revision {schema.revision}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="to be made")],
) -> None:
    """Write decisions, events and keys to one file; the service may run meanwhile.

    The file is read again and its chain checked. Keep `bundles/` of the state folder
    with it: old decisions replay with them. Exit code 1: something was altered before.

    Example: forbear db backup forbear-2026-06-30.sqlite
    """
    from serving.settings import serving_settings
    from store.backup import back_up

    _say_checked(back_up(*serving_settings().store, file), f"backup in {file}")


@app.command()
def restore(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="of `backup`", exists=True, dir_okay=False),
    ],
) -> None:
    """Put a backup into a store that holds nothing yet, and check it there.

    From files into PostgreSQL and back as well. Erase again who was erased since.

    Example: FORBEAR_HOME=/srv/again forbear db restore forbear-2026-06-30.sqlite
    """
    from serving.settings import serving_settings
    from store.backup import restore as restored

    _say_checked(restored(*serving_settings().store, file), "restored")


def _say_checked(audited: "Audit", what: str) -> None:
    say(f"{what}: {audited.n_decisions:,} decisions")
    say(f"head: position {audited.tip.position}, {audited.tip.link.hex()}")
    if audited.findings:
        say(f"{len(audited.findings):,} findings; `forbear audit verify` lists them")
        raise typer.Exit(DIFFERENT)
    say("checked: nothing was changed")


@app.command()
def expire(
    delete: Annotated[
        bool, typer.Option("--delete", help="remove them; without it they are counted")
    ] = False,
) -> None:
    """Count, or remove, the records whose time is over by the policy's `retention`.

    A record stays while access is off or an appeal or dispute runs at the customer's
    last decision. The chain keeps that it expired. The service may run meanwhile.

    Example: forbear db expire --delete
    """
    from serving.settings import serving_settings
    from store.opening import open_recorded
    from store.removal import due
    from store.removal import expire as expired

    database = open_recorded(*serving_settings().store)
    now = time.time_ns() // 1_000
    if delete:
        say(f"{expired(database, now):,} records removed")
    else:
        now_due = due(database, now)
        n_records, n_customers = now_due.n_decisions, now_due.n_customers
        say(f"{n_records:,} records of {n_customers:,} customers are due")
        say("nothing was removed; --delete removes them")
    database.close()


def erase(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="customer id")],
) -> None:
    """Erase a customer: the records' key, the records, the events.

    Refused while access is off or an appeal or dispute runs, or the policy still keeps
    a record. Backups made before hold what is erased: keep them no longer than you
    must, and erase again after a restore.

    Example: forbear erase c-0002643
    """
    import asyncio

    from serving.settings import serving_settings
    from store.events import Erasure
    from store.opening import (
        open_decision_store,
        open_event_store,
        require_recorded,
    )

    place, now = serving_settings().store, time.time_ns() // 1_000
    require_recorded(*place)
    decisions = open_decision_store(*place)
    try:
        erased = asyncio.run(decisions.erase(customer, now))
    finally:
        decisions.close()
    events = open_event_store(*place)
    try:
        n_rows = asyncio.run(events.erase(Erasure(customer, now, "command line")))
    finally:
        events.close()
    say(f"{erased.n_decisions:,} decisions and {n_rows:,} rows of events erased")
    say(
        "what stays: in the chain, for each decision, its id, when it was recorded and"
        " a hash that says nothing without the destroyed key; documents of policies;"
        " budget slots without the customer"
    )
