"""`forbear act restore`."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    Stores,
    asking,
    carrying_out_with,
    stores_of_acts,
)
from cli.exits import DIFFERENT, OK
from cli.our_service import our_service
from cli.output import say

if TYPE_CHECKING:
    from execution.restoring import RestorationWatch
    from store.act import Act


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(restore)


def restore(
    every: Annotated[
        float | None,
        typer.Option(
            help="look again after so many seconds, until Ctrl-C; default: once",
            min=0.1,
        ),
    ] = None,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Give access back to whoever paid, while they wait.

    Asks the service (FORBEAR_SERVICE_URL, FORBEAR_KEY) about each customer whom our
    acts stopped: of whom events arrived since the last look, and all of them every 15
    minutes. What is cured is planned and done at once; nothing is taken. What a person
    must agree to, and what is back later than the policy promises, is named. Exit code
    1: something is late.

    Example: forbear act restore --every 10
    """
    from execution.restoring import RestorationWatch
    from serving.settings import serving_settings
    from store.opening import open_event_reader

    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
        our_service() as service,
    ):
        execution = carrying_out_with(stores, provider, service)
        execution.require_may_report()
        events = open_event_reader(*serving_settings().store)
        try:
            told = set[str]()
            restoring = RestorationWatch(*stores, events, provider, service, execution)
            while True:
                is_late = _look(restoring, stores, at, told)
                if every is None:
                    raise typer.Exit(DIFFERENT if is_late else OK)
                time.sleep(every)
        except KeyboardInterrupt:
            return
        finally:
            events.close()


def _look(
    restoring: "RestorationWatch", stores: Stores, at: str, told: set[str]
) -> bool:
    """Look once; whether something is late. `told`: acts that were named as late."""
    from execution.errors import ExecutionError
    from execution.restoring import late_restorations

    try:
        looked = restoring.look()
        for act in looked.planned:
            if act.n_approvals:
                say(f"{act.act_id}  restore {act.customer_id}: waits for a person")
        restoring.carry_out(_tell)
    except ExecutionError as error:  # it is started again, say
        say(str(error))
    is_late = False
    now = time.time_ns() // 1_000
    for act, by in late_restorations(stores.acts, stores.decisions, at, now):
        is_late = True
        if act.act_id not in told:
            told.add(act.act_id)
            name = f"{act.customer_id} {act.subscription_id}"
            say(
                f"LATE: {name} was to have access by {by:%Y-%m-%d %H:%M} UTC"
                f" ({act.why or act.state}); forbear act list --state {act.state}"
            )
    return is_late


def _tell(act: "Act", came_to: str) -> None:
    say(f"{act.act_id}  restore {act.customer_id} {act.subscription_id}: {came_to}")
