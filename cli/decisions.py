"""`forbear decisions`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.output import say
from features.counted import counted

app = typer.Typer(help="The recorded decisions.", no_args_is_help=True)
_MOMENT = "%Y-%m-%dT%H:%M:%S"
# as the answers of the API write moments, too
FORMATS = ["%Y-%m-%d", _MOMENT, f"{_MOMENT}%z", f"{_MOMENT}.%f%z"]


def recorded_at_us(stated: datetime) -> int:
    """Microseconds since 1970 of a stated moment; UTC where it says no zone."""
    moment = stated if stated.tzinfo else stated.replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Parquet file to write")],
    since: Annotated[
        datetime, typer.Option(formats=FORMATS, help="first moment of recording, UTC")
    ] = datetime(1970, 1, 1),  # noqa: DTZ001 - a flag has no zone; it is read as UTC
    before: Annotated[
        datetime, typer.Option(formats=FORMATS, help="recorded before it, UTC")
    ] = datetime(2200, 1, 1),  # noqa: DTZ001 - as above
) -> None:
    """Write recorded decisions to a Parquet file that only you can read.

    One row each, in the order of recording; `answer`, `versions` and
    `prior_decisions` are JSON. The requests' bodies are not in it.

    Example: forbear decisions export june.parquet --since 2026-06-01
    """
    from serving.settings import serving_settings
    from store.export import export as exported
    from store.opening import open_recorded

    if out.suffix.lower() != ".parquet":
        raise typer.BadParameter(f"{out}: the name must end in .parquet")
    database = open_recorded(*serving_settings().store)
    n = exported(database, out, recorded_at_us(since), recorded_at_us(before))
    database.close()
    say(f"{counted(n, 'decision')} in {out}")
