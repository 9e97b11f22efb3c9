"""Letters to another system that sends them, signed as Standard Webhooks asks."""

import json
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from execution.letters.carrier import (
    Carrier,
    CarrierBusyError,
    CarrierReceipt,
    CarrierRefusedError,
    CarrierUncertainError,
    Parcel,
)

LETTER = "letter.due"
TIMEOUT_S = 30.0


class WebhookCarrier(Carrier):
    """Posts each letter; the message id is the letter's, so a repetition is known.

    Args:
        client: without a base address.
        url: where to.
        secret: with which the message is signed; its bytes, or `whsec_…`.
    """

    name = "webhook"
    channels = None
    is_idempotent = True

    def __init__(self, client: httpx.Client, url: str, secret: bytes | str) -> None:
        self._client, self._url, self._signer = client, url, Webhook(secret)

    def send(self, parcel: Parcel) -> CarrierReceipt:
        letter = parcel.letter
        data = {
            "letter_id": parcel.letter_id,
            "customer_id": parcel.customer_id,
            "channel": parcel.channel,
            "email": parcel.email or None,
            "language": letter.lang,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
            "print": letter.print,
        }
        now = datetime.now(UTC)
        content = {"type": LETTER, "timestamp": now.isoformat(), "data": data}
        body = json.dumps(content, ensure_ascii=False)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": parcel.letter_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(parcel.letter_id, now, body),
        }
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise CarrierBusyError(type(error).__name__) from error
        except httpx.HTTPError as error:  # it may have arrived
            raise CarrierUncertainError(type(error).__name__) from error
        if answer.is_success:
            return CarrierReceipt(is_out=True, stated=f"HTTP {answer.status_code}")
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise CarrierBusyError("HTTP 429")
        if answer.status_code in (408, 425) or answer.is_server_error:
            raise CarrierUncertainError(f"HTTP {answer.status_code}")
        raise CarrierRefusedError(f"http_{answer.status_code}", is_of_address=False)
