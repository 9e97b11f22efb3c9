"""`forbear keys`."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import say, show_table

if TYPE_CHECKING:
    from store.keys import ApiKey, KeyStore

app = typer.Typer(help="API keys of the service.", no_args_is_help=True)

KeyId = Annotated[
    str, typer.Argument(metavar="KEY_ID", help="from `forbear keys list`")
]


def _store(*, makes: bool = False) -> "KeyStore":
    """The keys; an empty place is made into a store only to keep a first key."""
    from serving.settings import serving_settings
    from store.opening import has_events, open_key_store, require_recorded

    place = serving_settings().store
    if not makes and not has_events(*place):  # beside events it is a lost file
        require_recorded(*place)
    return open_key_store(*place)


def _rate(text: str) -> str:
    from serving.settings import checked_rate

    try:
        return checked_rate(text)
    except ValueError:
        why = "write a number of requests and a time, such as 50/second"
        raise typer.BadParameter(why) from None


def _note(what: str, key_id: str) -> None:
    """Whoever changes keys is in the access log, as whoever reads decisions is."""
    from serving.settings import serving_settings
    from store.opening import open_access_log

    log = open_access_log(*serving_settings().store)
    log.add(None, what, key_id)
    log.close()


@app.command()
def create(
    name: Annotated[str, typer.Option(help="who will use it")],
    scope: Annotated[
        str | None,
        typer.Option(
            help="score: ask, send events, read; events: send events; read; review;"
            " audit: read, also who read what; admin: everything; default: score"
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="days until it expires; default: never")
    ] = None,
    customers: Annotated[
        str, typer.Option(help="only customers whose id begins so")
    ] = "",
    test: Annotated[
        bool, typer.Option("--test", help="decisions apart, which take no budget")
    ] = False,
    rate: Annotated[
        str | None,
        typer.Option(
            callback=lambda text: text and _rate(text),
            help="requests it may send, such as 50/second; default: the service's own",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            help="of a person at the desk, instead of a scope: risk_analyst,"
            " collections, account_manager, approver, auditor, admin"
        ),
    ] = None,
) -> None:
    """Make a key and show it once; only its hash is kept.

    Example: forbear keys create --name billing --scope score --days 365
    """
    if scope is not None and role is not None:
        raise typer.BadParameter("a role brings its scope: leave --scope away")
    if role is not None and test:
        why = "a test key opens no desk: leave --role away, or --test"
        raise typer.BadParameter(why)
    key, text = _store(makes=True).create(
        name,
        scope or "score",
        expires_at=None if days is None else datetime.now(UTC) + timedelta(days=days),
        customers=customers,
        is_test=test,
        rate_limit=rate,
        role=role,
    )
    _note("keys create", key.key_id)
    say(text)
    typer.echo(f"id {key.key_id}; shown only now, keep it safe", err=True)


@app.command("list")
def list_keys() -> None:
    """Every key ever made, without its secret.

    Example: forbear keys list
    """
    now = datetime.now(UTC)
    rows = [
        (
            key.key_id,
            key.name,
            f"{key.scope} (test)" if key.is_test else key.scope,
            key.role or "-",
            key.customers or "all",
            key.rate_limit or "-",
            key.created_at,
            key.expires_at or "never",
            _state_of(key, now),
        )
        for key in _store().listed()
    ]
    names = ("id", "name", "scope", "role", "customers", "rate", "created", "expires")
    show_table("", (*names, "revoked"), rows)


def _state_of(key: "ApiKey", now: datetime) -> str:
    """Whether it is good, and until when the secret before is as well."""
    if key.revoked_at or not key.is_active(now):
        return key.revoked_at or "expired"
    until = key.former_good_until(now)
    return "active" if until is None else f"active; the secret before: until {until}"


@app.command()
def rotate(
    key_id: KeyId,
    hours: Annotated[
        int, typer.Option(min=0, help="how long the secret before is good as well")
    ] = 24,
) -> None:
    """Give a key a new secret; the old one works a while longer.

    While an earlier secret is good it is not rotated again, but with --hours 0, which
    ends all secrets before at once.

    Example: forbear keys rotate 1f0c9a2b3d4e --hours 24
    """
    rotated, text = _store().rotate(key_id, timedelta(hours=hours))
    _note("keys rotate", key_id)
    say(text)
    before = f"is good until {rotated.former_until}" if hours else "has ended"
    typer.echo(f"shown only now; the secret before {before}", err=True)


@app.command()
def revoke(key_id: KeyId) -> None:
    """End a key at once, also for a running service.

    Example: forbear keys revoke 1f0c9a2b3d4e
    """
    _store().revoke(key_id)
    _note("keys revoke", key_id)
    say(f"{key_id} revoked")
