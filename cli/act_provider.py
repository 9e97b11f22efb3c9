"""`forbear act provider`."""

import time
from typing import Annotated

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
)
from cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(provider)


def provider(
    port: Annotated[int, typer.Option(help="port", min=0, max=65535)] = 8090,
    customer: Annotated[
        list[str] | None, typer.Option(help="CUSTOMER=SUBSCRIPTION, active; repeat it")
    ] = None,
    at: At = PARTNER_CENTER,
) -> None:
    """Run a provider that is none, to try it out.

    On this machine, until Ctrl-C. It says which options and which settings the other
    commands need to reach it.

    Example: forbear act provider --customer acme=sub-1
    """
    from execution.fakes.by_name import FAKES, WITH_LOGIN, settings_of
    from execution.fakes.server import serving

    if at not in FAKES:
        raise typer.BadParameter(f"--provider: write one of {', '.join(FAKES)}")
    fake = FAKES[at]()
    for pair in customer or []:
        customer_id, mark, subscription_id = pair.partition("=")
        if not mark or not subscription_id:
            raise typer.BadParameter("write CUSTOMER=SUBSCRIPTION")
        fake.add(customer_id, subscription_id)
    with serving(fake, port) as url:
        login = f" --login-url {url}" if at in WITH_LOGIN else ""
        say(f"listening at {url}; --provider {at} --provider-url {url}{login}")
        settings = " ".join(f"{name}={value}" for name, value in settings_of(at))
        say(f"in the other terminal: export {settings}")
        n_told = 0
        try:
            while True:
                time.sleep(0.2)
                for subscription_id, status in fake.changes[n_told:]:
                    say(f"{subscription_id}: {status}")
                n_told = len(fake.changes)
        except KeyboardInterrupt:
            return
