"""API keys in a table, written once for every database."""

import json
from dataclasses import asdict
from functools import lru_cache

from store.database import Database
from store.keys import ApiKey, KeyStore

_COLUMNS = "number", "key_id", "content", "secret_sha256"


class SqlKeyStore(KeyStore):
    """Keys in a database: what is known about each as JSON, the secret as its hash."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, key: ApiKey, secret_sha256: bytes) -> None:
        row = key.key_id, json.dumps(asdict(key)), secret_sha256
        with self._db.transaction():
            [(last,)] = self._db.rows("SELECT coalesce(max(number), 0) FROM keys")
            self._db.insert("keys", _COLUMNS, [(last + 1, *row)])

    def lookup(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        query = "SELECT content, secret_sha256 FROM keys WHERE key_id = ?"
        for content, secret_sha256 in self._db.rows(query, key_id):
            return _key(content), bytes(secret_sha256)
        return None

    def listed(self) -> list[ApiKey]:
        rows = self._db.rows("SELECT content FROM keys ORDER BY number")
        return [_key(content) for (content,) in rows]

    def update(self, key: ApiKey, secret_sha256: bytes) -> None:
        content = json.dumps(asdict(key))
        query = "UPDATE keys SET content = ?, secret_sha256 = ? WHERE key_id = ?"
        with self._db.transaction():
            self._db.run(query, content, secret_sha256, key.key_id)

    def close(self) -> None:
        self._db.close()


@lru_cache(1_000)
def _key(content: str) -> ApiKey:
    """Read once: the same keys come with every request, and change with their text."""
    return ApiKey(**json.loads(content))
