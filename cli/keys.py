"""`forbear keys`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import say, show_table

if TYPE_CHECKING:
    from store.keys import KeyStore

app = typer.Typer(help="API keys of the service.", no_args_is_help=True)


def _store() -> "KeyStore":
    from serving.settings import serving_settings
    from store.opening import open_key_store

    return open_key_store(*serving_settings().store)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="who will use it")],
    scope: Annotated[
        str,
        typer.Option(
            help="score: send events, ask and read; events: send events only; read:"
            " read only; review: read, and say what people decided; admin: all, and"
            " erase"
        ),
    ] = "score",
) -> None:
    """Make a key and show it once; only its hash is kept.

    Example: forbear keys create --name billing --scope score
    """
    key, text = _store().create(name, scope)
    say(text)
    typer.echo(f"id {key.key_id}; shown only now, keep it safe", err=True)


@app.command("list")
def list_keys() -> None:
    """Every key ever made, without its secret.

    Example: forbear keys list
    """
    rows = [
        (key.key_id, key.name, key.scope, key.created_at, key.revoked_at or "active")
        for key in _store().listed()
    ]
    show_table("", ("id", "name", "scope", "created", "revoked"), rows)


@app.command()
def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="KEY_ID", help="from `forbear keys list`")
    ],
) -> None:
    """End a key at once, also for a running service.

    Example: forbear keys revoke 1f0c9a2b3d4e
    """
    _store().revoke(key_id)
    say(f"{key_id} revoked")
