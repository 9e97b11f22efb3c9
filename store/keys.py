"""API keys: shown once, kept as a hash, one scope each.

A key reads `fb_<key id>_<secret>`. The secret holds 256 random bits, so one round
of SHA-256 is enough: there is nothing to guess and no password to stretch.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, get_args

from store.errors import BadKeyNameError, UnknownScopeError

Scope = Literal["score", "events", "read", "review", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
# what a key of each scope may do: a billing system may send events and read what it
# asked for, a person who reviews says what was decided, and only an admin erases
GRANTS: dict[Scope, frozenset[Scope]] = {
    "score": frozenset({"score", "events", "read"}),
    "events": frozenset({"events"}),
    "read": frozenset({"read"}),
    "review": frozenset({"review", "read"}),
    "admin": frozenset(SCOPES),
}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known about a key; never the secret. Moments are ISO 8601, UTC."""

    key_id: str
    name: str
    scope: Scope
    created_at: str
    revoked_at: str | None = None

    def may(self, scope: Scope) -> bool:
        return scope in GRANTS[self.scope]


class KeyStore(Protocol):
    """Keeps keys; a revoked key is refused from the next request on.

    Making and checking a key are the same whatever keeps it. An implementation
    inherits both and supplies the rest.
    """

    def create(self, name: str, scope: str = "score") -> tuple[ApiKey, str]:
        """Make a key; the text is returned here and can never be read again.

        Raises:
            BadKeyNameError: if `name` is blank or longer than 100 characters.
            UnknownScopeError: if there is no such scope.
        """
        if not 1 <= len(name.strip()) <= 100:
            raise BadKeyNameError
        known = next((one for one in SCOPES if one == scope), None)
        if known is None:
            raise UnknownScopeError(scope, SCOPES)
        key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
        created_at = datetime.now(UTC).isoformat(timespec="seconds")
        key = ApiKey(key_id, name.strip(), known, created_at)
        self.add(key, _sha256(secret))
        return key, f"fb_{key_id}_{secret}"

    def verify(self, text: str) -> ApiKey | None:
        """The active key `text` belongs to, or None."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != "fb":
            return None
        # hash and compare also without a row, so that time tells no key ids
        key, kept = self.lookup(key_id) or (None, bytes(32))
        is_right = hmac.compare_digest(_sha256(secret), kept)
        return key if is_right and key is not None and not key.revoked_at else None

    def add(self, key: ApiKey, secret_sha256: bytes) -> None:
        """Keep a new key."""
        ...

    def lookup(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """A key, revoked or not, and the hash of its secret."""
        ...

    def listed(self) -> list[ApiKey]:
        """All keys ever made, oldest first."""
        ...

    def revoke(self, key_id: str) -> None:
        """End a key at once, for every process.

        Raises:
            UnknownKeyError: if there is no active key of this id.
        """
        ...

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        ...


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
