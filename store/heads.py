"""The head of the chain, signed, to be kept where the store's owner cannot write."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from store.chain import Tip


class HeadError(Exception):
    """Base of what is wrong with a head or a key to it."""

    code = "head_error"


class BadAuditKeyError(HeadError):
    code = "bad_audit_key"

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} is no Ed25519 key as PEM; make one with"
            " `openssl genpkey -algorithm ed25519 -out audit.pem` and its public part"
            " with `openssl pkey -in audit.pem -pubout -out audit.pub`"
        )


class BadHeadError(HeadError):
    code = "bad_head"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} is no head that `forbear audit head` made: {why}")


def signed_head(tip: Tip, at: str, key: Path) -> str:
    """The tip as JSON with its signature. `at`: ISO 8601."""
    try:
        private = load_pem_private_key(key.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadAuditKeyError(key) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise BadAuditKeyError(key)
    head = {"position": tip.position, "link": tip.link.hex(), "at": at}
    signature = b64encode(private.sign(_signed_bytes(head))).decode()
    return json.dumps(head | {"signature": signature}, sort_keys=True) + "\n"


def read_head(file: Path, public_key: Path | None) -> Tip:
    """The head in `file`; its signature is checked where a public key is given.

    Raises:
        BadHeadError: no head, or not signed by that key.
        BadAuditKeyError: no such key.
    """
    try:
        head: dict[str, Any] = json.loads(file.read_text())
        signature = b64decode(head.pop("signature"))
        tip = Tip(int(head["position"]), bytes.fromhex(head["link"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadHeadError(file, "not of its form") from error
    if public_key is not None:
        try:
            _public(public_key).verify(signature, _signed_bytes(head))
        except InvalidSignature as error:
            why = "another key signed it, or it was edited"
            raise BadHeadError(file, why) from error
    return tip


def _public(file: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(file.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadAuditKeyError(file) from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadAuditKeyError(file)
    return key


def _signed_bytes(head: dict[str, Any]) -> bytes:
    return b"forbear head\n" + json.dumps(head, sort_keys=True).encode()
