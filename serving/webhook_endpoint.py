"""Where messages go, and how one is written and signed (Standard Webhooks)."""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from features.moments import to_datetime
from serving.safe_address import require_safe_address
from serving.settings import BadSettingError, ServingSettings
from serving.webhook_terms import Kind, WebhookTerms, webhook_terms
from store.decisions import Decision
from store.outbox import Message

MOST_SECRETS = 3
_SHORTEST_SECRET = 24  # bytes, as Standard Webhooks asks
DECISION: Kind = "decision.recorded"
HEAD: Kind = "chain.head"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One receiver.

    Args:
        signers: one for each secret; a message carries a signature of each, so that a
            receiver may change from one secret to the next at any moment.
        has_answers: whether messages hold the whole answer, and not ids alone.
    """

    name: str
    url: str
    signers: Sequence[Webhook]
    has_answers: bool

    @classmethod
    def all_of(cls, settings: ServingSettings) -> "list[WebhookEndpoint]":
        """The endpoints of the settings and of their file.

        Raises:
            BadSettingError: the file, an address or a secret cannot be used.
        """
        return [_endpoint(terms) for terms in webhook_terms(settings)]

    def body(self, message: Message) -> str:
        """What is sent of a message; the same however often it is."""
        if message.decision is None:
            return message.content or "{}"
        return _body_of(message.decision, has_answer=self.has_answers)

    def headers(self, message_id: str, body: str, at: datetime) -> dict[str, str]:
        """Headers that prove who sent `body`. `at`: aware, UTC."""
        signatures = (signer.sign(message_id, at, body) for signer in self.signers)
        return {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def why_unusable(terms: WebhookTerms) -> str | None:
    """Why the service would not start with this endpoint; None: it would."""
    try:
        _endpoint(terms)
    except BadSettingError as error:
        return error.why
    return None


def head_body(head: str) -> tuple[str, str]:
    """The subject and the body of the message about a signed head of the chain.

    `head`: JSON as `store.heads.signed_head` makes it.
    """
    content: dict[str, Any] = json.loads(head)
    body = {"type": HEAD, "timestamp": content["at"], "data": content}
    return f"head_{content['position']}", json.dumps(body)


def _body_of(decision: Decision, *, has_answer: bool) -> str:
    data: dict[str, Any] = {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "action": decision.action,
        "as_of": _iso(decision.as_of),
    }
    if has_answer:
        data["answer"] = json.loads(decision.answer)
    timestamp = _iso(decision.recorded_at)
    body = {"type": DECISION, "timestamp": timestamp, "data": data}
    return json.dumps(body, ensure_ascii=False)


def _endpoint(terms: WebhookTerms) -> WebhookEndpoint:
    try:
        require_safe_address("webhook_url", terms.url, may_be_plain=terms.may_be_plain)
        signers = _signers(terms.secret())
    except BadSettingError as error:
        if terms.file is None:
            raise
        why = f"{terms.name}: {error.why}"
        raise BadSettingError("webhooks", terms.file, why) from error
    return WebhookEndpoint(terms.name, terms.url, signers, terms.has_answers)


def _signers(text: str) -> list[Webhook]:
    secrets = text.split()
    if not 1 <= len(secrets) <= MOST_SECRETS:
        raise _bad_secret(f"one to {MOST_SECRETS} secrets, with blanks between")
    return [_signer(secret) for secret in secrets]


def _iso(at: int) -> str:
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def _signer(secret: str) -> Webhook:
    if not secret.startswith("whsec_"):
        raise _bad_secret("a secret begins with whsec_, then base64")
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        content = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise _bad_secret("a secret is whsec_ and base64") from None
    if len(content) < _SHORTEST_SECRET:
        raise _bad_secret(f"a secret holds at least {_SHORTEST_SECRET} random bytes")
    return Webhook(content)


def _bad_secret(why: str) -> BadSettingError:
    made = 'make one with echo "whsec_$(openssl rand -base64 32)"'
    return BadSettingError("webhook_secret", "…", f"{why}; {made}")
