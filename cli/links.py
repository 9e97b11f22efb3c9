"""`forbear links`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.output import say
from features.counted import counted


def register(app: typer.Typer) -> None:
    app.command()(links)


def links(
    portfolio: PortfolioFolder,
    out: Annotated[Path, typer.Option(help="where to write: .parquet or .csv")],
) -> None:
    """Write who shares a card, a device or an address with whom.

    As rows of the table `links`, for a service that scores one customer at a time:
    send a customer's rows with POST /v1/events, or with the request.

    Example: forbear links data/samples/lumen --out links.parquet
    """
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    from features.portfolio import Portfolio
    from features.reading.links import rows_to_send

    if out.suffix not in (".parquet", ".csv"):
        raise typer.BadParameter(f"--out {out}: a file that ends in .parquet or .csv")
    opened = Portfolio.open(portfolio, read_at=now_us())
    if "links" not in opened.settings.tables:
        raise typer.BadParameter(
            f"{portfolio}: no instrument_id, ip_id or device_id to find links by, or"
            " none that is not masked"
        )
    rows = rows_to_send(opened.connection, opened.tables["links"])
    write = pq.write_table if out.suffix == ".parquet" else pacsv.write_csv
    write(rows, out)
    say(f"written: {out} ({counted(rows.num_rows, 'row')})")
