"""`forbear evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PolicyFile, PortfolioFolder, terms_now
from cli.clock import now_us
from cli.exits import OK, REJECTS, UNUSABLE
from cli.output import say, show_table, steps
from cli.policy_in_use import policy_in_use

if TYPE_CHECKING:
    from training.report.evidence import Evidence

Targets = Annotated[
    list[str] | None,
    typer.Option("--target", help="fraud or nonpayment; default: all with labels"),
]
Protected = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="CSV of customer_id and groups to compare; they never become features",
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    portfolio: PortfolioFolder,
    out: Annotated[Path, typer.Option(help="folder for the reports")] = Path(
        "evaluation"
    ),
    target: Targets = None,
    policy: PolicyFile = None,
    protected: Protected = None,
    origins: Annotated[
        int, typer.Option(min=0, help="earlier moments at which training is rehearsed")
    ] = 3,
    seed: Annotated[int, typer.Option(help="as of `forbear train`")] = 0,
    directions: Annotated[
        bool,
        typer.Option("--directions", help="measure what each held direction costs"),
    ] = False,
) -> None:
    """Judge what training makes of a portfolio.

    One report per target; nothing is registered. Writes TARGET.html, one file that
    fetches nothing, and TARGET.json. Takes about as long as training for every origin.
    Exit code 2: there is nothing to judge. 3: done, but rows of the portfolio were
    rejected.

    Example: forbear evaluate data/samples/lumen --out evaluation
    """
    from advice.currency import in_portfolio_currency
    from decisions.policy_file.load import load_policy
    from features.portfolio import Portfolio
    from training.report.evaluation_report import evaluate as evaluated
    from training.report.evaluation_report import write_evaluation
    from training.report.evidence import read_protected

    stated = load_policy(policy_in_use(policy))
    n_judged = 0
    with steps("evaluate") as step:
        step("reading the portfolio")
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        terms = terms_now(in_portfolio_currency(stated, read.settings))
        ids = read.customer_ids
        for result in evaluated(
            read,
            target,  # type: ignore[arg-type]
            terms,
            seed=seed,
            n_origins=origins,
            protected=read_protected(protected, ids) if protected else None,
            directions=directions,
            progress=step,
        ):
            if result.evidence is None:
                say(f"{result.target}: nothing to judge: {result.refusal}")
                continue
            n_judged += 1
            _show(result.evidence, *write_evaluation(result.evidence, out))
    if not n_judged:
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(REJECTS if read.rejects else OK)


def _show(evidence: "Evidence", page: Path, document: Path) -> None:
    """What to expect of a later period, how rows were split, where the pages lie."""
    from training.model_card import METRIC_NAMES
    from training.report.sections import SPLITS, WORTH

    rows = [
        (
            METRIC_NAMES[name],
            metric.value,
            f"{metric.low:.3g} – {metric.high:.3g}",
            " ".join(f"{origin.found[name]:.3g}" for origin in evidence.origins),
        )
        for name, metric in evidence.later.items()
    ]
    if rows:
        show_table(
            f"{evidence.target}: {evidence.bundle.learner}, "
            f"{len(evidence.test):,} test rows",
            ("measure", "value", "expected of a later period", "found at origins"),
            rows,
        )
    say(SPLITS[evidence.learnt.split.kind])
    shortfall = None if evidence.savings is None else evidence.savings.shortfall()
    if shortfall is not None:
        say(f'look at this: {shortfall}: see "{WORTH}"')
    say(f"{page}\n{document}\n")
