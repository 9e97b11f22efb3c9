"""`forbear policy tune`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.output import say, show_table, waiting


def register(app: typer.Typer) -> None:
    app.command()(tune)


def tune(
    portfolio: PortfolioFolder,
    policy: Annotated[Path, typer.Option(help="policy whose costs count (YAML)")],
    out: Annotated[Path, typer.Option(help="draft policy to write (YAML)")],
    tiers: Annotated[int, typer.Option(min=1, max=50, help="tiers of exposure")] = 5,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="moment with offset, or a date for its end; default: the latest known"
        ),
    ] = None,
) -> None:
    """Draft typed thresholds from a policy's costs.

    Proposes a review capacity, too. Writes a draft that is in force for nobody, and
    prints what it would save against deciding by cost for each customer.

    Example: forbear policy tune demo --policy my-policy.yaml --out draft.yaml
    """
    from advice.rehearsal.tuning import tune as tuned
    from cli.score import champions
    from features.moments import MomentError, parse_moment
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home

    advisor = champions(forbear_home(), policy)
    with waiting("reading the portfolio"):
        read = Portfolio.open(portfolio)
    try:
        moment = None if as_of is None else parse_moment(as_of, read.settings.zone)
    except MomentError as error:
        raise typer.BadParameter(f"--as-of {as_of}: {error.rule}") from error
    with waiting("deriving thresholds"):
        draft = tuned(advisor, read, tiers, moment)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    unfinished.write_text(draft.policy, encoding="utf-8")
    unfinished.replace(out)
    rows = [(p.title, round(p.saving, 1), f"{p.share:.0%}") for p in draft.saved]
    head = ("decided by", f"expected saving, {draft.currency}", "of the cost mode")
    show_table(f"{draft.n_customers:,} customers, guard-rails off", head, rows)
    say(
        f"reviews: {draft.reviews:,} pay now and gain {draft.review_gain:,.0f}"
        f" {draft.currency}; looked at once a month that is"
        f" {draft.reviews_per_day:,} a day"
    )
    say(f"draft, in force for nobody: {out}")
