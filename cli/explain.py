"""`forbear explain`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.arguments import PolicyFile, PortfolioFolder
from cli.clock import now_us
from cli.moments import moment_of, readable_moment
from cli.output import say, waiting


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    portfolio: PortfolioFolder,
    customer_id: Annotated[
        str, typer.Argument(metavar="CUSTOMER_ID", help="as in the portfolio")
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            callback=readable_moment,
            help="moment (ISO 8601, or a date); default: as `forbear score`",
        ),
    ] = None,
    lang: Annotated[str, typer.Option(help="en, de, fr or pt-BR")] = "en",
    audience: Annotated[
        Literal["staff", "customer"], typer.Option(help="whom the words are for")
    ] = "staff",
    plot: Annotated[
        Path | None,
        typer.Option(
            help="draw expected cost per action over the probability: .svg or .png"
        ),
    ] = None,
    changes: Annotated[
        bool, typer.Option(help="say what would change the recommendation")
    ] = True,
    policy: PolicyFile = None,
) -> None:
    """Say what is recommended for one customer, and why.

    In plain words, made from the numbers that decide.

    Example: forbear explain data/samples/lumen c-0000262 --lang de --plot why.png
    """
    from advice.portfolio_run import advice_in
    from cli.champions import champions
    from cli.plots import plot_writer
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home
    from wording.explanation import explain as explained
    from wording.messages import Wording
    from wording.plots.cost_plot import cost_plot

    draw = None if plot is None else plot_writer(plot)
    advisor = champions(forbear_home(), policy, portfolio)
    with waiting("reading the portfolio"):
        read = Portfolio.open_usable(portfolio, read_at=now_us())
    moment = moment_of(read, as_of)
    advice = advice_in(advisor, read, customer_id, moment, with_counterfactuals=changes)
    answer = advice.recommendation
    asked = advisor.policy, lang, advice.counterfactuals
    explanation = explained(advice.case, answer, *asked)
    words = Wording(lang, answer.question.currency, read.settings.zone)
    as_told = words.sentence("staff.as_of", at=answer.at, zone=words.zone.key)
    typer.echo(f"{as_told}\n", err=audience == "customer")  # to him the text alone
    say(explanation.text(audience))
    if audience == "staff":
        for reason in advice.reasons or ():
            say(f"  {reason.share:4.0%}  {reason.family}: {reason.lead.staff}")
    if draw is not None:
        draw(cost_plot(answer, advisor.policy, lang))
        say(f"plot: {plot}")
