"""Every command in one place.

Commands live one file per group and import the rooms inside their functions, so that
`forbear --help` starts in a fraction of a second.
"""

from typing import Annotated

import typer

from cli import (
    access_request,
    act,
    appeals,
    audit,
    database,
    decisions,
    demo,
    evaluate,
    evidence,
    explain,
    features,
    importing,
    init,
    keys,
    labels,
    links,
    monitor,
    notify,
    policy,
    promote,
    recalibrate,
    replay,
    score,
    serve,
    shadow,
    simulate,
    tour,
    train,
    validate,
    webhooks,
)
from cli.exits import OK
from cli.own_app import own_app

app = own_app()
for group in (
    init,
    demo,
    tour,
    simulate,
    importing,
    validate,
    train,
    evaluate,
    promote,
    recalibrate,
    score,
    explain,
    links,
    serve,
    replay,
    evidence,
    access_request,
):
    group.register(app)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        from scoring.built import built_kernels

        built = ", ".join(built_kernels()) or "none"
        typer.echo(f"forbear {version('forbear')} (kernels in C: {built})")
        raise typer.Exit(OK)


@app.callback()
def forbear(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="say which release, and which kernels are built",
        ),
    ] = False,
) -> None:
    """Nothing of its own: the commands do the work."""


app.add_typer(features.app, name="features")
app.add_typer(policy.app, name="policy")
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.add_typer(audit.app, name="audit")
app.add_typer(labels.app, name="labels")
app.add_typer(decisions.app, name="decisions")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(act.app, name="act")
app.add_typer(notify.app, name="notify")
app.add_typer(appeals.app, name="appeals")
app.add_typer(monitor.app, name="monitor")
app.add_typer(shadow.app, name="shadow")
app.command()(database.erase)
