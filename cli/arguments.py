"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

PortfolioFolder = Annotated[
    Path,
    typer.Argument(metavar="PORTFOLIO", help="folder with portfolio.yaml and tables"),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        help="policy file; default: the one that ships",
        envvar="FORBEAR_POLICY",
    ),
]
