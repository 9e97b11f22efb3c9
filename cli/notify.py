"""`forbear notify`: the letters that the policy owes."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cli.clock import now_us
from cli.exits import DIFFERENT, OK, REJECTS
from cli.next_command import next_command
from cli.notify_carrier import SMTP, addresses_of_environment, carrier_of
from cli.notify_stores import opened_stores
from cli.notify_table import SHOWN, preview_letters, show_letters
from cli.our_service import our_service
from cli.output import say
from features.counted import counted

if TYPE_CHECKING:
    from cli.notify_stores import Stores
    from execution.letters.sending import Sending
    from execution.service import Service
    from store.letters import PlannedLetter

app = typer.Typer(help="Send the letters that the policy owes.", no_args_is_help=True)
AddressFile = Annotated[
    Path | None,
    typer.Option(
        help="CSV with the columns customer_id, email and, if known, language",
        exists=True,
        dir_okay=False,
    ),
]
By = Annotated[
    str, typer.Option("--by", help="smtp, folder or webhook", metavar="CARRIER")
]
Out = Annotated[Path | None, typer.Option(help="folder for the letters of --by folder")]
LetterId = Annotated[str, typer.Argument(help="of `forbear notify list`")]


@app.command()
def plan(
    since_hours: Annotated[
        float, typer.Option(help="decisions recorded in the last hours", min=0.01)
    ] = 24.0,
) -> None:
    """Write down which notices the recorded decisions ask for.

    The last decision of each customer counts, while it holds. Nothing is sent yet:
    `forbear notify run` checks each letter again and shows what it would do.

    Example: forbear notify plan --since-hours 24
    """
    from execution.letters.plan import plan_letters

    now = now_us()
    since = now - int(since_hours * 3_600_000_000)
    with opened_stores() as stores:
        planned = plan_letters(stores.decisions, since, now)
        n_new = stores.letters.plan(planned.letters, planned.decided_at)
        decisions = counted(planned.n_decisions, "decision")
        say(f"{decisions}, {counted(n_new, 'new letter')}")
        show_letters(stores.letters.listed(SHOWN, states=("planned",)))


@app.command("list")
def list_letters(
    state: Annotated[
        str | None, typer.Option(help="such as planned, sent or bounced; default: all")
    ] = None,
) -> None:
    """Letters and what came of them, the latest first.

    Example: forbear notify list --state failed
    """
    from store.letters import LETTER_STATES

    if state is not None and state not in LETTER_STATES:
        raise typer.BadParameter(f"write one of {', '.join(LETTER_STATES)}")
    with opened_stores() as stores:
        show_letters(
            stores.letters.listed(SHOWN, states=() if state is None else (state,))
        )


@app.command()
def run(
    addresses: AddressFile = None,
    by: By = SMTP,
    out: Out = None,
    really: Annotated[
        bool, typer.Option("--really", help="send, and write it down")
    ] = False,
) -> None:
    """Send what is due, or only show it without --really.

    Each notice is checked again a moment before, by a new decision of the service
    (FORBEAR_SERVICE_URL, FORBEAR_KEY), and withdrawn where that no longer asks for it.
    Exit code 1: something failed, was refused, or waits to be tried again. 3: rows of
    --addresses cannot be used; the letters of other customers go out.

    Example: forbear notify run --addresses addresses.csv --really
    """
    from execution.letters.addresses import CustomerAddresses, read_addresses
    from execution.letters.sending import Sending

    book = CustomerAddresses({}) if addresses is None else read_addresses(addresses)
    for row in book.rejected:
        typer.echo(f"{addresses}: {row}", err=True)
    with ExitStack() as stack:
        stores = stack.enter_context(opened_stores())
        carrier = carrier_of(by, out, stack)
        service = stack.enter_context(our_service())
        links = addresses_of_environment()
        sending = Sending(*stores, carrier, service, book.by_customer, links)
        if really:
            is_left = _send(stores, sending, service)
        else:
            is_left = False
            if preview_letters(stores.letters, sending):
                options = {
                    "--addresses": addresses,
                    "--by": None if by == SMTP else by,
                    "--out": out,
                }
                say(f"to send them: {next_command('notify run', options)}")
        if book.rejected:
            raise typer.Exit(REJECTS)
        raise typer.Exit(DIFFERENT if is_left else OK)


def _send(stores: "Stores", sending: "Sending", service: "Service") -> bool:
    """Send what is due; whether something is left to do, or failed."""
    from execution.letters.told import tell_decided

    service.require_may_report()
    refused = tell_decided(stores.replies, service).refused
    for reply_id, rule in refused.items():
        say(f"{reply_id}: the service refuses what was decided ({rule})")
    n_by_end = sending.run(_tell)
    say(", ".join(f"{n} {what}" for what, n in sorted(n_by_end.items())) or "nothing")
    n_open = stores.letters.n_open(sending.channels)
    if n_open:
        wait = "1 letter waits" if n_open == 1 else f"{n_open:,} letters wait"
        say(f"{wait} to be tried again, or for what another process began")
    return bool(n_by_end["failed"] or n_open or refused)


@app.command()
def show(
    letter_id: LetterId,
    form: Annotated[
        str, typer.Option("--as", help="text, html or print", metavar="FORM")
    ] = "text",
) -> None:
    """A letter as it was sent.

    Example: forbear notify show l0f3… --as print > letter.html
    """
    import json

    if form not in ("text", "html", "print"):
        raise typer.BadParameter("--as: write text, html or print")
    with opened_stores() as stores:
        content = stores.letters.find(letter_id).content
    if content is None:
        say("it was not sent, and is written only then")
        raise typer.Exit(DIFFERENT)
    say(json.loads(content)[form])


@app.command()
def bounces(
    folder: Annotated[
        Path,
        typer.Argument(
            help="of messages: a Maildir, or files", exists=True, file_okay=False
        ),
    ],
) -> None:
    """Read what mail servers report of letters: delivered, or returned.

    From messages of the mailbox that letters come from (RFC 3464). Nothing is removed
    there; a report that was read before changes nothing. The next `forbear notify run
    --really` tells the service.

    Example: forbear notify bounces Maildir
    """
    import json

    from execution.letters.delivery_reports import read_reports
    from store.errors import UnknownLetterError

    now, n_new, n_unknown = now_us(), 0, 0
    with opened_stores() as stores:
        for report in read_reports(folder):
            at = now if report.at is None else min(report.at, now)
            proof = {"status": report.status, "file": report.file.name}
            ended = report.letter_id, report.state, at, json.dumps(proof)
            try:
                is_new = stores.letters.end(*ended)
            except UnknownLetterError:
                n_unknown += 1
                continue
            n_new += is_new
            if is_new:
                say(f"{report.letter_id}: {report.state} {report.status}")
    say(f"{n_new:,} reports are new, {n_unknown:,} name no letter of ours")


@app.command()
def mark(
    letter_id: LetterId,
    state: Annotated[
        str, typer.Option("--as", help="sent, delivered or bounced", metavar="STATE")
    ],
    by: Annotated[str, typer.Option(help="who says so")],
) -> None:
    """Say what became of a letter that somebody sent.

    Such as a registered one, of which no program hears.

    Example: forbear notify mark l0f3… --as delivered --by "Ada Lovelace"
    """
    import json

    if state not in ("sent", "delivered", "bounced"):
        raise typer.BadParameter("--as: write sent, delivered or bounced")
    if not by.strip():
        raise typer.BadParameter("say who says so")
    ended = cast("Literal['sent', 'delivered', 'bounced']", state)
    with opened_stores() as stores:
        proof = json.dumps({"by": by.strip()}, ensure_ascii=False)
        now = now_us()
        is_new = stores.letters.end(letter_id, ended, now, proof, by_person=True)
        say(f"{letter_id}: {state}" if is_new else "nothing changed")
        raise typer.Exit(OK if is_new else DIFFERENT)


@app.command()
def retry(letter_id: LetterId) -> None:
    """Send again what was given up.

    Where it is not known whether a letter went out, the customer may get it twice.

    Example: forbear notify retry l0f3…
    """
    with opened_stores() as stores:
        stores.letters.retry(letter_id, now_us())
        say("it is planned again")


def _tell(letter: "PlannedLetter", came_to: str) -> None:
    what = letter.notice or letter.kind
    say(f"{letter.letter_id}  {what} {letter.customer_id}: {came_to}")
