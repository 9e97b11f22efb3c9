"""API keys: shown once, kept as a hash, one scope each.

A key reads `fb_<key id>_<secret>`. The secret holds 256 random bits, so one round
of SHA-256 is enough: there is nothing to guess and no password to stretch.
"""

import hashlib
import hmac
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

Scope = Literal["score", "read"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
# what a key of each scope may do: a billing system may read what it asked for
GRANTS: dict[Scope, frozenset[Scope]] = {
    "score": frozenset({"score", "read"}),
    "read": frozenset({"read"}),
}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    secret_sha256 BLOB NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT
"""


class KeyStoreError(Exception):
    """Base of what the key store refuses."""

    code = "key_store_error"


class UnknownKeyError(KeyStoreError):
    code = "unknown_key"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no active key {key_id!r}; see `forbear keys list`")


class KeyFileError(KeyStoreError):
    code = "key_store_unavailable"

    def __init__(self, file: Path, cause: str) -> None:
        super().__init__(f"{file} cannot be used ({cause}): is FORBEAR_HOME right?")


class BadKeyNameError(KeyStoreError):
    code = "bad_key_name"

    def __init__(self) -> None:
        super().__init__("a key needs a name of 1 to 100 characters, for the audit")


class UnknownScopeError(KeyStoreError):
    code = "unknown_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"unknown scope {scope!r}; one of {', '.join(SCOPES)}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known about a key; never the secret."""

    key_id: str
    name: str
    scope: Scope
    created_at: str
    revoked_at: str | None = None

    def may(self, scope: Scope) -> bool:
        return scope in GRANTS[self.scope]


class KeyStore:
    """Keys in one SQLite file; a revoked key is refused from the next request on."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        self._file = file
        # autocommit: every statement here is its own transaction
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(_SCHEMA)
        except sqlite3.Error as error:
            self._db.close()
            raise KeyFileError(file, str(error)) from error

    def create(self, name: str, scope: str = "score") -> tuple[ApiKey, str]:
        """Make a key; the text is returned here and can never be read again."""
        if not 1 <= len(name.strip()) <= 100:
            raise BadKeyNameError
        if scope not in GRANTS:
            raise UnknownScopeError(scope)
        key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
        created_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._db.execute(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, NULL)",
            (key_id, name.strip(), scope, _sha256(secret), created_at),
        )
        key = ApiKey(key_id, name.strip(), scope, created_at)
        return key, f"fb_{key_id}_{secret}"

    def verify(self, text: str) -> ApiKey | None:
        """The active key `text` belongs to, or None."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != "fb":
            return None
        with closing(self._select("WHERE key_id = ?", key_id)) as rows:
            row = rows.fetchone()
        # hash also without a row, so that time does not tell which ids exist
        offered, kept = _sha256(secret), row[5] if row else bytes(32)
        if not hmac.compare_digest(offered, kept) or row is None or row[4]:
            return None
        return ApiKey(*row[:5])

    def listed(self) -> list[ApiKey]:
        """All keys ever made, oldest first."""
        with closing(self._select("ORDER BY created_at, rowid")) as rows:
            return [ApiKey(*row[:5]) for row in rows]

    def revoke(self, key_id: str) -> None:
        """End a key at once.

        Raises:
            UnknownKeyError: if there is no active key of this id.
        """
        changed = self._db.execute(
            "UPDATE keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL",
            (datetime.now(UTC).isoformat(timespec="seconds"), key_id),
        )
        if changed.rowcount == 0:
            raise UnknownKeyError(key_id)

    def close(self) -> None:
        self._db.close()

    def _select(self, condition: str, *values: str) -> sqlite3.Cursor:
        columns = "key_id, name, scope, created_at, revoked_at, secret_sha256"
        query = f"SELECT {columns} FROM keys {condition}"  # noqa: S608 - literals
        return self._db.execute(query, values)


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
