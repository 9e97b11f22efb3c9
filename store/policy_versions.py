"""The policies that people published: the latest decides in every service."""

from dataclasses import dataclass

from store.database import Database
from store.errors import PolicyMovedError

ALL = 2**31 - 1  # versions: a limit that leaves none out
_COLUMNS = (
    "policy_hash",
    "reference",
    "text",
    "author",
    "approver",
    "reason",
    "published_at",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM policy_versions"  # noqa: S608 - literals
_LATEST = " ORDER BY version DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A whole policy file, who wrote it and who agreed.

    Args:
        policy_hash: of the file. Decisions record another where the models count its
            money in another currency, and a later release may count it otherwise.
        reference: `name@version`.
        text: of the file.
        author: who proposed it.
        approver: who agreed; never the author.
        reason: of the approver.
        published_at: microseconds since 1970 UTC.
    """

    policy_hash: str
    reference: str
    text: str
    author: str
    approver: str
    reason: str
    published_at: int


class PolicyVersions:
    """Adds versions and reads them; none is ever changed or removed.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def number(self) -> int:
        """Of the latest; 0 where nothing was published. Grows with each version."""
        query = "SELECT coalesce(max(version), 0) FROM policy_versions"
        return int(self._db.rows(query)[0][0])

    def latest(self) -> PolicyVersion | None:
        """The one in force; None where nothing was published."""
        return next(iter(self.listed(1)), None)

    def listed(self, limit: int) -> list[PolicyVersion]:
        """At most `limit` of them, the latest first."""
        return [PolicyVersion(*row) for row in self._db.rows(_SELECT + _LATEST, limit)]

    def add(self, version: PolicyVersion, base: int) -> None:
        """Put a version in force, inside a transaction of the caller.

        Args:
            version: to publish.
            base: number of the version that it takes the place of; 0: of none.

        Raises:
            PolicyMovedError: another one was published since.
        """
        latest, number = self.latest(), self.number()
        if latest is not None and number != base:
            raise PolicyMovedError(latest.reference)
        # counted here: a restored table does not move the server's own counter
        row = (number + 1, *(getattr(version, name) for name in _COLUMNS))
        self._db.insert("policy_versions", ("version", *_COLUMNS), [row])

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        self._db.close()
