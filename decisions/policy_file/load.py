"""Reading a policy file, and the policy in force at a moment."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from decisions.errors import PolicyFileError
from decisions.policy.document import PolicyDocument
from decisions.policy.finding import malformed
from decisions.policy_file.agreement import disagreements
from decisions.policy_file.dominance import refuse_dominated
from decisions.policy_file.lines import on_lines
from decisions.policy_file.mistakes import mistakes
from decisions.policy_file.reading import plain_values
from decisions.terms import Terms, compile_terms

SHIPPED = Path(__file__).parent.parent / "policies"


class Policy:
    """A policy file that was read: its document, its hash, and its dated terms."""

    def __init__(self, document: PolicyDocument, source: str = "") -> None:
        self.document = document
        refuse_dominated(document, source)
        self.source = source
        self._zone = zone = ZoneInfo(document.calendar.timezone)
        self._starts = [_start_of(document.effective_from, zone)]
        self._terms = [compile_terms(document, self.reference, self.hash)]
        self._ends: datetime | None = None
        last = document.effective_to
        if last is not None and last < date.max:  # which means for ever
            self._ends = _start_of(last + timedelta(days=1), zone)
        self._amend(zone)

    def _amend(self, zone: ZoneInfo) -> None:
        values = self.document.model_dump(mode="json", by_alias=True)
        for change in sorted(self.document.amendments, key=lambda a: a.from_):
            values = _laid_over(values, change.set)
            amended = self._amended(values, change.from_)
            self._starts.append(_start_of(change.from_, zone))
            self._terms.append(compile_terms(amended, self.reference, self.hash))

    def _amended(self, values: dict[str, Any], since: date) -> PolicyDocument:
        try:
            amended = parse_document(values, self.source)
            refuse_dominated(amended, self.source)
        except PolicyFileError as error:
            error.findings = tuple(f._replace(since=since) for f in error.findings)
            raise
        return amended

    @property
    def reference(self) -> str:
        """`name@version`, as recorded with each decision."""
        return f"{self.document.name}@{self.document.version}"

    @cached_property
    def hash(self) -> str:
        """sha256 of all that differs from the defaults: same rules, same hash.

        So a section that a later release adds changes no hash of a file without it.
        Which defaults they are `forbear_policy` says, which is part of it.
        """
        return self._sha256(exclude_defaults=True)

    @cached_property
    def full_hash(self) -> str:
        """sha256 with every default written out, as decisions were recorded before."""
        return self._sha256(exclude_defaults=False)

    def _sha256(self, *, exclude_defaults: bool) -> str:
        content = self.document.model_dump(
            mode="json", by_alias=True, exclude_defaults=exclude_defaults
        )
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def in_force(self, at: datetime) -> Terms | None:
        """The terms that decide at `at`; None before the first day, after the last."""
        if at < self._starts[0] or (self._ends is not None and at >= self._ends):
            return None
        for start, terms in zip(
            reversed(self._starts), reversed(self._terms), strict=True
        ):
            if at >= start:
                return terms
        return None

    def undrawn(self) -> "Policy":
        """The same rules with nothing left to chance: nobody is in an arm."""
        document, none = self.document, {"share": 0.0}
        arms = {"exploration": none, "holdout": none}
        update: dict[str, object] = {
            name: getattr(document, name).model_copy(update=none) for name in arms
        }
        update["amendments"] = tuple(
            change.model_copy(update={"set": change.set | arms})
            for change in document.amendments
        )
        return Policy(document.model_copy(update=update), self.source)

    @property
    def latest(self) -> Terms:
        """The terms after all amendments."""
        return self._terms[-1]

    @property
    def versions(self) -> list[tuple[datetime, Terms]]:
        """Every dated version: (in force from, terms)."""
        starts = (start.astimezone(self._zone) for start in self._starts)
        return list(zip(starts, self._terms, strict=True))

    def settlement_conflicts(self, settlement_days: Mapping[str, float]) -> list[str]:
        """Payment methods whose published days differ from the portfolio's."""
        published = self.document.in_flight_days
        return sorted(
            method
            for method, days in published.items()
            if settlement_days.get(method, 0) != days
        )


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    """In UTC, as what is asked about: moments of two zones are dear to compare."""
    start = datetime.combine(day, time(0), zone)
    return start if day == date.min else start.astimezone(UTC)  # none before it


def _laid_over(values: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, new in change.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(new, dict)
        merged[key] = _laid_over(old, new) if both else new  # type: ignore[arg-type]
    return merged


def parse_document(values: object, source: str) -> PolicyDocument:
    """Validate plain values against the schema, and its sections against each other.

    Args:
        values: of the file.
        source: its name, for errors.

    Raises:
        PolicyFileError: with all that is wrong.
    """
    try:
        document = PolicyDocument.model_validate(values)
    except ValidationError as error:
        raise PolicyFileError(source, *mistakes(error, values)) from error
    if found := [malformed(text, key) for key, text in disagreements(document)]:
        raise PolicyFileError(source, *found)
    return document


def parse_policy(text: str, source: str = "policy") -> Policy:
    """A policy from YAML text.

    Raises:
        PolicyFileError: where the text is not YAML or not a policy; each of its
            findings is on its line.
    """
    values = plain_values(text, source)
    try:
        return Policy(parse_document(values, source), source)
    except PolicyFileError as error:
        error.findings = tuple(on_lines(error.findings, text))
        raise


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        PolicyFileError: when it cannot be read or breaks the schema.
    """
    try:
        text = policy_text(path)
    except OSError as error:
        found = malformed(f"cannot be read: {error}")
        raise PolicyFileError(str(path), found) from error
    return parse_policy(text, Path(path).name)


def policy_text(path: Path) -> str:
    """What a policy file holds.

    Raises:
        OSError: when it cannot be read.
        PolicyFileError: when it is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        found = malformed(f"save it as UTF-8: {error}")
        raise PolicyFileError(str(path), found) from error


@lru_cache(maxsize=1)
def default_policy() -> Policy:
    """The shipped `reseller-default`."""
    return load_policy(SHIPPED / "reseller-default.yaml")


def shipped_policies() -> list[Path]:
    """The policy files that come with Forbear, by name."""
    return sorted(SHIPPED.glob("*.yaml"))


def json_schema() -> dict[str, Any]:
    """JSON Schema of the policy file, for editors."""
    return PolicyDocument.model_json_schema(by_alias=True)
