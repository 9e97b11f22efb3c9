"""`forbear act requests` and `request`."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    asking,
)
from cli.clock import now_us
from cli.exits import DIFFERENT, OK
from cli.our_service import our_service
from cli.output import say, show_table
from features.counted import counted

if TYPE_CHECKING:
    from store.requests import Requests, RequestState

SHOWN = 100
_STATES = ("sent", "answered", "closed")


def register(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command("requests")(list_requests)
    app.command("request")(change_request)


def list_requests(
    ask: Annotated[
        bool, typer.Option("--ask", help="ask the provider how far they are")
    ] = False,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Show service requests and how far they are.

    They are drafted, sent, answered or closed.

    Example: forbear act requests --ask
    """
    from execution.requests import follow

    with closing(_requests()) as requests:
        if ask:
            with asking(at, provider_url, login_url, customers) as provider:
                now = now_us()
                further = follow(provider, requests, now, _not_told)
            say(f"{counted(len(further), 'request')} came further")
        rows = [
            (
                *(one.act.act_id, one.act.provider, one.act.customer_id),
                *(one.state, one.number, one.result or ""),
            )
            for one in requests.listed(SHOWN)
        ]
    if rows:
        show_table(
            "",
            ("act", "at", "customer", "state", "number", "result"),
            rows,
            is_copied=True,
        )


def change_request(
    act_id: Annotated[str, typer.Argument(help="of `forbear act requests`")],
    state: Annotated[
        str, typer.Option("--is", help="sent, answered or closed", metavar="STATE")
    ],
    by: Annotated[str, typer.Option(help="who says so")],
    number: Annotated[str, typer.Option(help="the provider's own number")] = "",
    result: Annotated[
        str | None,
        typer.Option(help="what it says: fraud, fraud_cleared or account_takeover"),
    ] = None,
    strength: Annotated[
        str, typer.Option(help="of that: confirmed, analyst or weak")
    ] = "analyst",
) -> None:
    """Write down how far a service request is.

    A draft that was sent is told to the service as a row of `actions`, what an answer
    says (--result) as a row of `outcomes` (FORBEAR_SERVICE_URL, FORBEAR_KEY); that may
    be written down later, once. Exit code 1: nothing was changed.

    Example: forbear act request a0f3… --is answered --result fraud --by "Ada Lovelace"
    """
    from execution.requests import RESULTS, STRENGTHS, report_changes
    from store.requests import RequestChange

    if state not in _STATES:
        raise typer.BadParameter(f"--is: write one of {', '.join(_STATES)}")
    if result is not None and (result not in RESULTS or state == "sent"):
        words = ", ".join(RESULTS)
        raise typer.BadParameter(f"--result: one of {words}, of what was answered")
    if strength not in STRENGTHS:
        raise typer.BadParameter(f"--strength: write one of {', '.join(STRENGTHS)}")
    if not by.strip():
        raise typer.BadParameter("say who says so")
    change = RequestChange(
        act_id=act_id,
        state=cast("RequestState", state),
        at=now_us(),
        number=number,
        by_whom=by.strip(),
        result=result,
        strength=None if result is None else strength,
    )
    with closing(_requests()) as requests:
        is_changed = requests.change(change)
        if not is_changed:
            say(f"it is {requests.find(act_id).state} already; nothing was changed")
        with our_service() as service:
            report_changes(requests, service, _refused)
        say(f"{act_id} is {requests.find(act_id).state}")
    raise typer.Exit(OK if is_changed else DIFFERENT)


def _not_told(act_id: str, code: str) -> None:
    say(f"{act_id}: the provider refuses to tell how far it is ({code})")


def _refused(act_id: str, rule: str) -> None:
    say(f"{act_id}: the service refuses the row ({rule})")


def _requests() -> "Requests":
    from serving.settings import serving_settings
    from store.opening import open_requests

    return open_requests(*serving_settings().store)
