"""A Kill Bill overdue configuration as a draft policy, and what it could not say.

Kill Bill knows states by age, count, amount and tags; it counts days from the date of
the earliest unpaid invoice (`BillingStateCalculator`). It knows no notices, no proof,
no disputes, no promises, no calendar and nobody who approves, so a draft gets the
careful answer for each, and the list says so.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from decisions.errors import PolicyFileError
from decisions.policy.overdue_xml import (
    Rung,
    find,
    root_of,
    rung_of,
    says_a_debt,
    tag_of,
    unsaid_in,
)

_DAYS_TO_PAY = 7  # from a notice that Kill Bill does not have to the stop


class Draft(NamedTuple):
    """A policy to be read and completed by a person; never live as it is."""

    policy: str
    not_expressed: tuple[str, ...]


def import_killbill(xml: str, currency: str = "EUR") -> Draft:
    """Turn `overdue.xml` into the YAML of a draft policy.

    Raises:
        PolicyFileError: when it is not XML, declares entities, or has no states.
    """
    root = root_of(xml)
    states = [s for s in root.iter() if tag_of(s) == "state" and s.get("name")]
    if not states:
        raise PolicyFileError("overdue.xml", "has no <state name=...>")
    notes: list[str] = []
    rungs = _in_order([rung_of(state, notes) for state in states if says_a_debt(state)])
    notes += [n for state in states for n in unsaid_in(state)]
    notes += [*_counting(rungs), *_never_skipped(rungs)]
    if find(root, "initialReevaluationInterval") is not None:
        notes.append("initialReevaluationInterval: not needed, every run looks anew")
    ladder, kinds = _ladder(rungs, notes)
    values = _document(currency, ladder, kinds)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return Draft(text, tuple(dict.fromkeys(notes)))


def _in_order(rungs: list[Rung]) -> list[Rung]:
    """By age, mild to harsh; a state without an age comes right after the milder one.

    Kill Bill takes the first state that matches, so its files begin with the harshest.
    """
    days = 0
    placed: list[tuple[int, Rung]] = []
    for rung in reversed(rungs):
        days = days if rung.days is None else rung.days
        placed.append((days, rung))
    return [rung for _, rung in sorted(placed, key=lambda place: place[0])]


def _never_skipped(rungs: list[Rung]) -> Iterator[str]:
    """Where a state asks for more than a later one: Kill Bill would go past it."""
    for i, rung in enumerate(rungs):
        past = [
            later.name
            for later in rungs[i + 1 :]
            if any(later.owes.get(key, 0) < least for key, least in rung.owes.items())
        ]
        if past:
            asked = " and ".join(f"{key} {least:g}" for key, least in rung.owes.items())
            yield (
                f"{rung.name}: asks for {asked}, and no state is skipped: who owes less"
                f" does not reach {', '.join(past)}, as in Kill Bill they would"
            )


def _counting(rungs: list[Rung]) -> Iterator[str]:
    if any(rung.days is not None for rung in rungs):
        yield (
            "days: counted from the date of the invoice, as Kill Bill does, but an"
            " invoice that is not yet due starts no count"
        )
    if any(rung.owes for rung in rungs):
        yield "counts and amounts: only what is overdue and not contested counts"


def _ladder(
    rungs: list[Rung], notes: list[str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rungs = _with_a_warning(rungs, notes)
    first_stop = next(
        (i for i, r in enumerate(rungs) if r.action != "remind"), len(rungs)
    )
    ladder: list[dict[str, Any]] = []
    kinds: dict[str, Any] = {}
    suspended = False
    for i, rung in enumerate(rungs):
        state: dict[str, Any] = {
            "state": rung.name,
            "when": {"days_overdue": rung.days or 0, **rung.owes},
            "action": rung.action,
        }
        if rung.restrict:
            state["restrict"] = list(rung.restrict)
        if rung.action == "remind" and not suspended:
            last = i == first_stop - 1
            kinds[rung.name] = _notice(rung, last)
            state["notice"] = rung.name
        elif rung.action == "remind":
            notes.append(
                f"{rung.name}: comes after a stop and changes nothing; left out"
            )
            continue
        elif i == first_stop:
            warned = rungs[first_stop - 1]
            wait = _apart(warned, rung, _DAYS_TO_PAY)
            state["when"]["days_since"] = {warned.name: min(wait, _DAYS_TO_PAY)}
        else:
            state["when"]["days_suspended"] = _apart(rungs[i - 1], rung, 1)
        suspended = suspended or rung.action != "remind"
        ladder.append(state)
    return ladder, kinds


def _apart(before: Rung, after: Rung, unknown: int) -> int:
    if before.days is None or after.days is None:
        return unknown
    return max(after.days - before.days, 1)


def _with_a_warning(rungs: list[Rung], notes: list[str]) -> list[Rung]:
    notes.append("notices: Kill Bill has none; each state before a stop became one")
    notes.append("proof: the last notice before a stop must be delivered")
    if not rungs or rungs[0].action == "remind":
        return rungs
    first = rungs[0]
    days = max((first.days or 0) - _DAYS_TO_PAY, 0)
    notes.append(f"a warning after {days} days was added: nothing came before the stop")
    warning = Rung("final_notice", days, "remind", "", (), first.owes)
    return [warning, *rungs]


def _notice(rung: Rung, is_last: bool) -> dict[str, Any]:
    return {
        "channels": ["email"],
        "proof": "delivered" if is_last else "sent",
        "is_final_warning": is_last,
        "text": rung.message,
    }


def _document(
    currency: str, ladder: list[dict[str, Any]], kinds: dict[str, Any]
) -> dict[str, Any]:
    stops = [s["when"]["days_overdue"] for s in ladder if s["action"] != "remind"]
    return {
        "forbear_policy": 1,
        "name": "from-killbill",
        "version": 1,
        "title": "Draft from a Kill Bill overdue configuration",
        "effective_from": "2000-01-01",
        "owner": "to be named",
        "currency": currency,
        "because": "Imported; read every line before it goes live.",
        "mode": "timeline",
        "clock": {"anchor": "invoice_date"},
        "ordinary_stop": {"days_overdue": min(filter(None, stops), default=60)},
        "notices": {"send": "always", "kinds": kinds},
        "ladder": ladder,
    }
