"""`forbear features`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.clock import now_us
from cli.output import show_table
from features.counted import counted

app = typer.Typer(help="What the models look at.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What the models look at."""


@app.command("list")
def list_features(
    portfolio: Annotated[
        Path | None,
        typer.Option(help="only the features this portfolio can have, with its own"),
    ] = None,
    family: Annotated[str | None, typer.Option(help="only this family")] = None,
) -> None:
    """Every feature with its unit, meaning and family.

    Example: forbear features list --portfolio data/samples/lumen --family lateness
    """
    from features.catalogue import CATALOGUE, feature_lines, feature_set

    features = CATALOGUE
    if portfolio is not None:
        from features.portfolio import Portfolio

        read = Portfolio.open(portfolio, read_at=now_us())
        features = feature_set(read.settings).features
    every = feature_lines(features)
    families = sorted({f.family for f in every})
    if family is not None and family not in families:
        raise typer.BadParameter(f"--family {family}: one of {', '.join(families)}")
    lines = [f for f in every if family in (None, f.family)]
    show_table(
        f"{counted(len(lines), 'feature')}",
        ("feature", "unit", "family", "meaning", "when missing", "direction"),
        [(f.name, f.unit, f.family, f.meaning, f.missing, f.direction) for f in lines],
    )
