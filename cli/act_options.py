"""What the commands of `forbear act` share: options, stores, and who is asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.next_command import next_command
from cli.our_service import our_service

if TYPE_CHECKING:
    from execution.carry_out import Execution
    from execution.port import Provider
    from execution.providers.by_name import AlertsFrom
    from execution.service import Service
    from store.acts import Acts
    from store.decisions import DecisionReader

Customers = Annotated[
    Path | None,
    typer.Option(
        help="CSV with the columns customer_id and provider_id, where they differ",
        exists=True,
        dir_okay=False,
    ),
]
At = Annotated[
    str,
    typer.Option(
        "--provider",
        help="partner-center, kill-bill, google-reseller, google-channel, whmcs or"
        " webhook",
        metavar="NAME",
    ),
]
ProviderUrl = Annotated[
    str | None,
    typer.Option(
        help="address of the provider's API; default: Partner Center's", metavar="URL"
    ),
]
LoginUrl = Annotated[
    str | None,
    typer.Option(
        help="where tokens are fetched; default: as the provider says", metavar="URL"
    ),
]
AlertsFromOption = Annotated[
    str,
    typer.Option(
        "--alerts-from",
        help="which of Microsoft's APIs: fraud-events, or graph (not in 21Vianet)",
        metavar="API",
    ),
]
PARTNER_CENTER = "partner-center"


def how_to_carry_out(
    at: str,
    provider_url: str | None = None,
    login_url: str | None = None,
    customers: Path | None = None,
) -> str:
    """The command that carries out what is due at this provider."""
    options = {
        "--provider": None if at == PARTNER_CENTER else at,
        "--provider-url": provider_url,
        "--login-url": login_url,
        "--customers": customers,
    }
    return next_command("act run", options)


class Stores(NamedTuple):
    """Acts, and the decisions they were planned from."""

    acts: "Acts"
    decisions: "DecisionReader"


@contextmanager
def stores_of_acts() -> Iterator[Stores]:
    """Acts, and the decisions they were planned from."""
    from serving.settings import serving_settings
    from store.opening import open_acts, open_decision_reader

    place = serving_settings().store
    stores = Stores(open_acts(*place), open_decision_reader(*place))
    try:
        yield stores
    finally:
        stores.acts.close()
        stores.decisions.close()


@contextmanager
def asking(
    name: str,
    url: str | None,
    login_url: str | None,
    customers: Path | None,
    alerts_from: str = "fraud-events",
) -> "Iterator[Provider]":
    """The provider of this name."""
    import httpx

    from execution.errors import ProviderAccessError
    from execution.providers.by_name import CHOICES, Connection
    from scoring.shelf import forbear_home
    from serving.safe_address import require_safe_address

    if name not in CHOICES:
        raise typer.BadParameter(f"--provider: write one of {', '.join(CHOICES)}")
    choice = CHOICES[name]
    at = url or choice.url
    if at is None:
        raise typer.BadParameter(f"--provider-url: say where your {name} is")
    require_safe_address("provider_url", at)
    if login_url is not None:
        require_safe_address("login_url", login_url)
    with httpx.Client(base_url=at, timeout=60.0) as client:
        connection = Connection(
            client=client,
            environment=os.environ,
            customers={} if customers is None else _ids(customers),
            drafts=forbear_home() / "requests",
            login_url=login_url,
            alerts_from=_alerts_from(alerts_from),
            # a fake answers as both
            **({"graph_url": url} if url is not None and login_url == url else {}),
        )
        try:
            yield choice.connect(connection)
        except ProviderAccessError as error:
            raise ProviderAccessError(error.cause, choice.settings) from error


def _alerts_from(text: str) -> "AlertsFrom":
    if text == "graph":
        return "graph"
    if text == "fraud-events":
        return "fraud-events"
    raise typer.BadParameter("--alerts-from: write fraud-events or graph")


def _ids(file: Path) -> dict[str, str]:
    from execution.small_csv import filled_rows

    needed = "customer_id", "provider_id"
    rows = [row for _, row in filled_rows(file, needed, typer.BadParameter)]
    pairs = [(row["customer_id"] or "", row["provider_id"] or "") for row in rows]
    ids = dict(pairs)
    if len(ids) < len(pairs):
        raise typer.BadParameter(f"{file}: a customer_id is there twice")
    if not all(ids) or not all(ids.values()):
        raise typer.BadParameter(f"{file}: a row lacks an id")
    return ids


@contextmanager
def carrying_out(stores: Stores, provider: "Provider") -> "Iterator[Execution]":
    """Who carries acts out at a provider, checked by our service."""
    with our_service() as service:
        yield carrying_out_with(stores, provider, service)


def carrying_out_with(
    stores: Stores, provider: "Provider", service: "Service"
) -> "Execution":
    """As `carrying_out`, by a service that the caller asks as well."""
    from execution.carry_out import Execution
    from execution.recheck import ServiceRecheck

    return Execution(
        *stores,
        provider,
        ServiceRecheck(service),
        service,
        evidence_files=_evidence_files,
    )


def _evidence_files(decision_id: str) -> dict[str, bytes]:
    """What of an evidence pack goes with a service request."""
    from execution.providers.prepared_mail import TO_ATTACH
    from serving.evidence import evidence_pack
    from serving.settings import serving_settings

    files = evidence_pack(serving_settings(), decision_id)
    return {name: files[name] for name in TO_ATTACH}
