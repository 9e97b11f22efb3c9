"""`forbear audit leakage`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import AcceptLeak, Because, PortfolioFolder, acceptances
from cli.clock import now_us
from cli.exits import DIFFERENT
from cli.lists import writing
from cli.output import say, show_table, steps
from features.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.audits.check import Check
    from training.audits.leakage import LeakageAudit

AuditFolder = Annotated[
    Path | None,
    typer.Option(help="folder for the report with its plots, and its numbers as JSON"),
]


def register(app: typer.Typer) -> None:
    app.command()(leakage)


def leakage(
    portfolio: PortfolioFolder,
    out: AuditFolder = None,
    accept_leak: AcceptLeak = None,
    because: Because = None,
    seed: Annotated[int, typer.Option(help="of samples and folds")] = 0,
) -> None:
    """Look for features that know what came after their moment.

    Ten checks and a verdict per feature; `train` looks at the verdicts, too. Exit
    code 1: a feature is suspected and nobody has accepted it, or a check failed.

    Example: forbear audit leakage data/samples/lumen --out leaks
    """
    from features.portfolio import Portfolio
    from training.audits.leak_page import leak_page
    from training.audits.leakage import audit_leakage

    vouched = acceptances(accept_leak, because)
    with steps("audit leakage") as step:
        step("reading the portfolio")
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        audit = audit_leakage(read, vouched, seed=seed, progress=step)
    _show(audit)
    if out is not None:
        write_report(out, "leaks", leak_page(audit), audit.to_json())
    if not audit.is_clean:
        raise typer.Exit(DIFFERENT)


def write_report(folder: Path, name: str, page: str, numbers: object) -> None:
    """`NAME.html` and `NAME.json`, both or neither, and a line that says where."""
    file = folder / f"{name}.html"
    text = json.dumps(numbers, indent=1, allow_nan=False)
    with writing(file) as to_read, writing(file.with_suffix(".json")) as as_data:
        to_read.write_text(page, encoding="utf-8")
        as_data.write_text(text, encoding="utf-8")
    say(f"report: {file}")


def _show(audit: "LeakageAudit") -> None:
    """Checks as tables, then by target what is named and what is to be looked at."""
    from training.audits.hindsight import is_noteworthy
    from training.audits.present_echo import times

    _show_checks("All features", audit.checks)
    for one in audit.targets:
        title = (
            f"{one.target}: {counted(one.n_rows, 'row')}, {one.n_positives:,} positive"
        )
        _show_checks(title, one.checks)
        if one.echo_power:
            say(f"{one.target}, present echo: {one.echo_power}")
        for verdict in one.named:
            say(f"{verdict.level.upper()}: {verdict.why}")
        for verdict in filter(is_noteworthy, one.verdicts):
            often = times((verdict.numbers or {})["likelihood_ratio"] or 0.0)
            say(
                f"to be looked at: {verdict.feature} is {often} times as frequent"
                f" before {one.target} as among customers who stayed good; nothing"
                " else speaks against it"
            )
    for line in audit.left_out:
        say(f"left out: {line}")
    for accepted in audit.accepted:
        say(f"accepted: {accepted.feature}, because {accepted.because}")
    if audit.is_clean:
        n = sum(len(one.verdicts) for one in audit.targets)
        say(
            f"{counted(n, 'feature')} of {counted(len(audit.targets), 'target')} looked"
            " at: none suspected"
        )
    else:
        say(
            "leave the column out of portfolio.yaml, give its rows their true"
            " `known_at`, or sign it off with --accept-leak NAME --because REASON"
        )


def _show_checks(title: str, checks: "Sequence[Check]") -> None:
    from training.audits.leak_page import OUTCOMES

    rows = [
        (str(c.number), c.name.replace("_", " "), OUTCOMES[c.outcome], c.text)
        for c in checks
    ]
    show_table(title, ("no.", "check", "outcome", "what was seen"), rows)
