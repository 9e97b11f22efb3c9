"""`forbear act check`."""

from typing import Annotated

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    asking,
)
from cli.exits import DIFFERENT, OK
from cli.output import say, show_table


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(check)


def check(
    customer: Annotated[str, typer.Option(help="one that was set aside for it")],
    subscription: Annotated[str, typer.Option(help="an active one of that customer")],
    really: Annotated[
        bool, typer.Option("--really", help="take its access, and give it back")
    ] = False,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Try whether a provider keeps what the port promises.

    Without --really it is only read. Exit code 1: a promise is not kept.

    Example: forbear act check --customer test --subscription s-test --really
    """
    from execution.conformance import check_changing, check_reading

    about = customer, subscription
    with asking(at, provider_url, login_url, customers) as provider:
        found = list(check_reading(provider, *about))
        if really:
            found += check_changing(provider, *about)
    rows = [("yes" if f.is_kept else "NO", f.promise, f.seen) for f in found]
    show_table("", ("kept", "promise", "instead"), rows)
    n_broken = sum(not one.is_kept for one in found)
    say(f"{len(found) - n_broken} of {len(found)} promises kept")
    raise typer.Exit(DIFFERENT if n_broken else OK)
