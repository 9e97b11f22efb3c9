"""What the leak audit says of one feature, and a person's word that it may be used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from features.targets import Target

Level = Literal["pass", "suspect", "leak"]


@dataclass(frozen=True)
class LeakEvidence:
    """One sign that a feature knows what came after its moment.

    Args:
        code: stable name of the sign.
        text: what was seen, with its numbers, as a sentence.
    """

    code: str
    text: str


@dataclass(frozen=True)
class LeakVerdict:
    """What the audit says of one feature of one target.

    Args:
        numbers: what was measured, by name; None where it could not be.
        evidence: why it does not pass; empty for `pass`.
    """

    feature: str
    target: Target
    level: Level
    evidence: tuple[LeakEvidence, ...] = ()
    numbers: Mapping[str, float | None] | None = None

    @property
    def is_blocking(self) -> bool:
        """Whether a model with this feature serves only once a person accepts it."""
        return self.level != "pass"

    @property
    def why(self) -> str:
        """The evidence as one line."""
        return "; ".join(one.text for one in self.evidence)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Acceptance:
    """A person's word that a suspected feature was known at its moment after all."""

    feature: str
    because: str


def unaccepted(
    verdicts: Iterable[LeakVerdict], accepted: Sequence[Acceptance] = ()
) -> tuple[LeakVerdict, ...]:
    """The suspected leaks that nobody has signed off."""
    names = {one.feature for one in accepted}
    return tuple(v for v in verdicts if v.is_blocking and v.feature not in names)
