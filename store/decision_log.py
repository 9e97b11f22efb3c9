"""Decisions and acts as people look through them: by customer, day and action."""

from collections.abc import Sequence
from dataclasses import dataclass

from store.act import (
    ACT_COLUMNS,
    Act,
    act_of,
)
from store.database import Database
from store.decisions import ListedDecision

# an id begins with the moment it was made: the order of ids is that of decisions
_DECISIONS = """
SELECT decision_id, recorded_at, as_of, customer_id, action FROM decisions
WHERE {} ORDER BY decision_id DESC LIMIT ?
"""
_ACTS = f"""
SELECT {ACT_COLUMNS}, position FROM acts WHERE {{}} ORDER BY position DESC LIMIT ?
"""  # noqa: S608 - own names
_ID_BEYOND_ALL = "e"  # they begin with d


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What is looked for. Moments are microseconds since 1970 UTC.

    Args:
        customer_id: of one customer; empty: of all.
        begin: how the ids of customers begin.
        since, until: recorded or planned in [since, until); None: unbounded.
        action: recommended; empty: any. Of acts it is the kind.
    """

    customer_id: str = ""
    begin: str = ""
    since: int | None = None
    until: int | None = None
    action: str = ""

    def conditions(self, moment: str, action: str) -> tuple[list[str], list[object]]:
        """As SQL over these columns, and its values."""
        stated: list[tuple[str, Sequence[object]]] = []
        if self.customer_id:
            stated.append(("customer_id = ?", [self.customer_id]))
        if self.begin:
            begin = [len(self.begin), self.begin]
            stated.append(("substr(customer_id, 1, ?) = ?", begin))
        if self.since is not None:
            stated.append((f"{moment} >= ?", [self.since]))
        if self.until is not None:
            stated.append((f"{moment} < ?", [self.until]))
        if self.action:
            stated.append((f"{action} = ?", [self.action]))
        values = [value for _, some in stated for value in some]
        return [condition for condition, _ in stated], values


class DecisionLog:
    """Looks through what was recorded; changes nothing.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def decisions(
        self, wanted: LogFilter, before: str, most: int
    ) -> list[ListedDecision]:
        """The latest first, made before the decision of id `before`; empty: all."""
        conditions, values = wanted.conditions("recorded_at", "action")
        conditions.append("decision_id < ?")
        query = _DECISIONS.format(" AND ".join(conditions))
        rows = self._db.rows(query, *values, before or _ID_BEYOND_ALL, most)
        return [ListedDecision(*row) for row in rows]

    def acts(
        self, wanted: LogFilter, before: int | None, most: int
    ) -> list[tuple[int, Act]]:
        """Each with its number, the latest first, with numbers below `before`."""
        conditions, values = wanted.conditions("planned_at", "kind")
        if before is not None:
            conditions.append("position < ?")
            values.append(before)
        query = _ACTS.format(" AND ".join(conditions) or "1 = 1")
        rows = self._db.rows(query, *values, most)
        return [(int(row[-1]), act_of(row[:-1])) for row in rows]
