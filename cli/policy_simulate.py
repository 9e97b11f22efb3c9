"""`forbear policy simulate`: the command of a backtest."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.arguments import PortfolioFolder
from cli.clock import now_us
from cli.output import progress, say, show_table, waiting
from features.counted import counted

if TYPE_CHECKING:
    from backtest.outcome import Backtest
    from backtest.run import StepProgress
    from backtest.truth import Truth
    from features.portfolio import Portfolio

From = Annotated[str, typer.Option("--from", help="first day, such as 2026-01-01")]
To = Annotated[str, typer.Option("--to", help="last day")]
Tried = Annotated[Path, typer.Option(help="the policy to try (YAML)")]
Against = Annotated[
    Path | None, typer.Option(help="policy to compare with; default: doing nothing")
]
Oracle = Annotated[
    Path | None,
    typer.Option(help="truth of a simulated portfolio; default: PORTFOLIO.oracle"),
]
Every = Annotated[int, typer.Option(min=1, help="days between decisions")]
ScoreEvery = Annotated[int, typer.Option(min=1, help="days between new scores")]
Notices = Annotated[
    Literal["simulated", "recorded"],
    typer.Option(
        help="the policy's own notices, as if sent; or those on record, whichever"
        " policy sent them"
    ),
]
Delivered = Annotated[
    float, typer.Option(min=0, max=1, help="share of simulated notices delivered")
]
DeliveryHours = Annotated[
    float, typer.Option(min=0, help="until a simulated notice is delivered")
]
ReviewRest = Annotated[
    int, typer.Option(min=0, help="days until a customer is reviewed again")
]
Out = Annotated[Path, typer.Option(help="folder for report.html and tables")]


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    portfolio: PortfolioFolder,
    policy: Tried,
    since: From,
    until: To,
    out: Out,
    against: Against = None,
    oracle: Oracle = None,
    every: Every = 1,
    score_every: ScoreEvery = 7,
    notices: Notices = "simulated",
    delivered: Delivered = 0.97,
    delivery_hours: DeliveryHours = 24.0,
    review_rest: ReviewRest = 30,
) -> None:
    """Try a policy on a portfolio's past, day by day.

    Uses the champions under FORBEAR_HOME with what was known on each day. The past
    does not react to the policy. Writes report.html, days.parquet, decisions.parquet
    and guard_rails.parquet into OUT.

    Example: forbear policy simulate demo --policy my-policy.yaml --from 2026-01-01
    --to 2026-03-31 --out backtest
    """
    from backtest.assumptions import Assumptions
    from backtest.decision_days import DecisionDays
    from backtest.report import write_report
    from backtest.run import run_backtest
    from cli.champions import champions
    from cli.policy_in_use import policy_in_use
    from decisions.policy_file.load import load_policy
    from features.collector import rarely_collected
    from scoring.shelf import forbear_home

    first, last = _day(since, "--from"), _day(until, "--to")
    old = None if against is None else load_policy(policy_in_use(against))
    assumed = Assumptions(
        notices=notices,
        delivered_share=delivered,
        delivery_hours=delivery_hours,
        review_rest_days=review_rest,
    )
    advisor = champions(forbear_home(), policy, portfolio)
    read, truth = _read(portfolio, oracle)
    zone = read.settings.zone
    days = DecisionDays.between(first, last, zone, every=every, score_every=score_every)
    with _step_progress() as moved, rarely_collected():
        backtest = run_backtest(
            advisor,
            read,
            days,
            against=old,
            assumptions=assumed,
            truth=truth,
            progress=moved,
        )
    written = write_report(backtest, out)
    _show(backtest)
    for path in written:
        say(str(path))


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {text}: a day as YYYY-MM-DD") from error


def _read(portfolio: Path, oracle: Path | None) -> "tuple[Portfolio, Truth | None]":
    from features.portfolio import Portfolio

    with waiting("reading the portfolio"):
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        return read, _truth(portfolio, oracle)


def _truth(portfolio: Path, oracle: Path | None) -> "Truth | None":
    """The oracle's tables, read plainly; None where there is no truth."""
    import pyarrow.parquet as pq

    from backtest.truth import Truth

    folder = oracle or portfolio.with_name(portfolio.name + ".oracle")
    months, branched = folder / "months.parquet", folder / "truth.parquet"
    if oracle is not None and not oracle.is_dir():
        raise typer.BadParameter(f"--oracle {oracle}: no such folder")
    if not months.is_file() and not branched.is_file():
        return None
    return Truth(
        branched=pq.read_table(branched) if branched.is_file() else None,
        months=pq.read_table(months) if months.is_file() else None,
    )


@contextmanager
def _step_progress() -> "Iterator[StepProgress]":
    """One bar over all steps, each as long as the others."""
    from backtest.run import STEPS

    with progress("backtesting") as moved:

        def report(step: str, done: int, total: int) -> None:
            part = 100 * done // max(total, 1)
            moved(100 * STEPS.index(step) + part, 100 * len(STEPS))

        yield report


def _show(backtest: "Backtest") -> None:
    """The result in a sentence, its cautions, and what each guard-rail costs."""
    from backtest.guardrail_cost import mean_guardrail_costs
    from backtest.report.assumption_sentences import cautions
    from backtest.report.composition import lead
    from backtest.report.numbers import percent_range

    say(lead(backtest))
    for caution in cautions(backtest):
        say(caution)
    rows = [
        # plus zero: a rounded price below zero is no `-0`
        (mean.title, round(mean.cost, 1) + 0.0, round(mean.n_changed, 1))
        for mean in mean_guardrail_costs(backtest.day_costs)
        if mean.cost or mean.n_changed
    ]
    head = ("guard-rail", f"price on an average day, {backtest.currency}", "customers")
    if rows:
        show_table("", head, rows)
    for regret in backtest.regrets:
        shares = "; ".join(
            f"{name.replace('_', ' ')} {percent_range(share)}"
            for name, share in regret.captured.items()
        )
        say(
            "captured of the attainable saving,"
            f" {counted(regret.n_customers, 'customer')}:"
        )
        say(f"  {shares}")
