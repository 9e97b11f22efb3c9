"""Arguments that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.audits import Acceptance

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
AcceptLeak = Annotated[
    list[str] | None,
    typer.Option(help="a suspected feature that was known at its moment after all"),
]
Because = Annotated[
    str | None,
    typer.Option(help="why it may be used; recorded with the model"),
]


def acceptances(
    names: Sequence[str] | None, because: str | None
) -> "tuple[Acceptance, ...]":
    """What a person vouches for, each with the reason.

    Raises:
        typer.BadParameter: a name without a reason.
    """
    from training.audits import Acceptance

    if names and not (because or "").strip():
        raise typer.BadParameter('say why with --because "…"; it is recorded')
    return tuple(Acceptance(name, because or "") for name in names or ())
