"""`forbear db`."""

import typer

from cli.output import say

app = typer.Typer(help="The store of decisions, events and keys.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the store's tables to the form of this release; make them where none are.

    Stop the service and make a backup first. All of it is done or nothing.

    Example: forbear db upgrade
    """
    from serving.settings import serving_settings
    from store.opening import upgrade as upgraded
    from store.schema import DECISIONS, EVENTS

    upgraded(*serving_settings().store)
    for schema in (DECISIONS, EVENTS):
        say(f"tables of {schema.name}: revision {schema.revision}")
