"""`forbear audit`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import audit_leakage
from cli.exits import DIFFERENT
from cli.output import say, show_table
from features.counted import counted

app = typer.Typer(
    help="Are records unchanged; do features know the future?",
    no_args_is_help=True,
)
audit_leakage.register(app)
SHOWN = 20  # findings; the rest is counted


@app.command()
def head(
    key: Annotated[
        Path,
        typer.Option(
            help="your private key: openssl genpkey -algorithm ed25519 -out FILE",
            envvar="FORBEAR_AUDIT_KEY",
            exists=True,
            dir_okay=False,
        ),
    ],
    announce: Annotated[
        bool,
        typer.Option("--announce", help="the service sends it to its endpoints, too"),
    ] = False,
) -> None:
    """Print the head of the chain, signed.

    To be kept outside, by a job once a day for instance. Whoever keeps it can tell
    later whether anything recorded until now was changed, removed or cut off. It names
    no customer and no decision.

    Example: forbear audit head --key audit.pem > head-2026-06-30.json
    """
    from features.moments import microseconds
    from serving.settings import serving_settings
    from serving.webhook_endpoint import head_body
    from serving.webhook_terms import told_of_heads
    from store.announcing import put_content
    from store.chain import tip
    from store.heads import signed_head
    from store.opening import open_recorded

    settings = serving_settings()
    endpoints = told_of_heads(settings) if announce else []
    if announce and not endpoints:
        typer.echo("no endpoint of these settings takes chain.head", err=True)
    database = open_recorded(*settings.store)
    now = datetime.now(UTC)
    signed = signed_head(tip(database), now.isoformat(timespec="seconds"), key)
    put_content(database, *head_body(signed), endpoints, microseconds(now))
    database.close()
    typer.echo(signed, nl=False)


@app.command()
def verify(
    head: Annotated[
        Path | None,
        typer.Option(help="a head that was kept outside", exists=True, dir_okay=False),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="checks the head's signature: openssl pkey -in KEY -pubout -out FILE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Check every recorded decision and the chain.

    The service may run meanwhile. Finds a record, a column or an entry that was edited,
    removed, added or moved, and a policy that decided and says something else now. That
    the tail was cut off or all of it written anew is found only with --head. Exit code
    1: something was found.

    Example: forbear audit verify --head head-2026-06-30.json --public-key audit.pub
    """
    from serving.recorded_documents import is_as_named
    from serving.settings import serving_settings
    from store.audit import audit
    from store.heads import read_head
    from store.opening import open_recorded

    kept = None if head is None else read_head(head, public_key)
    database = open_recorded(*serving_settings().store)
    audited = audit(database, kept, is_as_named)
    database.close()
    removed = f"{audited.n_removed:,} erased or expired"
    say(f"{counted(audited.n_decisions, 'decision')} checked, {removed}")
    say(f"head: position {audited.tip.position}, {audited.tip.link.hex()}")
    if head is None:
        say("without --head a tail that was cut off is not found")
    elif public_key is None:
        say("without --public-key the head's signature was not checked")
    findings = audited.findings
    if findings:
        rows = [(f.code, f.position, f.decision_id or "") for f in findings[:SHOWN]]
        title = f"{len(findings):,} findings"
        show_table(title, ("what", "position in the chain", "decision"), rows)
        raise typer.Exit(DIFFERENT)
    say("nothing was changed")
