"""What the service is told of letters and appeals, as rows of its tables."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from execution.errors import ReportRefusedError
from features.moments import to_datetime
from store.letters import PlannedLetter
from store.replies import Replies, Reply

if TYPE_CHECKING:  # its HTTP client is not for the desk, which tells nobody
    from execution.service import Service

Rows = dict[str, list[dict[str, Any]]]


def rows_of_letter(letter: PlannedLetter) -> Rows:
    """That a notice was sent, and what became of it; nothing of other letters."""
    if letter.kind != "notice" or letter.sent_at is None:
        return {}
    moments = {"notice_sent": letter.sent_at}
    if letter.state in ("delivered", "bounced") and letter.ended_at is not None:
        moments[f"notice_{letter.state}"] = max(letter.ended_at, letter.sent_at)
    rows = [
        {
            "customer_id": letter.customer_id,
            "kind": kind,
            "event_at": to_datetime(at).isoformat(),
            "notice": letter.notice,
            "notice_id": letter.letter_id,
            "policy": letter.policy,
        }
        for kind, at in moments.items()
    ]
    return {"contacts": rows}


def rows_of_decided(reply: Reply) -> Rows:
    """That an appeal has ended; where it was upheld, what a person decided instead."""
    closed = {"kind": "appeal_closed", "result": reply.result}
    return {"contacts": [{**_decided(reply), **closed}], **rows_of_instead(reply)}


def rows_of_instead(reply: Reply) -> Rows:
    """What a person decided instead, where an appeal was upheld; nothing else."""
    if reply.instead_until is None:
        return {}
    instead = {
        "action": "none",
        "by": reply.decided_by,
        "reason": f"appeal {reply.reply_id} upheld",
        "until": reply.instead_until,
    }
    return {"overrides": [{**_decided(reply), **instead}]}


class UntoldReply(NamedTuple):
    """Rows of a decided appeal that the service does not have yet.

    Args:
        reply: the appeal.
        rows: to send; a row that arrived before counts once.
        named: their idempotency key.
        is_end: they end the appeal; otherwise only what was decided instead.
    """

    reply: Reply
    rows: Rows
    named: str
    is_end: bool


def untold_of(replies: Sequence[Reply]) -> list[UntoldReply]:
    """What is to be told of a customer's appeals.

    What a person decided instead is told at once. The end of an appeal is told once no
    other one is open: an end among the events is the end of all that were open.

    Args:
        replies: all of the customer.
    """
    appeals = [one for one in replies if one.kind == "appeal"]
    decided = [one for one in appeals if one.result and not one.is_reported]
    if any(one.result is None for one in appeals):
        return [
            UntoldReply(
                one, rows_of_instead(one), f"instead-{one.reply_id}", is_end=False
            )
            for one in decided
            if one.instead_until is not None
        ]
    return [
        UntoldReply(one, rows_of_decided(one), f"appeal-{one.reply_id}", is_end=True)
        for one in decided
    ]


class ToldDecided(NamedTuple):
    """Which decided appeals the service was told of.

    Args:
        reply_ids: whose rows arrived, so that they have ended.
        instead: of which only what was decided instead arrived: another appeal of the
            customer is open.
        refused: rules by which the service refused a row, by reply.
    """

    reply_ids: list[str]
    instead: list[str]
    refused: dict[str, str]


def tell_decided(replies: Replies, service: "Service") -> ToldDecided:
    """Tell the service of appeals that were decided, as of `untold_of`.

    Raises:
        ServiceUnusableError: one did not arrive; it is told again the next time, as is
            one that was refused.
    """
    customers = dict.fromkeys(one.customer_id for one in replies.decided_and_untold())
    untold = (untold_of(replies.of_customer(customer)) for customer in customers)
    told = ToldDecided([], [], {})
    for reply, rows, named, is_end in chain.from_iterable(untold):
        try:
            service.send(rows, named)
        except ReportRefusedError as error:  # of this one; the others go on
            told.refused[reply.reply_id] = error.rule
            continue
        if is_end:
            replies.mark_reported(reply.reply_id)
        (told.reply_ids if is_end else told.instead).append(reply.reply_id)
    return told


def _decided(reply: Reply) -> dict[str, Any]:
    """Whom a row is about, and when a person decided."""
    assert reply.decided_at is not None  # noqa: S101 - it is decided
    event_at = to_datetime(reply.decided_at).isoformat()
    return {"customer_id": reply.customer_id, "event_at": event_at}
