"""No field that customers are affected by goes unsaid, in any language."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, TypeAlias

import pytest

from decisions.errors import PolicyFileError
from decisions.policy.document import PolicyDocument
from decisions.policy_file.load import Policy, json_schema, parse_document
from decisions.rules.guardrails import NUMBER_RULES
from tests.wording.publication.full_policy import full_document, spoken
from wording.explanation import LANGUAGES

Path: TypeAlias = tuple[Any, ...]
SCHEMA = json_schema()

# Fields that are the reseller's own affair, and why they are.
INTERNAL = (
    "*.because",  # reasons for the staff; the page says what, not why
    "because",
    "forbear_policy",  # version of the schema
    "language",  # of plain texts
    "costs.*",  # what mistakes cost the reseller
    "thresholds.*",  # levels of the estimates: published, they would be gamed
    "ordinary_stop.*",  # a reckoning date of the cost model
    "provider.*",  # the reseller's own purchase terms
    "budget.*",  # that there is a limit is published, its size is not
    "review.*",  # capacity and name of a queue
    "cases.*",  # examples for the check
    "amendments.*",  # become versions of their own, tested beside
    "ladder.*.state",  # names to refer to
    "fraud_path.min_p_fraud",  # levels of the estimates
    "fraud_path.linked.min_*",  # how many must be known: published, it would be gamed
    "fraud_path.linked.max_age_days",
    "high_usage.min_p_nonpayment",
    "first_invoice.min_p_bad",
    *(rule.section for rule in NUMBER_RULES if rule.section),  # levels, money at cost
    "guardrails.block.*",
    "guardrails.any.min_net_gain",
    "guardrails.any.hysteresis",
    "guardrails.any.close_call_below",
    "guardrails.any.max_report_age_days",
    "guardrails.any.valid_hours",
    "exploration.scope.*",  # who is spared by the draw: published, it would be gamed
    "exploration.max_exposure",
    "exploration.epoch_days",
    "exploration.salt",
    "holdout.epoch_days",
    "holds.legal.*",  # ended by law, not by days
    "holds.manual.*",  # inner hold of the staff
    "holds.*.needs_expiry",  # what the staff must state
    "holds.*.released_by",
    "holds.*.covers_fraud",  # which holds outweigh signs of misuse
    "notices.count",  # which notices count when the policy's version changes
    "notices.kinds.reminder_?.retry_after_days",  # no effect: counts once sent
    "notices.kinds.access_paused.retry_after_days",
    "notices.kinds.payment_ahead.retry_after_days",  # sent once: nothing waits for it
    "notices.kinds.payment_ahead.fee",  # it must cost nothing
    "notices.before_due.min_p_nonpayment",  # levels of the estimates
    "notices.accept_notices.*.policy",  # names of rules that customers never read
    "notices.kinds.access_paused.proof",  # sent after the fact: nothing waits for it
    "notices.kinds.access_paused.send_within_days",  # the fraud path's hours count
)
# Fields of the full policy that have one value only: there is nothing to change.
CONSTANT = (
    "clock.of",
    "clock.after_partial_payment",
    "notices.consolidated",
    "holds.dispute.exclude",
    "holds.dispute.blocks_if_rest_paid",
    "holds.promise.broken",
    "holds.instalment_plan.default",
    "reconnection.order",
    "notices.before_due.notice",  # every other notice has a fee
)
# Another value where the schema does not list them.
OTHERS: dict[str, tuple[object, ...]] = {
    "name": ("another",),
    "currency": ("USD",),
    "jurisdiction": ("FR",),
    "country": ("US",),  # it has a region WA and half-day holidays, too
    "subdivision": ("NSW",),
    "categories": ("bank",),
    "timezone": ("Asia/Tokyo",),
    "languages": ("es",),
    "working_days": (6,),
    "notice": ("usage_warning", "access_paused"),
    "mode": ("timeline",),
    "counts_as": ("reminder_2",),
}


def leaves(value: object, path: Path = ()) -> Iterator[Path]:
    """Paths of everything that is stated."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from leaves(item, (*path, i))
    elif value is not None:
        yield path


