"""API keys: shown once, kept as a hash, one scope each.

A key reads `fb_<key id>_<secret>`. The secret holds 256 random bits, so one round
of SHA-256 is enough: there is nothing to guess and no password to stretch.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, get_args

from store.errors import (
    BadKeyNameError,
    RotationRunningError,
    UnknownKeyError,
    UnknownRoleError,
    UnknownScopeError,
)

KEY_PREFIX = "fb_"
Scope = Literal["score", "events", "read", "review", "audit", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
# what a key of each scope may do: a billing system scores, sends the events it scores
# with and reads what it was answered; an auditor also reads who read what
GRANTS: dict[Scope, frozenset[Scope]] = {
    "score": frozenset({"score", "events", "read"}),
    "events": frozenset({"events"}),
    "read": frozenset({"read"}),
    "review": frozenset({"review", "read"}),
    "audit": frozenset({"audit", "read"}),
    "admin": frozenset(SCOPES),
}


# of a person at the desk; what each may do there is in `serving/desk/roles.py`
Role = Literal[
    "risk_analyst", "collections", "account_manager", "approver", "auditor", "admin"
]
ROLES: tuple[Role, ...] = get_args(Role)


def scope_of(role: Role) -> Scope:
    """What a person of this role may ask of the API itself."""
    if role == "admin":
        return "admin"
    return "audit" if role == "auditor" else "review"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known about a key; never the secret. Moments are ISO 8601, UTC.

    Args:
        expires_at: refused from then on; None: never.
        customers: how the ids of all customers begin that it may name; empty: any.
        is_test: its decisions are recorded apart and take no budget.
        rate_limit: requests, such as `50/second`, instead of the service's own limit.
        former_sha256, former_until: of the secret before the last rotation, and until
            when it is good as well.
        role: of the person who has it, at the desk; None: it opens no desk.
    """

    key_id: str
    name: str
    scope: Scope
    created_at: str
    revoked_at: str | None = None
    expires_at: str | None = None
    customers: str = ""
    is_test: bool = False
    rate_limit: str | None = None
    former_sha256: str | None = field(default=None, repr=False)
    former_until: str | None = None
    role: Role | None = None

    def may(self, scope: Scope) -> bool:
        return scope in GRANTS[self.scope]

    def may_name(self, customer_id: str) -> bool:
        return customer_id.startswith(self.customers)

    def is_active(self, now: datetime) -> bool:
        return not self.revoked_at and not _is_over(self.expires_at, now)

    def former_good_until(self, now: datetime) -> str | None:
        """Until when the secret before the last rotation is good; None: no longer."""
        return None if _is_over(self.former_until, now) else self.former_until

    def knows_formerly(self, secret_sha256: bytes, now: datetime) -> bool:
        """Whether that was its secret before a rotation, and is still good."""
        former = bytes.fromhex(self.former_sha256 or "")
        is_former = hmac.compare_digest(secret_sha256, former)
        return is_former and not _is_over(self.former_until, now)


class KeyStore(Protocol):
    """Keeps keys; a revoked key is refused from the next request on.

    Making and checking a key are the same whatever keeps it. An implementation
    inherits both and supplies the rest.
    """

    def create(
        self,
        name: str,
        scope: str = "score",
        *,
        expires_at: datetime | None = None,
        customers: str = "",
        is_test: bool = False,
        rate_limit: str | None = None,
        role: str | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; the text is returned here and can never be read again.

        Args:
            name: who will use it; what a person decides bears this name.
            scope: what it may do; not read where there is a role, which brings one.
            expires_at: refused from then on.
            customers: how the ids of all customers begin that it may name.
            is_test: its decisions are recorded apart.
            rate_limit: requests, such as `50/second`.
            role: of a person at the desk.

        Raises:
            BadKeyNameError: if `name` is blank or longer than 100 characters.
            UnknownScopeError: if there is no such scope.
            UnknownRoleError: if there is no such role.
        """
        if not 1 <= len(name.strip()) <= 100:
            raise BadKeyNameError
        known = next((one for one in SCOPES if one == scope), None)
        if known is None:
            raise UnknownScopeError(scope, SCOPES)
        person = next((one for one in ROLES if one == role), None)
        if person is not None:
            known = scope_of(person)
        elif role is not None:
            raise UnknownRoleError(role, ROLES)
        key = ApiKey(
            secrets.token_hex(6),
            name.strip(),
            known,
            _written(datetime.now(UTC)),
            expires_at=None if expires_at is None else _written(expires_at),
            customers=customers,
            is_test=is_test,
            rate_limit=rate_limit,
            role=person,
        )
        secret = secrets.token_hex(32)
        self.add(key, _sha256(secret))
        return key, f"fb_{key.key_id}_{secret}"

    def rotate(self, key_id: str, overlap: timedelta) -> tuple[ApiKey, str]:
        """Give a key a new secret; the one before is good for `overlap` as well.

        Args:
            key_id: of the key.
            overlap: nothing ends at once whatever was good before.

        Raises:
            UnknownKeyError: if there is no active key of this id.
            RotationRunningError: an earlier secret is good still, and somebody may
                have no other yet.
        """
        now = datetime.now(UTC)
        key, kept = self._active(key_id, now)
        former_until = key.former_good_until(now)
        if overlap and former_until is not None:
            raise RotationRunningError(key_id, former_until)
        until = _written(now + overlap)
        rotated = replace(key, former_sha256=kept.hex(), former_until=until)
        secret = secrets.token_hex(32)
        self.update(rotated, _sha256(secret))
        return rotated, f"fb_{key_id}_{secret}"

    def revoke(self, key_id: str) -> None:
        """End a key at once, for every process.

        Raises:
            UnknownKeyError: if there is no active key of this id.
        """
        now = datetime.now(UTC)
        key, kept = self._active(key_id, now)
        self.update(replace(key, revoked_at=_written(now)), kept)

    def verify(self, text: str) -> ApiKey | None:
        """The active key `text` belongs to, or None."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != "fb":
            return None
        return self.known(key_id, _sha256(secret))

    def known(self, key_id: str, digest: bytes) -> ApiKey | None:
        """The active key that has, or still may have, the secret of this hash."""
        # hash and compare also without a row, so that time tells no key ids
        key, kept = self.lookup(key_id) or (None, bytes(32))
        now = datetime.now(UTC)
        is_right = hmac.compare_digest(digest, kept)
        if key is None or not key.is_active(now):
            return None
        return key if is_right or key.knows_formerly(digest, now) else None

    def add(self, key: ApiKey, secret_sha256: bytes) -> None:
        """Keep a new key."""
        ...

    def update(self, key: ApiKey, secret_sha256: bytes) -> None:
        """Keep a key that is there as it is now."""
        ...

    def lookup(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """A key, revoked or not, and the hash of its secret."""
        ...

    def listed(self) -> list[ApiKey]:
        """All keys ever made, oldest first."""
        ...

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        ...

    def _active(self, key_id: str, now: datetime) -> tuple[ApiKey, bytes]:
        key, kept = self.lookup(key_id) or (None, b"")
        if key is None or not key.is_active(now):
            raise UnknownKeyError(key_id)
        return key, kept


def secret_hash(text: str) -> bytes:
    """Of the secret in a key as it was shown once."""
    return _sha256(text.split("_", 2)[-1])


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _is_over(moment: str | None, now: datetime) -> bool:
    return moment is not None and datetime.fromisoformat(moment) <= now


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
