"""`forbear act audit`."""

from typing import Annotated

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    asking,
    stores_of_acts,
)
from cli.clock import now_us
from cli.output import say
from features.counted import counted


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(audit)


def audit(
    since_days: Annotated[
        float, typer.Option(help="acts done in the last days", min=0.01, max=30)
    ] = 7.0,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Read back what the provider has on record of our acts.

    Who did what there, and when, is kept with the proof of each act, and stands in
    `forbear evidence`. Records appear late: what is not there yet is looked for the
    next time.

    Example: forbear act audit --since-days 7
    """
    from execution.audit_records import bring_audit_records
    from features.moments import DAY_US

    since = now_us() - int(since_days * DAY_US)
    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
    ):
        found = bring_audit_records(provider, stores.acts, since)
    n_missing = found.n_asked - found.n_found
    say(f"on record: {counted(found.n_found, 'act')}; not yet: {n_missing:,}")