def name_of(path: Path) -> str:
    return ".".join(map(str, path))


def is_internal(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in INTERNAL)


@cache
def options(field: str) -> frozenset[str]:
    """What the schema lists for a field of this name."""
    found: set[str] = set()
    for part in [SCHEMA, *SCHEMA["$defs"].values()]:
        given = part.get("properties", {}).get(field, {})
        for node in (given, given.get("items", {}), *given.get("anyOf", [])):
            found |= set(node.get("enum", []))
    return frozenset(found)


def others(path: Path, value: object) -> Iterator[object]:
    """Near values of the same kind; not all of them need be valid."""
    fields = [part for part in path if isinstance(part, str)]
    field = next((f for f in reversed(fields) if f in OTHERS or options(f)), "")
    if isinstance(value, bool):
        yield not value
    elif field in OTHERS and field in fields[-2:]:
        yield from (other for other in OTHERS[field] if other != value)
    elif isinstance(value, str) and field == fields[-1] and options(field):
        yield from sorted(options(field) - {value})
    elif isinstance(value, str):
        yield value + " otherwise"
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, time):
        yield time(value.hour, value.minute + 7)
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif isinstance(value, float):
        yield value * 0.5 if value <= 1.0 else value + 1.0


def with_other(document: PolicyDocument, path: Path) -> Policy | None:
    """The policy with another valid value at the path; None where there is none."""
    values = document.model_dump(by_alias=True)
    place: Any = values
    for key in path[:-1]:
        if isinstance(place[key], tuple):
            place[key] = list(place[key])
        place = place[key]
    for other in others(path, place[path[-1]]):
        place[path[-1]] = other
        try:
            return Policy(parse_document(values, "test"))
        except PolicyFileError:
            continue
    return None


STATED = [
    path
    for path in leaves(full_document().model_dump(by_alias=True))
    if not is_internal(name_of(path))
]


@cache
def said_in_full(lang: str) -> list[str]:
    return spoken(Policy(full_document()), lang)


@pytest.mark.parametrize("path", STATED, ids=name_of)
def test_changing_a_field_of_the_file_changes_the_page_in_every_language(
    path: Path,
) -> None:
    changed = with_other(full_document(), path)
    assert (changed is None) == (name_of(path) in CONSTANT)
    if changed is None:
        return
    languages = [path[-1]] if path[-1] in LANGUAGES else LANGUAGES
    silent = [lang for lang in languages if spoken(changed, lang) == said_in_full(lang)]
    assert not silent


def fields(node: dict[str, Any], path: str = "") -> Iterator[str]:
    """Patterns of all fields of the schema that hold one value or a text."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in ("Text", "UncertainAmount", "UncertainShare"):
            yield path
        else:
            yield from fields(SCHEMA["$defs"][name], path)
        return
    kinds = {"string", "number", "integer", "boolean"}
    if node.get("type") in kinds or "const" in node:
        yield path
    for part in node.get("anyOf", []):
        yield from fields(part, path)
    inner = [node.get("items"), node.get("additionalProperties")]
    inner += [*node.get("patternProperties", {}).values(), *node.get("prefixItems", [])]
    for part in inner:
        if isinstance(part, dict):
            yield from fields(part, f"{path}.*")
    for name, part in node.get("properties", {}).items():
        yield from fields(part, f"{path}.{name}".lstrip("."))


def test_every_field_of_the_schema_is_internal_or_in_the_full_policy() -> None:
    """A new field must be said on the page, or be said here to be internal."""
    stated = [name_of(p) for p in leaves(full_document().model_dump(by_alias=True))]
    missing = [
        field
        for field in set(fields(SCHEMA))
        if not is_internal(field)
        and not any(
            fnmatchcase(n, field) or fnmatchcase(n, f"{field}.*") for n in stated
        )
    ]
    assert not missing


def test_what_is_said_to_be_internal_exists() -> None:
    known = {*fields(SCHEMA), *map(name_of, leaves(full_document().model_dump()))}
    for pattern in INTERNAL:
        assert any(fnmatchcase(name, pattern) for name in known), pattern
