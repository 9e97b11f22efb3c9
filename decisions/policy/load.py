"""Reading a policy file, and the policy in force at a moment."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import ValidationError

from decisions.errors import PolicyFileError
from decisions.policy.document import PolicyDocument
from decisions.policy.dominance import refuse_dominated
from decisions.policy.mistakes import mistakes
from decisions.terms import Terms, compile_terms

SHIPPED = Path(__file__).parent.parent / "policies"


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: `NO` is Norway, `17:30` a time, a key stands once."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            line = node.start_mark.line + 1
            raise PolicyFileError(f"line {line}", f"the key {key!r} stands twice")
    return loader.construct_mapping(node, deep=True)


def _timestamp(loader: _Loader, node: yaml.ScalarNode) -> date | datetime:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        line = node.start_mark.line + 1
        text = f"{node.value} is no date: {error}"
        raise PolicyFileError(f"line {line}", text) from error


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


class Policy:
    """A policy file that was read: its document, its hash, and its dated terms."""

    def __init__(self, document: PolicyDocument, source: str = "") -> None:
        self.document = document
        refuse_dominated(document, source)
        self.source = source
        try:
            zone = ZoneInfo(document.calendar.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise PolicyFileError(
                "calendar.timezone", f"{document.calendar.timezone!r} is no timezone"
            ) from error
        self._starts = [_start_of(document.effective_from, zone)]
        self._terms = [compile_terms(document, self.reference, self.hash)]
        self._ends: datetime | None = None
        if document.effective_to is not None:
            self._ends = _start_of(document.effective_to + timedelta(days=1), zone)
        self._amend(zone)

    def _amend(self, zone: ZoneInfo) -> None:
        values = self.document.model_dump(mode="json", by_alias=True)
        for change in sorted(self.document.amendments, key=lambda a: a.from_):
            values = _laid_over(values, change.set)
            where = f"amendment from {change.from_}"
            amended = parse_document(values, where)
            refuse_dominated(amended, where)
            self._starts.append(_start_of(change.from_, zone))
            self._terms.append(compile_terms(amended, self.reference, self.hash))

    @property
    def reference(self) -> str:
        """`name@version`, as recorded with each decision."""
        return f"{self.document.name}@{self.document.version}"

    @cached_property
    def hash(self) -> str:
        """sha256 of the canonical content: same rules, same hash, any layout."""
        content = self.document.model_dump(mode="json", by_alias=True)
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

    @property
    def latest(self) -> Terms:
        """The terms after all amendments."""
        return self._terms[-1]

    @property
    def versions(self) -> list[tuple[datetime, Terms]]:
        """Every dated version: (in force from, terms)."""
        return list(zip(self._starts, self._terms, strict=True))

    def settlement_conflicts(self, settlement_days: Mapping[str, float]) -> list[str]:
        """Payment methods whose published days differ from the portfolio's."""
        published = self.document.in_flight_days
        return sorted(
            method
            for method, days in published.items()
            if settlement_days.get(method, 0) != days
        )


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)


def _laid_over(values: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, new in change.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(new, dict)
        merged[key] = _laid_over(old, new) if both else new  # type: ignore[arg-type]
    return merged


def parse_document(values: object, where: str) -> PolicyDocument:
    """Validate plain values against the schema."""
    try:
        return PolicyDocument.model_validate(values)
    except ValidationError as error:
        first, *others = (
            (f"{where}: {key}" if key else where, text)
            for key, text in mistakes(error, values)
        )
        raise PolicyFileError(*first, tuple(others)) from error


def parse_policy(text: str, source: str = "policy") -> Policy:
    """A policy from YAML text.

    Raises:
        PolicyFileError: where the text is not YAML or not a policy.
    """
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        text = f"not readable as YAML: {error.problem}"
        raise PolicyFileError(f"{source}: line {line}", text) from error
    except (yaml.YAMLError, ValueError) as error:
        raise PolicyFileError(source, f"not readable as YAML: {error}") from error
    return Policy(parse_document(values, source), source)


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        PolicyFileError: when it cannot be read or breaks the schema.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyFileError(str(path), f"cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise PolicyFileError(str(path), f"save it as UTF-8: {error}") from error
    return parse_policy(text, Path(path).name)


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
