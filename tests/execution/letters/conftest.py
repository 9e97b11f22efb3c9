"""A service with a customer who is late, a mail server, and whoever sends between."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from httpx import Client

from execution.letters.addresses import Address
from execution.letters.carrier import Carrier, CarrierReceipt, Parcel
from execution.letters.notice_values import Addresses
from execution.letters.plan import plan_letters
from execution.letters.sending import Sending
from execution.letters.signed_link import LinkSigner
from execution.letters.smtp import MailSettings
from execution.service import Service
from features.moments import microseconds
from serving.settings import ServingSettings
from store.letters import Letters
from store.opening import (
    open_acts,
    open_decision_reader,
    open_key_store,
    open_letters,
    open_replies,
)
from tests.execution.test_with_the_service import TABLES, ago
from tests.serving.conftest import a_bundle, client_of, published

LINKS = Addresses(
    public_url="https://us.example",
    pay_url="https://pay.example/{customer_id}?invoice={invoice_id}",
    signer=LinkSigner(["k" * 32]),
)
ADDRESSES = {"acme": Address("acme@customer.example", "en")}


@dataclass
class Mailbox:
    """Takes mail, or answers as a test wishes."""

    refusal: str = ""
    farewell: str = "221 bye"
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_RCPT(self, *args: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own
        _, _, envelope, address, _ = args
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_QUIT(self, *_: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own
        return self.farewell

    async def handle_DATA(self, *args: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own
        envelope = args[-1]
        self.recipients += envelope.rcpt_tos
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


@contextmanager
def mail_server(mailbox: Mailbox, **options: Any) -> Iterator[int]:  # noqa: ANN401 - aiosmtpd's own
    # its controller tries the port it was told, so 0 would be tried as it stands
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def mail_settings(port: int, **changes: Any) -> MailSettings:  # noqa: ANN401 - fields
    described: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "Billing <billing@reseller.example>",
        "tls": "none",
    }
    return MailSettings(**(described | changes))


@dataclass
class Pigeon(Carrier):
    """Takes letters into a list, or does what the test says."""

    error: Exception | None = None
    parcels: list[Parcel] = field(default_factory=list)
    name: str = "pigeon"
    channels: frozenset[str] | None = frozenset({"email"})
    is_idempotent: bool = False

    def send(self, parcel: Parcel) -> CarrierReceipt:
        if self.error is not None:
            raise self.error
        self.parcels.append(parcel)
        return CarrierReceipt(is_out=True, stated="gone")


class PostRoom:
    """A service that knows a late customer, and its letters."""

    def __init__(self, client: Client, home: Path) -> None:
        self.client, self.home = client, home
        self.service = Service(client)
        self.letters: Letters = open_letters(home)
        self.replies = open_replies(home)
        self.decisions = open_decision_reader(home)
        self.acts = open_acts(home)

    def send(self, events: dict[str, Any]) -> None:
        sent = {"customer_id": "acme", "events": events}
        sent["observed"] = dict.fromkeys(TABLES, ago(seconds=0))
        answer = self.client.post("/v1/events", json=sent).json()
        assert answer["rejected"] == 0, answer

    def score(self) -> dict[str, Any]:
        body = {"customer_id": "acme"}
        answer: dict[str, Any] = self.client.post("/v1/score", json=body).json()
        return answer

    def plan(self) -> int:
        now = microseconds(datetime.now(UTC))
        planned = plan_letters(self.decisions, now - 3_600_000_000, now)
        return self.letters.plan(planned.letters)

    def sending(self, carrier: Carrier, **changes: Any) -> Sending:  # noqa: ANN401 - parts
        parts: dict[str, Any] = {
            "by_customer": ADDRESSES,
            "addresses": LINKS,
        } | changes
        stores = self.letters, self.replies, self.decisions, self.acts
        return Sending(*stores, carrier, self.service, **parts)

    def run(self, carrier: Carrier, **changes: Any) -> list[str]:  # noqa: ANN401 - parts
        told: list[str] = []
        self.sending(carrier, **changes).run(lambda _, came_to: told.append(came_to))
        return told

    def contacts(self) -> list[str]:
        """Kinds of contacts, as the timeline has them."""
        timeline = self.client.get("/v1/customers/acme/timeline").json()
        rows = [entry["row"] for entry in timeline["entries"] if entry.get("row")]
        return [row["kind"] for row in rows if "notice_id" in row]

    def close(self) -> None:
        for opened in (self.letters, self.replies, self.decisions, self.acts):
            opened.close()


def a_late_customer() -> dict[str, Any]:
    start = "2024-03-01T09:00:00Z"
    due = (datetime.now(UTC) - timedelta(days=6)).isoformat()
    return {
        "customers": [{"event_at": start, "subject_kind": "legal_person"}],
        "subscriptions": [
            {"subscription_id": "s1", "kind": "started", "event_at": start}
            | {"billing": "license", "quantity": 20, "unit_price": 11.70}
        ],
        "invoices": [
            {"invoice_id": "i-1", "event_at": ago(days=30), "amount": 234.0}
            | {"due_at": due}
        ],
    }


@pytest.fixture
def room(tmp_path: Path) -> Iterator[PostRoom]:
    settings = ServingSettings(home=tmp_path / "state", poll_s=0.05)
    published(a_bundle("nonpayment"), settings.home)
    published(a_bundle("fraud", intercept=-5.0), settings.home)
    keys = open_key_store(settings.home)
    _, key = keys.create("letters")
    keys.close()
    with client_of(settings, key) as client:
        room = PostRoom(client, settings.home)
        room.send(a_late_customer())
        room.score()
        yield room
        room.close()
