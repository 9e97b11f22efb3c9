"""A decision as it is kept: sealed under its customer's key, and committed to.

The sealed record can be read with the key of its customer (AES-256-GCM) and by nobody
once that key is destroyed. The commitment stands in the chain and says nothing about
the record: it is a hash over a random salt, which is sealed too, and the record.
"""

import json
import struct
import threading
from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256
from operator import attrgetter
from secrets import token_bytes
from typing import Any, NamedTuple

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec.json import Encoder

from store.decisions import Decision
from store.errors import AlteredDecisionError

_SALT, _NONCE, _LENGTHS = 32, 12, struct.Struct(">III")  # bytes
_LARGEST = 1 << 28  # bytes of a record unpacked
_BODIES = "request", "answer", "request_sha256"
_OTHERS = sorted(field.name for field in fields(Decision) if field.name not in _BODIES)
_bodies, _others, _json = attrgetter(*_BODIES), attrgetter(*_OTHERS), Encoder()


class _OfThread(threading.local):
    """To make a compressor costs more than it takes to compress a record."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(1)


_OF_THREAD = _OfThread()


class SealedDecision(NamedTuple):
    """What is kept of a decision, and what the chain says about it."""

    content: bytes
    commitment: bytes


class BrokenSealError(Exception):
    """The sealed record was altered, or is another customer's or decision's."""

    code = "broken_seal"


def new_key() -> bytes:
    """A key for one customer."""
    return AESGCM.generate_key(256)


def seal(decision: Decision, key: bytes) -> SealedDecision:
    """Seal a decision under the key of its customer."""
    drawn, record = token_bytes(_SALT + _NONCE), _packed(decision)
    salt, nonce = drawn[:_SALT], drawn[_SALT:]
    small = _OF_THREAD.compressor.compress(record)
    name = decision.decision_id.encode()
    content = nonce + AESGCM(key).encrypt(nonce, salt + small, name)
    commitment = sha256(salt)
    commitment.update(record)  # not joined: a copy of all of it
    return SealedDecision(content, commitment.digest())


def unseal(content: bytes, decision_id: str, key: bytes) -> tuple[Decision, bytes]:
    """The decision, and the commitment it must have in the chain.

    Raises:
        BrokenSealError: this is not what was sealed.
    """
    nonce, rest = content[:_NONCE], content[_NONCE:]
    try:
        opened = AESGCM(key).decrypt(nonce, rest, decision_id.encode())
    except (InvalidTag, ValueError) as error:
        raise BrokenSealError from error
    salt, small = opened[:_SALT], opened[_SALT:]
    record = zstandard.decompress(small, max_output_size=_LARGEST)
    return _unpacked(record), sha256(salt + record).digest()


def unsealed(decision_id: str, sealed: bytes, key: bytes) -> Decision:
    """A decision as it was recorded.

    Raises:
        AlteredDecisionError: its seal is broken.
    """
    try:
        return unseal(sealed, decision_id, key)[0]
    except BrokenSealError as error:
        raise AlteredDecisionError(decision_id) from error


def _packed(decision: Decision) -> bytes:
    """The lengths of three parts, those parts, then the rest as JSON."""
    bodies: Sequence[bytes] = _bodies(decision)
    rest = _json.encode(dict(zip(_OTHERS, _others(decision), strict=True)))
    return b"".join((_LENGTHS.pack(*map(len, bodies)), *bodies, rest))


def _unpacked(record: bytes) -> Decision:
    begin, bodies = _LENGTHS.size, []
    for length in _LENGTHS.unpack_from(record):
        bodies.append(record[begin : begin + length])
        begin += length
    named: dict[str, Any] = json.loads(record[begin:])
    for name in ("notices_due", "erasure_waits_for"):
        named[name] = tuple(named[name])
    return Decision(**named | dict(zip(_BODIES, bodies, strict=True)))
