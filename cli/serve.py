"""`forbear serve`."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port", min=0, max=65535)] = 8000,
) -> None:
    """Serve the champions under FORBEAR_HOME until Ctrl-C.

    New champions and a changed policy file (FORBEAR_POLICY) are taken up without a
    restart. Docs are at /docs, metrics at /metrics. Settings are environment
    variables: docs/api.md lists them.

    Example: forbear serve --port 8000
    """
    from serving.server import run

    run(host, port)
