"""Every policy that was ever in force: what letters refer to stays readable."""

from dataclasses import dataclass

from store.database import Database
from store.errors import UnknownDocumentError
from store.policy_versions import ALL, PolicyVersion, PolicyVersions


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A policy that a service took up. `since`: when first, microseconds, UTC."""

    policy_hash: str
    reference: str
    since: int


class Policies:
    """Keeps policies by their hash; nothing is ever changed or removed.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def keep(self, policy_hash: str, reference: str, since: int, content: str) -> None:
        """Write a policy down; one that is there stays as it is."""
        with self._db.transaction():
            columns = "policy_hash", "reference", "since", "content"
            row = policy_hash, reference, since, content
            self._db.insert("policies", columns, [row], keep_earlier=True)

    def listed(self) -> list[KeptPolicy]:
        """All of them, the latest first."""
        query = (
            "SELECT policy_hash, reference, since FROM policies"
            " ORDER BY since DESC, policy_hash"
        )
        return [KeptPolicy(*row) for row in self._db.rows(query)]

    def published(self) -> list[PolicyVersion]:
        """Every version that people published, the latest first."""
        return PolicyVersions(self._db).listed(ALL)

    def content(self, policy_hash: str) -> str:
        """The text of the file. Raises UnknownDocumentError if there is none."""
        query = "SELECT content FROM policies WHERE policy_hash = ?"
        for (content,) in self._db.rows(query, policy_hash):
            return str(content)
        raise UnknownDocumentError(policy_hash)

    def close(self) -> None:
        self._db.close()
