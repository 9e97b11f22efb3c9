"""Arguments that several commands share."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from decisions.policy_file.load import Policy
    from decisions.terms import Terms
    from training.audits import Acceptance

PortfolioFolder = Annotated[
    Path,
    typer.Argument(metavar="PORTFOLIO", help="folder with portfolio.yaml and tables"),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        help="policy file, or the name of one that ships; default: the published one,"
        " else FORBEAR_POLICY, else reseller-default",
    ),
]
AcceptLeak = Annotated[
    list[str] | None,
    typer.Option(help="a suspected feature that was known at its moment after all"),
]
Because = Annotated[
    str | None,
    typer.Option(help="why; recorded with the model"),
]


def terms_now(policy: "Policy") -> "Terms":
    """What the policy says today, not after amendments that are still to come.

    Where none of its versions is in force, the last one.
    """
    return policy.in_force(datetime.now(UTC)) or policy.latest


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
