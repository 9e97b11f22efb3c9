"""`forbear notify`: the letters that the policy owes."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, cast

import typer

from cli.exits import DIFFERENT, OK, REJECTS
from cli.next_command import next_command
from cli.our_service import our_service
from cli.output import counted, say, show_table

if TYPE_CHECKING:
    from execution.letters.carrier import Carrier
    from execution.letters.notice_values import Addresses
    from execution.letters.sending import Sending
    from store.acts import Acts
    from store.decisions import DecisionReader
    from store.letters import Letters, PlannedLetter
    from store.replies import Replies

app = typer.Typer(help="Send the letters that the policy owes.", no_args_is_help=True)
SHOWN = 100
CARRIERS = SMTP, FOLDER, WEBHOOK = "smtp", "folder", "webhook"
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


class Stores(NamedTuple):
    """What letters are made of and kept in."""

    letters: "Letters"
    replies: "Replies"
    decisions: "DecisionReader"
    acts: "Acts"


@contextmanager
def opened_stores() -> Iterator[Stores]:
    """Letters, replies, decisions and acts of this state folder or database."""
    from serving.settings import serving_settings
    from store.opening import (
        open_acts,
        open_decision_reader,
        open_letters,
        open_replies,
    )

    place = serving_settings().store
    stores = Stores(
        open_letters(*place),
        open_replies(*place),
        open_decision_reader(*place),
        open_acts(*place),
    )
    try:
        yield stores
    finally:
        for store in stores:
            store.close()


def addresses_of_environment() -> "Addresses":
    """FORBEAR_PUBLIC_URL, FORBEAR_PAY_URL and FORBEAR_LINK_KEY."""
    from execution.letters.notice_values import Addresses
    from execution.letters.signed_link import LINK_KEY, LinkSigner
    from serving.safe_address import require_safe_address

    public = os.environ.get("FORBEAR_PUBLIC_URL", "").rstrip("/")
    pay = os.environ.get("FORBEAR_PAY_URL", "")
    for name, url in (("public_url", public), ("pay_url", pay)):
        if url:
            require_safe_address(name, url)
    signer = LinkSigner.of(os.environ.get(LINK_KEY))
    return Addresses(public_url=public, pay_url=pay, signer=signer)


def _carrier(by: str, out: Path | None, stack: ExitStack) -> "Carrier":
    from execution.letters.folder import FolderCarrier
    from execution.letters.smtp import MailSettings, SmtpCarrier, sender_of

    if by == SMTP:
        return SmtpCarrier(MailSettings.of_environment(os.environ))
    if by == FOLDER:
        if out is None:
            raise typer.BadParameter("--out: say where letters are written")
        return FolderCarrier(out, sender_of(os.environ))
    if by == WEBHOOK:
        return _webhook(stack)
    raise typer.BadParameter(f"--by: write one of {', '.join(CARRIERS)}")


def _webhook(stack: ExitStack) -> "Carrier":
    import httpx

    from execution.errors import MissingSettingError
    from execution.letters.hook import TIMEOUT_S, WebhookCarrier
    from execution.webhook_secret import webhook_secret
    from serving.safe_address import require_safe_address

    url = os.environ.get("FORBEAR_LETTER_WEBHOOK_URL", "")
    if not url:
        raise MissingSettingError(
            "FORBEAR_LETTER_WEBHOOK_URL", "where letters are posted"
        )
    secret = webhook_secret(os.environ, "FORBEAR_LETTER_WEBHOOK_SECRET")
    require_safe_address("letter_webhook_url", url)
    client = stack.enter_context(httpx.Client(timeout=TIMEOUT_S))
    return WebhookCarrier(client, url, secret)


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

    now = time.time_ns() // 1_000
    since = now - int(since_hours * 3_600_000_000)
    with opened_stores() as stores:
        planned = plan_letters(stores.decisions, since, now)
        n_new = stores.letters.plan(planned.letters, planned.decided_at)
        decisions = counted(planned.n_decisions, "decision")
        say(f"{decisions}, {counted(n_new, 'new letter')}")
        _show(stores.letters.listed(SHOWN, states=("planned",)))


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
        _show(stores.letters.listed(SHOWN, states=() if state is None else (state,)))


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
    from execution.letters.told import tell_decided

    book = CustomerAddresses({}) if addresses is None else read_addresses(addresses)
    for row in book.rejected:
        typer.echo(f"{addresses}: {row}", err=True)
    with ExitStack() as stack:
        stores = stack.enter_context(opened_stores())
        carrier = _carrier(by, out, stack)
        service = stack.enter_context(our_service())
        links = addresses_of_environment()
        sending = Sending(*stores, carrier, service, book.by_customer, links)
        if not really:
            if _preview(stores.letters, sending):
                options = {
                    "--addresses": addresses,
                    "--by": None if by == SMTP else by,
                    "--out": out,
                }
                say(f"to send them: {next_command('notify run', options)}")
            raise typer.Exit(REJECTS if book.rejected else OK)
        service.require_may_report()
        refused = tell_decided(stores.replies, service).refused
        for reply_id, rule in refused.items():
            say(f"{reply_id}: the service refuses what was decided ({rule})")
        counted = sending.run(_tell)
        say(
            ", ".join(f"{n} {what}" for what, n in sorted(counted.items())) or "nothing"
        )
        n_open = stores.letters.n_open(sending.channels)
        if n_open:
            wait = "1 letter waits" if n_open == 1 else f"{n_open:,} letters wait"
            say(f"{wait} to be tried again, or for what another process began")
        is_left = counted["failed"] or n_open or refused
        if book.rejected:
            raise typer.Exit(REJECTS)
        raise typer.Exit(DIFFERENT if is_left else OK)


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

    now, n_new, n_unknown = time.time_ns() // 1_000, 0, 0
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
        now = time.time_ns() // 1_000
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
        stores.letters.retry(letter_id, time.time_ns() // 1_000)
        say("it is planned again")


def _preview(letters: "Letters", sending: "Sending") -> int:
    """Show what would be done; how many letters are due."""
    from execution.errors import ExecutionError

    now = time.time_ns() // 1_000
    rows = []
    for letter in letters.due(sending.channels, now, SHOWN):
        about = letter.letter_id, letter.customer_id, letter.notice or letter.kind
        try:
            step = sending.preview(letter)
        except ExecutionError as error:  # of this one
            rows.append((*about, f"try again: {error.code}", ""))
            continue
        would = step.what if step.why is None else f"{step.what}: {step.why}"
        subject = "" if step.letter is None else step.letter.subject
        rows.append((*about, would, subject))
    say(f"{len(rows):,} letters are due; nothing was sent")
    if rows:
        show_table(
            "", ("letter", "customer", "what", "would", "subject"), rows, is_copied=True
        )
    return len(rows)


def _tell(letter: "PlannedLetter", came_to: str) -> None:
    what = letter.notice or letter.kind
    say(f"{letter.letter_id}  {what} {letter.customer_id}: {came_to}")


def _show(listed: "list[PlannedLetter]") -> None:
    from features.moments import to_datetime

    rows = [
        (
            one.letter_id,
            to_datetime(one.planned_at).isoformat(timespec="seconds"),
            one.customer_id,
            one.notice or one.kind,
            one.channel,
            one.state,
            one.why or "",
        )
        for one in listed
    ]
    if rows:
        head = "letter", "planned", "customer", "what", "channel", "state", "why"
        show_table("", head, rows, is_copied=True)
