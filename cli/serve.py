"""`forbear serve`."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.output import begin
from cli.own_app import own_app


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is imported is garbage: looking for it is a seventh of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # else the first look afterwards walks all of it
        gc.enable()


def alone() -> typer.Typer:
    """The command `forbear` with no other command, for a service that starts."""
    app = own_app()
    app.callback()(lambda: None)  # else `serve` would not be a word of the command
    register(app)
    return app


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port", min=0, max=65535)] = 8000,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="portfolio.yaml whose `defaults` and `none` hold for requests;"
            " default: FORBEAR_SETTINGS, else as the models have it"
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(help="processes that answer at the same address", min=1)
    ] = 1,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="certificate with its chain, PEM", exists=True, dir_okay=False
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(help="its private key, PEM", exists=True),
    ] = None,
) -> None:
    """Serve the champions under FORBEAR_HOME until Ctrl-C.

    Before the first training the starter answers, and every stop that rests on it
    waits for a person.
    New champions, a published policy and, until one is published, a changed policy file
    (FORBEAR_POLICY) are taken up without a restart. Docs are at /docs, metrics at
    /metrics. Settings are environment variables: docs/api.md lists them.

    Example: forbear serve --port 8000
    """
    begin(f"starting the service at {host}:{port}, until Ctrl-C …")
    with _uncollected():
        from serving.listening import TlsFiles
        from serving.server import run
        from serving.settings import serving_settings

    stated = serving_settings()
    if settings is not None:
        stated = stated.model_copy(update={"settings": settings})
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    tls = TlsFiles(tls_cert, tls_key) if tls_cert and tls_key else None
    run(host, port, stated, n_workers=workers, tls=tls)
