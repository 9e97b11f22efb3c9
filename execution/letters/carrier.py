"""What takes a letter out: the port, what a carrier says, and how it may fail."""

from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import NamedTuple, Protocol

from execution.errors import ExecutionError
from features.moments import to_datetime
from store.letters import UNKNOWN_WHETHER_SENT
from wording.letters import Letter

EMAIL = "email"
REFERENCE_HEADER = "X-Forbear-Letter"


class CarrierBusyError(ExecutionError):
    """The letter certainly did not go out; it is tried again."""

    code = "carrier_unreachable"

    def __init__(self, cause: str) -> None:
        super().__init__(f"the letter could not be handed over ({cause}); tried again")


class CarrierUncertainError(ExecutionError):
    """The letter may be out: the answer to the last word is missing."""

    code = UNKNOWN_WHETHER_SENT

    def __init__(self, cause: str) -> None:
        super().__init__(f"it is not known whether the letter went out ({cause})")


class CarrierRefusedError(ExecutionError):
    """The carrier does not take this letter at all.

    Args:
        reason: its own code.
        is_of_address: there is no such mailbox, or it takes nothing.
    """

    code = "carrier_refused"

    def __init__(self, reason: str, *, is_of_address: bool) -> None:
        super().__init__(f"the letter is refused with the code {reason}")
        self.reason, self.is_of_address = reason, is_of_address


class Parcel(NamedTuple):
    """A letter with what it is sent by. `at`: microseconds since 1970 UTC."""

    letter_id: str
    customer_id: str
    channel: str
    email: str
    letter: Letter
    at: int


class CarrierReceipt(NamedTuple):
    """What the carrier said.

    Args:
        is_out: it is on its way; else a person sends it.
        stated: the carrier's own words.
    """

    is_out: bool
    stated: str


class Carrier(Protocol):
    """Takes letters out.

    Attributes:
        name: of the carrier.
        channels: of the policy that it serves; None: all.
        is_idempotent: handing a letter over twice is handing it over once.
    """

    name: str
    channels: frozenset[str] | None
    is_idempotent: bool

    def send(self, parcel: Parcel) -> CarrierReceipt:
        """Hand a letter over.

        Raises:
            CarrierBusyError, CarrierUncertainError, CarrierRefusedError: it did not.
        """
        ...


def mail_of(parcel: Parcel, sender: str) -> EmailMessage:
    """The letter as a mail: text, and HTML for whoever can show it.

    To an address in other letters than ASCII its headers are UTF-8 (RFC 6532).
    """
    mail = EmailMessage(policy=SMTP if parcel.email.isascii() else SMTPUTF8)
    mail["Subject"] = parcel.letter.subject
    mail["From"] = sender
    if parcel.email:
        mail["To"] = parcel.email
    mail["Date"] = format_datetime(to_datetime(parcel.at))
    mail["Message-ID"] = f"<{parcel.letter_id}@{domain_of(sender)}>"
    mail["Content-Language"] = parcel.letter.lang
    mail["Auto-Submitted"] = "auto-generated"  # nobody's holiday note answers it
    mail[REFERENCE_HEADER] = parcel.letter_id
    mail.set_content(parcel.letter.text)
    mail.add_alternative(parcel.letter.html, subtype="html")
    return mail


def domain_of(sender: str) -> str:
    """Of `Name <a@b.example>` or `a@b.example`: b.example."""
    return sender.rpartition("@")[2].rstrip("> ") or "localhost"
