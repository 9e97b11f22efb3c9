"""What one check of the leak audit found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["pass", "look", "suspect", "leak", "cannot_tell", "not_looked_at"]


@dataclass(frozen=True)
class Check:
    """One of the ten checks.

    Args:
        number: 1 to 10.
        outcome: `look` is worth a person's look and stops nothing; `cannot_tell`:
            nothing was found, and what is there would not be found either.
        text: what was done and seen, with its numbers.
        features: those it names.
        numbers: what was measured, by name.
    """

    number: int
    name: str
    outcome: Outcome
    text: str
    features: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
