"""What mail servers report of letters: delivered, or returned (RFC 3464).

Reports are messages in a folder: a Maildir, or files that somebody saved. A letter is
known by the envelope id it was sent with, else by the headers that were returned.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, NamedTuple, cast

from execution.letters.carrier import REFERENCE_HEADER
from features.moments import microseconds

_LETTER_ID = re.compile(r"l[0-9a-f]{31}")
_LARGEST_BYTES = 5_000_000
_ENDS: dict[str, Literal["delivered", "bounced"]] = {
    "delivered": "delivered",
    "failed": "bounced",
}


class DeliveryReport(NamedTuple):
    """What one message says of one letter.

    Args:
        state: what became of it.
        at: when that was reported, microseconds since 1970 UTC; None: not said.
        status: the code of RFC 3463, such as 5.1.1.
        file: that says it.
    """

    letter_id: str
    state: Literal["delivered", "bounced"]
    at: int | None
    status: str
    file: Path


def read_reports(folder: Path) -> Iterator[DeliveryReport]:
    """Reports of our letters among the messages of a folder and those below it.

    Whatever else lies there is passed over: other mail, notes of a delay, reports about
    other letters.
    """
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.stat().st_size <= _LARGEST_BYTES:
            report = report_of(file.read_bytes(), file)
            if report is not None:
                yield report


def report_of(content: bytes, file: Path) -> DeliveryReport | None:
    """What a message says of a letter of ours; None: nothing."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    blocks = _status_blocks(message)
    if not blocks:
        return None
    letter_id = _letter_id(blocks, message)
    actions = [str(block.get("Action", "")).strip().lower() for block in blocks]
    states = [_ENDS[action] for action in actions if action in _ENDS]
    if letter_id is None or not states:
        return None
    # one that did not arrive with somebody it was meant for did not arrive
    state = "bounced" if "bounced" in states else states[0]
    status = next((str(block["Status"]) for block in blocks if block["Status"]), "")
    known = state, _moment(message), status.strip()[:20], file
    return DeliveryReport(letter_id, *known)


def _status_blocks(message: EmailMessage) -> list[Message]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            return cast("list[Message]", part.get_payload())
    return []


def _letter_id(blocks: list[Message], message: EmailMessage) -> str | None:
    stated = [str(block.get("Original-Envelope-Id", "")) for block in blocks]
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            returned = cast("list[Message]", part.get_payload())[0]
            stated += _named_by(returned)
        elif kind == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            raw = text if isinstance(text, bytes) else b""
            stated += _named_by(BytesParser(policy=policy.default).parsebytes(raw))
    found = (_LETTER_ID.search(text) for text in stated)
    return next((match[0] for match in found if match), None)


def _named_by(returned: Message) -> list[str]:
    return [str(returned.get(name, "")) for name in (REFERENCE_HEADER, "Message-ID")]


def _moment(message: EmailMessage) -> int | None:
    try:
        at = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        return None
    aware: datetime = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return microseconds(aware)
