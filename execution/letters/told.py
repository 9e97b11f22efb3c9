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
    assert reply.decided_at is not None  # noqa: S101 - it is decided
    about = {
        "customer_id": reply.customer_id,
        "event_at": to_datetime(reply.decided_at).isoformat(),
    }
    closed = {"kind": "appeal_closed", "result": reply.result}
    rows: Rows = {"contacts": [{**about, **closed}]}
    if reply.instead_until is not None:
        instead = {
            "action": "none",
            "by": reply.decided_by,
            "reason": f"appeal {reply.reply_id} upheld",
            "until": reply.instead_until,
        }
        rows["overrides"] = [{**about, **instead}]
    return rows


def untold_of(replies: Sequence[Reply]) -> list[Reply]:
    """Appeals of a customer whose end is to be told; none while another is open.

    Args:
        replies: all of the customer; an end among the events is the end of all that
            were open.
    """
    appeals = [one for one in replies if one.kind == "appeal"]
    if any(one.result is None for one in appeals):
        return []
    return [one for one in appeals if not one.is_reported]


class ToldDecided(NamedTuple):
    """Which decided appeals the service was told of.

    Args:
        reply_ids: whose rows arrived.
        refused: rules by which the service refused a row, by reply.
    """

    reply_ids: list[str]
    refused: dict[str, str]


def tell_decided(replies: Replies, service: "Service") -> ToldDecided:
    """Tell the service of appeals that were decided.

    Of a customer with another appeal that nobody has decided, once that is decided: an
    end among the events is the end of all that were open.

    Raises:
        ServiceUnusableError: one did not arrive; it is told again the next time, as is
            one that was refused.
    """
    customers = dict.fromkeys(one.customer_id for one in replies.decided_and_untold())
    untold = (untold_of(replies.of_customer(customer)) for customer in customers)
    told = ToldDecided([], {})
    for reply in chain.from_iterable(untold):
        try:
            service.send(rows_of_decided(reply), f"appeal-{reply.reply_id}")
        except ReportRefusedError as error:  # of this one; the others go on
            told.refused[reply.reply_id] = error.rule
        else:
            replies.mark_reported(reply.reply_id)
            told.reply_ids.append(reply.reply_id)
    return told
