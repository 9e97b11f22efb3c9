"""Alerts of a provider, each change of their status once, whatever is read how often.

What was read is committed before its row is sent to the service; the row is the same
however often it is sent, and is forgotten once it has arrived. Moments are microseconds
since 1970 UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.errors import UnknownAlertError

_COLUMNS = (
    *("provider", "alert_id", "status", "customer_id", "subscription_id"),
    *("content", "seen_at", "is_sent"),
)
_SELECT = """
SELECT provider, alert_id, status, customer_id, subscription_id, content, seen_at,
    is_sent, why FROM provider_alerts
"""
_SENT = """
UPDATE provider_alerts SET is_sent = 1, content = NULL, why = ?
WHERE provider = ? AND alert_id = ? AND status = ?
"""
# it was in this status before, and comes back into it
_AGAIN = """
UPDATE provider_alerts SET content = ?, seen_at = ?, is_sent = 0, why = NULL
WHERE provider = ? AND alert_id = ? AND status = ?
"""
_FORGET = """
UPDATE provider_alerts SET customer_id = ?, subscription_id = '', content = NULL,
    is_sent = 1 WHERE customer_id = ?
"""


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """One alert in one status.

    Args:
        subscription_id: empty: the provider names none.
        content: JSON, the row of `alerts`; None: it was sent, or erased.
        seen_at: when it was read first.
        is_sent: the row has arrived, or never will.
        why: the rule by which the service refused the row.
    """

    provider: str
    alert_id: str
    status: str
    customer_id: str
    subscription_id: str
    content: str | None
    seen_at: int
    is_sent: bool = False
    why: str | None = None


class ProviderAlerts:
    """What was read of a provider's alerts.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def note(self, alerts: Iterable[SeenAlert]) -> int:
        """Write down what is in another status than it was seen in last; how many."""
        n_new = 0
        with self._db.transaction():
            for one in alerts:
                if self.status(one.provider, one.alert_id) == one.status:
                    continue
                n_new += 1
                row = (
                    *(one.provider, one.alert_id, one.status, one.customer_id),
                    *(one.subscription_id, one.content, one.seen_at, 0),
                )
                again = one.content, one.seen_at
                if not self._db.run(_AGAIN, *again, *row[:3]):
                    self._db.insert("provider_alerts", _COLUMNS, [row])
        return n_new

    def status(self, provider: str, alert_id: str) -> str | None:
        """In which an alert was seen last; None: it was never seen."""
        try:
            return self.find(provider, alert_id).status
        except UnknownAlertError:
            return None

    def waiting(self, provider: str) -> list[SeenAlert]:
        """Of which no row has arrived yet, the first seen first."""
        where = "WHERE provider = ? AND is_sent = 0 ORDER BY seen_at, alert_id, status"
        rows = self._db.rows(f"{_SELECT} {where}", provider)
        return [_seen(row) for row in rows]

    def mark_sent(self, alert: SeenAlert, why: str | None = None) -> None:
        """Its row has arrived; `why`: or never will."""
        with self._db.transaction():
            self._db.run(_SENT, why, alert.provider, alert.alert_id, alert.status)

    def latest(self, provider: str, most: int) -> list[SeenAlert]:
        """Every alert in the status it was seen in last, the latest first."""
        where = "WHERE provider = ? ORDER BY seen_at DESC, alert_id, status DESC"
        by_id: dict[str, SeenAlert] = {}
        for row in self._db.rows(f"{_SELECT} {where}", provider):
            one = _seen(row)
            by_id.setdefault(one.alert_id, one)
        return list(by_id.values())[:most]

    def find(self, provider: str, alert_id: str) -> SeenAlert:
        """An alert in the status it was seen in last.

        Raises:
            UnknownAlertError: it was never seen.
        """
        where = "WHERE provider = ? AND alert_id = ? ORDER BY seen_at DESC, status DESC"
        for row in self._db.rows(f"{_SELECT} {where}", provider, alert_id):
            return _seen(row)
        raise UnknownAlertError(alert_id)

    def close(self) -> None:
        self._db.close()


def _seen(row: Sequence[Any]) -> SeenAlert:
    values: list[Any] = [*row[:7], bool(row[7]), row[8]]
    return SeenAlert(*values)


def forget_alerts(database: Database, customer_id: str, nobody: str) -> None:
    """In the transaction that erases a customer.

    That an alert was seen is kept, in the name of nobody: it would be read again.
    """
    database.run(_FORGET, nobody, customer_id)
