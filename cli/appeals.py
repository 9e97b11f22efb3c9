"""`forbear appeals`: what customers objected to, and what a person decided."""

import shlex
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cli.clock import now_us
from cli.exits import DIFFERENT
from cli.notify_stores import opened_stores
from cli.notify_table import SHOWN
from cli.our_service import our_service
from cli.output import say, show_table
from features.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cli.notify_stores import Stores
    from decisions.terms import Terms
    from execution.letters.told import ToldDecided
    from store.letters import PlannedLetter
    from store.replies import Reply

app = typer.Typer(
    help="Answer what customers wrote through the link of a letter.",
    no_args_is_help=True,
)

ReplyId = Annotated[str, typer.Argument(help="of `forbear appeals list`")]


@app.command("list")
def list_replies(
    everything: Annotated[
        bool, typer.Option("--all", help="promises, disputes and what is decided, too")
    ] = False,
) -> None:
    """Appeals that nobody has decided, the first due at the top.

    Below them who was right and has not back what acts of ours took, with the command
    that gives it back.

    Example: forbear appeals list
    """
    from features.moments import to_datetime

    with opened_stores() as stores:
        replies = stores.replies
        listed = replies.listed(SHOWN) if everything else replies.open_appeals(SHOWN)
        rows = []
        for one in listed:
            due = _due(stores, one) if one.kind == "appeal" else None
            is_open = due is not None and one.result is None
            rows.append(
                (
                    one.reply_id,
                    one.customer_id,
                    one.kind,
                    to_datetime(one.filed_at).isoformat(timespec="seconds"),
                    due.isoformat(timespec="seconds") if due and is_open else "",
                    one.language,
                    one.result or ("open" if is_open else ""),
                    one.content[:80] if one.is_counted else "(form not completed)",
                )
            )
        undoing = list(_undoing(stores))
    say(counted(len(rows), "reply", "replies"))
    if rows:
        head = "reply", "customer", "what", "filed", "decide by", "in", "result", "text"
        show_table("", head, rows, is_copied=True)
    if undoing:
        say("upheld, and what was taken is not given back yet:")
        for command in undoing:
            say(f"  {command}")


def _undoing(stores: "Stores") -> "Iterator[str]":
    """What gives back to whoever was right what acts of ours took."""
    for customer_id, _ in stores.acts.unjustly_taken(SHOWN):
        for run_id in stores.acts.unjust_runs(customer_id):
            words = "forbear", "act", "undo", run_id, "--customer", customer_id
            yield f"{shlex.join(words)} --by NAME"


@app.command()
def show(reply_id: ReplyId) -> None:
    """What a customer wrote, in full, and what was decided.

    Example: forbear appeals show r0f3…
    """
    from features.moments import to_datetime

    with opened_stores() as stores:
        one = stores.replies.find(reply_id)
        letter = stores.letters.find(one.letter_id)
    say(f"{one.kind} of {one.customer_id}, in {one.language}, about {letter.notice}")
    say(f"filed {to_datetime(one.filed_at).isoformat(timespec='seconds')}")
    say(f"the decision it is about: {letter.about_id} (forbear evidence)")
    for name in ("invoice_id", "amount", "until", "result", "decided_by", "reasons"):
        if (value := getattr(one, name)) is not None:
            say(f"{name}: {value}")
    say()
    say(one.content)


@app.command()
def decide(
    reply_id: ReplyId,
    result: Annotated[str, typer.Option(help="upheld or denied")],
    because: Annotated[
        str, typer.Option(help="the reasons, in the customer's language: they are sent")
    ],
    by: Annotated[str, typer.Option(help="who decides")],
    until: Annotated[
        str | None,
        typer.Option(
            help="of what is upheld: the last day on which nothing is done to the"
            " customer instead, such as 2026-12-31"
        ),
    ] = None,
) -> None:
    """Decide an appeal, as a person; the answer is planned as a letter.

    The service (FORBEAR_SERVICE_URL, FORBEAR_KEY) is told that the appeal has ended,
    once no other one of the customer is open. Where it is upheld, an override says at
    once that nothing is done until the day you name ends in the policy's zone; what was
    taken comes back by `forbear act undo RUN --customer CUSTOMER`, or at the desk.
    `forbear notify run --really` sends the answer, and tells the service where it could
    not be told now.

    Example: forbear appeals decide r0f3… --result denied --because "…" --by Ada
    """
    from execution.letters.plan import answer_of
    from execution.letters.told import tell_decided

    if result not in ("upheld", "denied"):
        raise typer.BadParameter("--result: write upheld or denied")
    if not because.strip() or not by.strip():
        raise typer.BadParameter("say who decides, and why")
    if (result == "upheld") is (until is None):
        raise typer.BadParameter("--until: name the day where it is upheld, only there")
    if until is not None:
        _require_day_ahead(until)
    now = now_us()
    with opened_stores() as stores, our_service() as service:
        reply = stores.replies.find(reply_id)
        asked_by = stores.letters.find(reply.letter_id)
        letter = answer_of(reply, asked_by, now)
        stores.replies.decide(
            reply_id,
            cast("Literal['upheld', 'denied']", result),
            by=by.strip(),
            reasons=because.strip(),
            now=now,
            instead_until=until and _end_of_day(stores, asked_by, until),
            answer=letter,
        )
        say(f"{reply_id} is {result}; the answer is letter {letter.letter_id}")
        _show_told(reply_id, tell_decided(stores.replies, service), until)


def _show_told(reply_id: str, told: "ToldDecided", until: str | None) -> None:
    """What the service knows of it now."""
    if reply_id in told.reply_ids:
        say("the service knows")
    elif rule := told.refused.get(reply_id):
        what = "what ends the appeal" if until is None else "the override"
        say(f"the service refuses {what} ({rule}): send it yourself")
        raise typer.Exit(DIFFERENT)
    else:
        if reply_id in told.instead:
            say(f"the service knows that nothing is done until the end of {until}")
        say("another appeal of the customer is open; decide that one, too")


def _require_day_ahead(text: str) -> None:
    from datetime import UTC, date, datetime

    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("--until: write a day, such as 2026-12-31") from None
    if day <= datetime.now(UTC).date():
        raise typer.BadParameter("--until: it would be over already")


def _due(stores: "Stores", reply: "Reply") -> "datetime":
    """Until when the policy wants a decision."""
    from decisions.follow_up.answer_follow_up import appeal_due
    from features.moments import to_datetime

    at = to_datetime(reply.filed_at)
    terms = _terms(stores, stores.letters.find(reply.letter_id), at)
    return appeal_due(terms, at).decide_by


def _end_of_day(stores: "Stores", letter: "PlannedLetter", day: str) -> str:
    """The end of a day in the policy's zone, as the letter will name it."""
    from datetime import UTC, datetime

    from features.moments import parse_moment, to_datetime

    end = parse_moment(day, _terms(stores, letter, datetime.now(UTC)).zone)
    assert end is not None  # noqa: S101 - a day has an end
    return to_datetime(end).isoformat()


def _terms(stores: "Stores", letter: "PlannedLetter", at: "datetime") -> "Terms":
    """Of the policy that a letter was written under, at a moment."""
    from decisions.policy_file.load import parse_policy

    policy = parse_policy(stores.decisions.document(letter.policy_hash))
    return policy.in_force(at) or policy.latest
