"""`forbear evidence`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import say
from features.counted import counted


def register(app: typer.Typer) -> None:
    app.command()(evidence)


def evidence(
    decision_id: Annotated[str, typer.Argument(help="from an answer")],
    out: Annotated[Path, typer.Option(help="folder to write, which is not there yet")],
) -> None:
    """Write what a decision rested on into a folder.

    For a claim at the provider or a dispute: the decision as answered, what was asked,
    the rows known then, the policy, what was done at the provider, the letters that had
    gone out with what became of each, a page to read (HTML) or to send (PDF), and the
    hash of each file. They hold personal data and you alone can read them.

    Example: forbear evidence d0198… --out evidence-acme
    """
    from execution.evidence import write_evidence
    from execution.evidence_page import evidence_files
    from serving.evidence import evidence_of
    from serving.settings import serving_settings

    pack = evidence_of(serving_settings(), decision_id)
    names = write_evidence(pack, evidence_files(pack), out)
    say(f"{counted(len(names), 'file')} in {out}: {', '.join(names)}")
