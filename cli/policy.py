"""`forbear policy`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import (
    policy_calibrate,
    policy_offpolicy,
    policy_simulate,
    policy_tune,
    policy_versions,
)
from cli.exits import DIFFERENT, OK
from cli.output import say
from cli.policy_check import show_findings
from cli.policy_in_use import policy_in_use

app = typer.Typer(
    help="The policy file: check it, try it, publish it.", no_args_is_help=True
)
File = Annotated[Path, typer.Argument(metavar="FILE", help="a policy file (YAML)")]
FileOrInUse = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help="a policy file, or the name of one that ships, such as plain-timeline;"
        " default: the one in use (published, else FORBEAR_POLICY)",
    ),
]


@app.command()
def check(
    file: File,
    customers: Annotated[
        int | None, typer.Option(help="size of the base, to compare budgets with")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="the policy whose place it takes; default: the one published, or"
            " FORBEAR_POLICY"
        ),
    ] = None,
    portfolio: Annotated[
        Path | None,
        typer.Option(help="folder of a portfolio that it is to decide about"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="findings as JSON, for programs")
    ] = False,
) -> None:
    """Check a policy: its form, its sense, and its own cases.

    Beside the policy in use also whether notices that are under way would count no
    more. Exit code 0: no errors (warnings may be). 1: errors.

    Example: forbear policy check my-policy.yaml --customers 20000
    """
    from cli.policy_check import findings_of

    findings = findings_of(file, customers, against, portfolio)
    if as_json:
        import json

        rows = [finding._asdict() for finding in findings]
        say(json.dumps(rows, indent=1, default=str))
    elif findings:
        show_findings(str(file), findings)
    else:
        say("no findings: form, sense and cases are right")
    has_errors = any(finding.severity == "error" for finding in findings)
    raise typer.Exit(DIFFERENT if has_errors else OK)


@app.command()
def show(
    file: FileOrInUse = None,
) -> None:
    """Print the policy in use, or one that ships.

    As it is written. Those that ship are reseller-default, eu-telecom-be,
    cyprus-2002-1-19, plain-timeline and thresholds-only.

    Example: forbear policy show > my-policy.yaml
    """
    say(policy_in_use(file).read_text(encoding="utf-8").rstrip("\n"))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors.

    Example: forbear policy schema > policy.schema.json
    """
    import json

    from decisions.policy_file.load import json_schema

    say(json.dumps(json_schema(), indent=1))


@app.command()
def publish(
    file: FileOrInUse = None,
    lang: Annotated[str, typer.Option(help="en, de, fr or pt-BR")] = "en",
    form: Annotated[
        Literal["html", "md", "print"],
        typer.Option("--format", help="print: HTML laid out for A4"),
    ] = "md",
    on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="<date>",
            help="day whose version is written; later ones are announced;"
            " default: today",
        ),
    ] = None,
) -> None:
    """Print the collections policy that customers read.

    Made from the values that decide.

    Example: forbear policy publish my-policy.yaml --format html > policy.html
    """
    from decisions.policy_file.load import load_policy
    from wording.publication import publish as published

    policy = load_policy(policy_in_use(file))
    at = datetime.now(UTC) if on is None else policy.latest.calendar.start_of(on.date())
    say(published(policy, lang, form, at).rstrip("\n"))


@app.command("import-killbill")
def import_killbill(
    file: Annotated[Path, typer.Argument(metavar="XML", help="overdue.xml")],
    currency: Annotated[str, typer.Option(help="of its amounts")] = "EUR",
) -> None:
    """Draft a policy from a Kill Bill overdue configuration.

    What could not be carried over is said on stderr.

    Example: forbear policy import-killbill overdue.xml > my-policy.yaml
    """
    from decisions.policy_file.killbill import import_killbill as imported

    draft = imported(file.read_bytes(), currency)
    say(draft.policy.rstrip("\n"))
    for note in draft.not_expressed:
        typer.echo(note, err=True)


@app.command()
def surface(
    out: Annotated[Path, typer.Option(help="plot to write: .svg or .png")],
    file: FileOrInUse = None,
    lang: Annotated[str, typer.Option(help="en, de, fr or pt-BR")] = "en",
    target: Annotated[
        Literal["nonpayment", "fraud"], typer.Option(help="whose probability")
    ] = "nonpayment",
    clv: Annotated[
        float | None,
        typer.Option(
            help="lifetime value of the customers; default: by the policy's materiality"
        ),
    ] = None,
) -> None:
    """Draw what a policy recommends over money and probability.

    Money at stake, at cost; all notices delivered.

    Example: forbear policy surface my-policy.yaml --out surface.png
    """
    from cli.plots import plot_writer
    from decisions.policy_file.load import load_policy
    from wording.plots.surface_plot import surface_plot

    draw = plot_writer(out)
    policy = load_policy(policy_in_use(file))
    draw(surface_plot(policy, lang, target=target, clv=clv))
    say(f"plot: {out}")


policy_versions.register(app)
policy_simulate.register(app)
policy_tune.register(app)
policy_offpolicy.register(app)
policy_calibrate.register(app)
