"""What a decision knew beyond its request: earlier decisions, and stored events."""

import json
from collections.abc import Mapping
from dataclasses import field, fields
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.json import encode

from decisions.actions import Action
from decisions.case import BudgetUse
from features.made_often import dataclass

_BUDGET_USE = [field.name for field in fields(BudgetUse)]


class StoredEvents(NamedTuple):
    """Which stored events were known: all up to a sequence.

    `rows_sha256` tells whether they are still those.
    """

    sequence: int
    rows_sha256: str


@dataclass(frozen=True, slots=True)
class PriorDecisions:
    """Recorded with the decision, so that it can be computed again.

    Args:
        budget_use: by the other customers.
        previous: the action last recommended to this customer, while the policy would
            still rest on data of that moment. previous_at: when that was.
        named: notices asked for before, and when last, where no contacts are kept.
        stored: the stored events it rests on; None where the request brought its own.
    """

    budget_use: BudgetUse = field(default_factory=BudgetUse)
    previous: Action | None = None
    previous_at: datetime | None = None
    named: Mapping[str, datetime] = field(default_factory=dict)
    stored: StoredEvents | None = None

    def to_json(self) -> str:
        at = None if self.previous_at is None else self.previous_at.isoformat()
        named = {name: moment.isoformat() for name, moment in self.named.items()}
        content = {
            **{name: getattr(self.budget_use, name) for name in _BUDGET_USE},
            "previous": self.previous,
            "previous_at": at,
            "named": named,
            "stored": self.stored and self.stored._asdict(),
        }
        return encode(content, order="sorted").decode()

    @classmethod
    def from_json(cls, text: str) -> "PriorDecisions":
        content: dict[str, Any] = json.loads(text)
        previous, at = content.pop("previous", None), content.pop("previous_at", None)
        previous_at = None if at is None else datetime.fromisoformat(at)
        named = {
            name: datetime.fromisoformat(moment)
            for name, moment in content.pop("named", {}).items()
        }
        stored = content.pop("stored", None)
        return cls(
            BudgetUse(**content),
            previous,
            previous_at,
            named,
            None if stored is None else StoredEvents(**stored),
        )
