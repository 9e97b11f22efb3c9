"""`forbear policy tune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.lists import writing
from cli.output import say, show_table, waiting
from features.counted import counted

if TYPE_CHECKING:
    from backtest.tuning import Draft

Tiers = Annotated[
    int | None,
    typer.Option(min=1, max=50, help="tiers of exposure; default: as many as pay"),
]
ClvTiers = Annotated[
    int | None,
    typer.Option(
        min=1, max=10, help="tiers of lifetime value within each; default: as pay"
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        help="last moment looked at, with offset, or a date for its end; default:"
        " the latest known"
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(tune)


def tune(
    portfolio: PortfolioFolder,
    policy: Annotated[Path, typer.Option(help="policy whose costs count (YAML)")],
    out: Annotated[Path, typer.Option(help="draft policy to write (YAML)")],
    tiers: Tiers = None,
    clv_tiers: ClvTiers = None,
    as_of: AsOf = None,
) -> None:
    """Draft typed thresholds from a policy's costs.

    Proposes a review capacity, too. Writes a draft that is in force for nobody, and
    prints what it would save against deciding by cost for each customer. Of tiers as
    many are drafted as pay for customers they were not fitted to.

    Example: forbear policy tune demo --policy my-policy.yaml --out draft.yaml
    """
    from backtest.tuning import tune as tuned
    from cli.champions import champions
    from features.moments import MomentError, parse_moment
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home

    advisor = champions(forbear_home(), policy, portfolio)
    with waiting("reading the portfolio"):
        read = Portfolio.open_usable(portfolio, read_at=now_us())
    try:
        moment = None if as_of is None else parse_moment(as_of, read.settings.zone)
    except MomentError as error:
        raise typer.BadParameter(f"--as-of {as_of}: {error.rule}") from error
    with waiting("deriving thresholds"):
        draft = tuned(advisor, read, n_tiers=tiers, n_clv_tiers=clv_tiers, as_of=moment)
    write_draft(draft.policy, out)
    _show(draft)
    say(f"draft, in force for nobody: {out}")


def write_draft(text: str, out: Path) -> None:
    """Write a draft whole, or not at all."""
    with writing(out) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _show(draft: "Draft") -> None:
    """What each way to decide saves, and which of them were drafted."""
    rows = [
        (p.title, round(p.saving, 1), f"{p.share:.0%}", "drafted" * p.is_drafted)
        for p in draft.saved
    ]
    head = ("decided by", f"expected saving, {draft.currency}", "of the cost mode", "")
    show_table(f"{counted(draft.n_customers, 'customer')}, guard-rails off", head, rows)
    say(
        "tiers: of exposure × of lifetime value within each. All is said per look at"
        " everybody, and tiers are priced for customers they were not fitted to;"
        " drafted are the fewest that save as much as the best but for one standard"
        " error."
    )
    if not draft.reviews:
        say(
            "reviews: fewer than one pays at a look at everybody; the draft's capacity"
            f" is {draft.reviews_per_day:,} a day"
        )
        return
    say(
        f"reviews: {draft.reviews:,} pay now and gain {draft.review_gain:,.0f}"
        f" {draft.currency}; looked at once a month that is"
        f" {draft.reviews_per_day:,} a day"
    )
