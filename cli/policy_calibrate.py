"""`forbear policy calibrate-costs`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.output import say, show_table, waiting
from features.counted import counted

if TYPE_CHECKING:
    from backtest.review_effect import ReviewEffect


def register(app: typer.Typer) -> None:
    app.command("calibrate-costs")(calibrate_costs)


def calibrate_costs(
    portfolio: PortfolioFolder,
    policy: Annotated[Path, typer.Option(help="policy to measure for (YAML)")],
    out: Annotated[Path, typer.Option(help="draft policy to write (YAML)")],
) -> None:
    """Draft a policy with the measured effect of review.

    Reads from `actions`, `outcomes` and `disputes` what reviews found, missed and took
    for fraud by mistake, and writes a draft that is in force for nobody. Everything
    else stays as assumed as it was; a backtest says how much rests on it.

    Example: forbear policy calibrate-costs demo --policy mine.yaml --out draft.yaml
    """
    from backtest.draft import calibrated_draft
    from backtest.review_effect import review_effect
    from cli.policy_in_use import policy_in_use
    from cli.policy_tune import write_draft
    from decisions.policy_file.load import load_policy
    from features.portfolio import Portfolio

    with waiting("reading the portfolio"):
        read = Portfolio.open_usable(portfolio, read_at=now_us())
    with waiting("reading what reviews found"):
        effect = review_effect(read)
    _show(effect)
    if not effect.n_found + effect.n_missed:
        say("no fraud was under review, so nothing was measured and nothing is drafted")
        return
    stated = load_policy(policy_in_use(policy))
    draft = calibrated_draft(stated, effect, read.settings.name)
    write_draft(draft, out)
    say(f"draft, in force for nobody: {out}")


def _show(effect: "ReviewEffect") -> None:
    share = effect.found_share()
    rows = [
        ("found", effect.n_found),
        ("missed", effect.n_missed),
        ("called fraud by mistake", effect.n_mistaken),
        ("cleared", effect.n_cleared),
    ]
    title = f"{counted(effect.n_reviews, 'review')}, old enough to judge"
    show_table(title, ("what came of it", "reviews"), rows)
    if effect.n_found + effect.n_missed:
        say(
            f"of the frauds among them {share.value:.0%} were found"
            f" (95 %: {share.low:.0%} to {share.high:.0%})"
        )
