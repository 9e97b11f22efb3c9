"""What the sections of a policy file have to agree on, beyond their own form."""

from collections.abc import Iterator
from itertools import pairwise

from decisions.policy.document import PolicyDocument
from decisions.policy.section import instead_of

Disagreement = tuple[str, str]  # the key where it is to be mended, and what is wrong


def disagreements(document: PolicyDocument) -> Iterator[Disagreement]:
    """All of them, in the order of the file."""
    yield from _dates(document)
    yield from _mode(document)
    yield from _amounts(document)
    yield from _states(document)
    yield from _notices(document)
    yield from _tiers(document)


def _dates(document: PolicyDocument) -> Iterator[Disagreement]:
    last = document.effective_to
    if last is not None and last < document.effective_from:
        yield "effective_to", "lies before effective_from"


def _mode(document: PolicyDocument) -> Iterator[Disagreement]:
    if document.mode == "cost" and document.costs is None:
        yield "mode", "cost needs the section costs"
    if document.mode == "thresholds" and not document.thresholds:
        yield "mode", "thresholds needs the section thresholds"
    if document.mode == "timeline" and not document.ladder:
        yield "mode", "timeline needs a ladder"


def _amounts(document: PolicyDocument) -> Iterator[Disagreement]:
    currency = document.currency
    for where, amounts in (
        ("materiality", document.materiality),
        ("approvals.four_eyes_over", document.approvals.four_eyes_over),
    ):
        if amounts and isinstance(amounts, dict) and currency not in amounts:
            yield where, f"state an amount in {currency}, the currency of the policy"


def _states(document: PolicyDocument) -> Iterator[Disagreement]:
    names = [state.state for state in document.ladder]
    for row, name in enumerate(names, start=1):
        if name in names[: row - 1]:
            yield f"ladder.{row}", f"another state is called {name!r}: name each once"


def _notices(document: PolicyDocument) -> Iterator[Disagreement]:
    kinds = document.notices.kinds
    for key, name in _notices_named(document):
        if name not in kinds:
            text = f"notices.kinds does not describe {name!r}"
            yield key, text + instead_of(name, kinds)


def _notices_named(document: PolicyDocument) -> Iterator[tuple[str, str]]:
    """Each place of the file that names a notice, and the name."""
    for state in document.ladder:
        where = f"ladder.{state.state}"
        if state.notice:
            yield f"{where}.notice", state.notice
        when = state.when
        for clock, names in (
            ("days_since", when.days_since),
            ("business_days_since", when.business_days_since),
        ):
            yield from ((f"{where}.when.{clock}.{name}", name) for name in names)
    beside = (
        ("fraud_path", document.fraud_path),
        ("high_usage", document.high_usage),
        ("notices.before_due", document.notices.before_due),
    )
    for where, rule in beside:
        if rule and rule.notice:
            yield f"{where}.notice", rule.notice
    for row, accepted in enumerate(document.notices.accept_notices, start=1):
        yield f"notices.accept_notices.{row}.counts_as", accepted.counts_as
    for example in document.cases:
        for key, names in (
            ("notices", example.notices),
            ("undelivered", example.undelivered),
            ("bounced", example.bounced),
        ):
            where = f"cases.{example.name}.{key}"
            yield from ((f"{where}.{name}", name) for name in names)


def _tiers(document: PolicyDocument) -> Iterator[Disagreement]:
    """Each exposure begins at a lifetime value of 0, so no customer is left out."""
    floors = [(tier.exposure_from, tier.clv_from) for tier in document.thresholds]
    if floors and floors[0] != (0.0, 0.0):
        yield "thresholds.1", "the first row must start at exposure_from 0, clv_from 0"
    for row, (before, after) in enumerate(pairwise(floors), start=2):
        where = f"exposure_from {after[0]:g}, clv_from {after[1]:g}"
        if after <= before:
            text = "is not above the row before it; rows rise by"
            text += " exposure_from, and where that is equal by clv_from"
            yield f"thresholds.{row}", f"{where} {text}"
        elif after[0] > before[0] and after[1] > 0.0:
            text = "has no row with clv_from 0 before it; each exposure_from starts at"
            text += " clv_from 0, so that nobody is left out"
            yield f"thresholds.{row}", f"{where} {text}"
