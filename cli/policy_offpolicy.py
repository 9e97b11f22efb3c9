"""`forbear policy offpolicy`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.exits import DIFFERENT, OK
from cli.output import say, show_table, waiting
from features.counted import counted

if TYPE_CHECKING:
    from backtest.offpolicy import OffPolicyReport

MOST_UNSUPPORTED = 0.1  # share of the decisions


def register(app: typer.Typer) -> None:
    app.command()(offpolicy)


def offpolicy(
    portfolio: PortfolioFolder,
    policy: Annotated[Path, typer.Option(help="the policy to value (YAML)")],
    decisions: Annotated[
        Path,
        typer.Option(exists=True, help="Parquet of `forbear decisions export`"),
    ],
    models: Annotated[
        Path | None,
        typer.Option(
            help="state folder with the champions; default: FORBEAR_HOME",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Value a policy, or other models, on recorded decisions.

    Says what it would have cost by three estimates, and how far each may be trusted.
    Exit code 1: the check of the direct method fails, or more than a tenth of the
    decisions is not supported.

    Example: forbear policy offpolicy PORTFOLIO --policy my-policy.yaml --decisions
    june.parquet
    """
    from backtest.logged_decisions import read_logged, with_outcomes
    from backtest.offpolicy import off_policy
    from cli.champions import champions
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home

    with waiting("reading"):
        logged = read_logged(decisions)
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        advisor = champions(models or forbear_home(), policy, portfolio)
        report = off_policy(with_outcomes(logged, read, advisor))
    say(f"{report.n:,} of {counted(len(logged), 'decision')} whose outcome is known")
    _show(report, advisor.policy.document.currency)
    is_doubtful = (
        report.is_direct_valid is False or report.unsupported > MOST_UNSUPPORTED
    )
    raise typer.Exit(DIFFERENT if is_doubtful else OK)


def _show(report: "OffPolicyReport", currency: str) -> None:
    """Costs by each estimate, and what says how far they can be trusted."""
    named = {
        "what was done, as it came": report.logged,
        "new policy, direct method": report.direct,
        "new policy, SNIPS": report.snips,
        "new policy, DR": report.doubly_robust,
        "new minus old, direct method": report.difference,
    }
    show_table(
        "",
        (f"{currency} a decision", "cost", "95 % interval"),
        [(n, one.value, f"{one.low:.4g} – {one.high:.4g}") for n, one in named.items()],
    )
    say(f"the policies differ in {report.share_different:.1%} of the decisions")
    if report.check is None:
        say(
            "the direct method is not checked: too little came of decisions that were"
            " softer by chance (exploration in the policy)"
        )
    else:
        check = report.check
        verdict = "holds" if report.is_direct_valid else "DOES NOT HOLD"
        say(
            f"the direct method {verdict}: observed over expected where decisions were"
            f" softer by chance {check.value:.2f} ({check.low:.2f} to {check.high:.2f})"
        )
    everywhere, there = report.effective
    say(
        f"SNIPS and DR rest on {there:,.0f} effective decisions where the policies may"
        f" differ ({everywhere:,.0f} in all), largest weight"
        f" {report.largest_weight:.3g}"
        + ("" if report.is_weighable else ": too few to go by")
    )
    say(
        f"{report.unsupported:.1%} of the decisions would be such as the old policy"
        " never takes there: of these nothing is known but what the models expect"
    )
