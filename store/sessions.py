"""Who is signed in at the desk: only a hash of what the browser holds is kept."""

import hashlib

from store.database import Database

_COLUMNS = "token_sha256", "holder", "expires_at"
_FIND = "SELECT holder FROM desk_sessions WHERE token_sha256 = ? AND expires_at > ?"


class Sessions:
    """Begins, finds and ends sessions. Moments are microseconds since 1970 UTC.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, token: str, holder: str, now: int, expires_at: int) -> None:
        """Keep a session, and forget those that are over.

        Args:
            token: what the browser sends back; 256 random bits.
            holder: JSON: who signed in.
            now: the moment.
            expires_at: it is over from then on.
        """
        with self._db.transaction():
            self._db.run("DELETE FROM desk_sessions WHERE expires_at <= ?", now)
            row = _sha256(token), holder, expires_at
            self._db.insert("desk_sessions", _COLUMNS, [row])

    def find(self, token: str, now: int) -> str | None:
        """Who signed in; None where the session is over, or never was."""
        for (holder,) in self._db.rows(_FIND, _sha256(token), now):
            return str(holder)
        return None

    def end(self, token: str) -> None:
        """It is over at once, for every process."""
        statement = "DELETE FROM desk_sessions WHERE token_sha256 = ?"
        with self._db.transaction():
            self._db.run(statement, _sha256(token))


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
