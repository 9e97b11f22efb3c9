"""`forbear labels`."""

from typing import Annotated

import typer

from cli.arguments import PortfolioFolder
from cli.audit_leakage import AuditFolder, write_report
from cli.clock import now_us
from cli.output import say, show_table, steps

app = typer.Typer(
    help="What counts as not paying, and from when.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """What counts as not paying, and from when."""


@app.command()
def audit(
    portfolio: PortfolioFolder,
    out: AuditFolder = None,
    seed: Annotated[int, typer.Option(help="of the sample of customers")] = 0,
) -> None:
    """Compare definitions of non-payment by what became of the money.

    Roll rates, vintages, the share of losses each definition sees coming, how long
    labels take to be known, and base rates date by date. Of more than 3,000 customers
    a sample is looked at. What the data cannot tell is said.

    Example: forbear labels audit data/samples/lumen --out labels
    """
    from features.portfolio import Portfolio
    from training.audits.label_page import label_page, share_cell, summary
    from training.audits.labels import audit_labels

    with steps("labels audit") as step:
        step("reading the portfolio")
        read = Portfolio.open_usable(portfolio, read_at=now_us())
        audited = audit_labels(read, seed=seed, progress=step)
    shares = [
        (n, rolled, audited.loss_caught[n])
        for n, rolled in audited.roll_to_loss.items()
    ]
    if any(rolled or seen for _, rolled, seen in shares):
        head = ("days past due", "end in a loss", "losses seen coming")
        rows = [(n, share_cell(rolled), share_cell(seen)) for n, rolled, seen in shares]
        show_table("", head, rows)
    for line in summary(audited):
        say(line)
    if out is not None:
        write_report(out, "labels", label_page(audited), audited.to_json())
