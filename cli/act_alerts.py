"""`forbear act alerts` and `acknowledge`."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from cli.act_options import (
    PARTNER_CENTER,
    AlertsFromOption,
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
    from execution.port import Resolution
    from store.provider_alerts import ProviderAlerts

SHOWN = 100
_RESOLUTIONS = ("fraud", "legitimate", "ignore")


def register(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command()(alerts)
    app.command()(acknowledge)


def alerts(
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
    alerts_from: AlertsFromOption = "fraud-events",
) -> None:
    """Read the provider's alerts, and tell the service what is new.

    Each alert is sent once in each status, as a row of `alerts`
    (FORBEAR_SERVICE_URL, FORBEAR_KEY). Alerts that the provider made as a test are left
    out. Exit code 1: the service refused a row.

    Example: forbear act alerts
    """
    from execution.alerts import bring_alerts

    seen = _seen()
    with (
        asking(at, provider_url, login_url, customers, alerts_from) as provider,
        our_service() as service,
    ):
        brought = bring_alerts(provider, seen, service, now_us())
    say(
        f"{counted(brought.n_read, 'alert')} read, {brought.n_new:,} new in their"
        f" status, {brought.n_sent:,} sent, {brought.n_tests:,} tests left out"
    )
    for alert_id, rule in brought.refused.items():
        say(f"{alert_id}: the service refuses the row ({rule})")
    rows = [
        (one.alert_id, one.customer_id, one.subscription_id, one.status)
        for one in seen.latest(at, SHOWN)
    ]
    seen.close()
    if rows:
        show_table(
            "", ("alert", "customer", "subscription", "status"), rows, is_copied=True
        )
    raise typer.Exit(DIFFERENT if brought.refused else OK)


def acknowledge(
    alert_id: Annotated[str, typer.Argument(help="of `forbear act alerts`")],
    resolution: Annotated[
        str, typer.Option("--as", help="fraud, legitimate or ignore", metavar="WHAT")
    ],
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
    alerts_from: AlertsFromOption = "fraud-events",
) -> None:
    """Tell the provider what an alert was found to be.

    It is read afterwards; `forbear act alerts` then brings its new status.

    Example: forbear act acknowledge 2a7064fb… --as fraud
    """
    from execution.alerts import acknowledge as tell

    if resolution not in _RESOLUTIONS:
        raise typer.BadParameter(f"--as: write one of {', '.join(_RESOLUTIONS)}")
    seen = _seen()
    alert = seen.find(at, alert_id)
    seen.close()
    with asking(at, provider_url, login_url, customers, alerts_from) as provider:
        after = tell(provider, alert, cast("Resolution", resolution))
    say(f"{alert_id} of {after.customer_id} is {after.status} as {resolution}")


def _seen() -> "ProviderAlerts":
    from serving.settings import serving_settings
    from store.opening import open_provider_alerts

    return open_provider_alerts(*serving_settings().store)
