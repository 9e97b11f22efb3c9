"""`forbear db`."""

from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.clock import now_us
from cli.exits import DIFFERENT
from cli.output import say
from features.counted import counted

if TYPE_CHECKING:
    from serving.settings import ServingSettings
    from store.audit import Audit
    from store.database import Database

app = typer.Typer(help="The store of decisions, events and keys.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the store's tables to this release's form.

    They are made where there are none. Stop the service and make a backup first. All of
    it is done or nothing.

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
    """Write decisions, events, keys and models to one file.

    The service may run meanwhile. The file is read again and its chain checked. Exit
    code 1: something was altered before.

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
    """Put a backup into a store that holds nothing yet.

    It is checked there. From files into PostgreSQL and back as well; models come back
    to the state folder. Erase again who was erased since.

    Example: FORBEAR_HOME=/srv/again forbear db restore forbear-2026-06-30.sqlite
    """
    from serving.missing_models import miss_champions
    from serving.settings import serving_settings
    from store.backup import restore as restored

    place = serving_settings().store
    audited = restored(*place, file)
    missing = miss_champions(*place)
    if missing:
        named, folder = ", ".join(missing), place[0] / "bundles"
        say(f"not in the backup, and in force at its last decision: {named}")
        say(f"nothing is served until they are in {folder}/; copy them from the old")
        say("state folder, or run `forbear pull`")
    _say_checked(audited, "restored")


def _say_checked(audited: "Audit", what: str) -> None:
    say(f"{what}: {counted(audited.n_decisions, 'decision')}")
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
    """Count, or remove, the records whose time is over.

    The policy's `retention` says how long they are kept. A record stays while access is
    off or an appeal or dispute runs at the customer's last decision. The chain keeps
    that it expired. Stored events go by `event_days`, after the decisions about their
    customer. The service may run meanwhile.

    Example: forbear db expire --delete
    """
    from serving.settings import serving_settings
    from store.opening import open_recorded
    from store.removal import due
    from store.removal import expire as expired

    settings = serving_settings()
    database = open_recorded(*settings.store)
    now = now_us()
    if delete:
        say(f"{expired(database, now):,} records removed")
    else:
        now_due = due(database, now)
        n_records, n_customers = now_due.n_decisions, now_due.n_customers
        say(
            f"due: {counted(n_records, 'record')} of {counted(n_customers, 'customer')}"
        )
    _expire_events(settings, database, now, removes=delete)
    if not delete:
        say("nothing was removed; --delete removes them")
    database.close()


def _expire_events(
    settings: "ServingSettings", decisions: "Database", now: int, *, removes: bool
) -> None:
    """Remove stored events that the policy keeps no longer, or say how many."""
    from cli.arguments import terms_now
    from cli.policy_in_use import policy_in_use
    from decisions.policy_file.load import load_policy
    from store.event_expiry import expire_events
    from store.opening import has_events, open_database
    from store.schema import EVENTS

    policy = load_policy(policy_in_use(None))
    retention = terms_now(policy).document.retention
    days = None if retention is None else retention.event_days
    if days is None:
        say("stored events: `retention.event_days` of the policy is not stated; kept")
        return
    if not has_events(*settings.store):
        return
    before = now - timedelta(days=days) // timedelta(microseconds=1)
    events = open_database(*settings.store, EVENTS)
    found = expire_events(events, decisions, before, now, removes=removes)
    events.close()
    done = "removed" if removes else "due"
    say(
        f"{done}: {counted(found.n_rows, 'stored row')} of"
        f" {counted(found.n_customers, 'customer')}"
    )
    if found.n_kept_for_decisions:
        say(
            "kept, as decisions about them are:"
            f" {counted(found.n_kept_for_decisions, 'customer')} of whom nothing new"
            f" came for {counted(days, 'day')}"
        )


def erase(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="customer id")],
) -> None:
    """Erase a customer: key, records and events.

    Refused while access is off or an appeal or dispute runs, by the last decision or by
    what arrived since, or the policy still keeps a record. Backups made before hold
    what is erased: keep them no longer than you must, and erase again after a restore.
    Exit code 1: nothing of the customer was kept.

    Example: forbear erase c-0002643
    """
    import asyncio

    from serving.erasure import refuse_erasure_now
    from serving.records import test_folder
    from serving.settings import serving_settings
    from store.erasing import erase_everywhere
    from store.events import Erasure
    from store.opening import (
        open_decision_store,
        open_event_store,
        require_recorded,
    )
    from store.places import is_recorded

    settings, now = serving_settings(), now_us()
    place = settings.store
    require_recorded(*place)
    refuse_erasure_now(settings, customer, datetime.now(UTC))
    erasure = Erasure(customer, now, "command line")
    places, apart = [place], test_folder(settings.home)
    if is_recorded(apart):
        places.append((apart, None))
    with ExitStack() as opened:
        real, *of_tests = [
            opened.enter_context(closing(open_decision_store(*one))) for one in places
        ]
        events = opened.enter_context(closing(open_event_store(*place)))
        erased = asyncio.run(erase_everywhere(real, events, erasure, *of_tests))
    if not erased.n_decisions and not erased.n_events:
        say(f"no decision and no event of {customer!r} was kept: is the id right?")
        raise typer.Exit(DIFFERENT)
    say(
        f"erased: {counted(erased.n_decisions, 'decision')} and"
        f" {counted(erased.n_events, 'row')} of events"
    )
    say(
        "what stays: in the chain, for each decision, its id, when it was recorded and"
        " a hash that says nothing without the destroyed key; documents of policies;"
        " budget slots without the customer"
    )
