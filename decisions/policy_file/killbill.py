"""Import of a Kill Bill overdue.xml as a draft policy: start here, `import_killbill`.

Kill Bill knows states by age, count, amount and tags; it counts days from the date of
the earliest unpaid invoice (`BillingStateCalculator`). It knows no notices, no proof,
no disputes, no promises, no calendar and nobody who approves, so a draft gets the
careful answer for each, and the list says so.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from decisions.actions import SEVERITY, STOPS
from decisions.errors import PolicyFileError
from decisions.policy.finding import Finding
from decisions.policy_file.load import parse_document
from decisions.policy_file.overdue_rungs import (
    KillBillState,
    in_order,
    not_skipped,
    rungs_of,
)
from decisions.policy_file.overdue_xml import SPARED, states_of

_DAYS_TO_PAY = 7  # from a notice that Kill Bill does not have to the stop
_WARNING = "final_notice"  # where nothing comes before the stop


class NothingToImportError(PolicyFileError):
    """No state of the file becomes a rung: it stops and warns nobody."""

    code = "nothing_to_import"

    def __init__(self, notes: list[str]) -> None:
        why = "; ".join(notes) or "it has no states, so nobody is ever overdue"
        message = f"no state becomes a rung of a ladder: {why}"
        super().__init__("overdue.xml", Finding(self.code, "error", "", message))


class Draft(NamedTuple):
    """A policy to be read and completed by a person; never live as it is."""

    policy: str
    not_expressed: tuple[str, ...]


def import_killbill(xml: bytes, currency: str = "EUR") -> Draft:
    """Turn `overdue.xml` into the YAML of a draft policy that passes its check.

    Args:
        xml: the file as it is; its own declaration says in which encoding.
        currency: of its amounts, ISO 4217; Kill Bill's are in the account's.

    Raises:
        PolicyFileError: when it is not XML, declares entities, or says something that
            Kill Bill could not read.
        NothingToImportError: when no state can become a rung.
    """
    states, has_first_interval = states_of(xml)
    notes: list[str] = []
    rungs = in_order(rungs_of(states, notes))
    if not rungs:
        raise NothingToImportError(notes)
    notes += not_skipped(rungs)
    notes += _in_general(rungs)
    if has_first_interval:
        notes.append("initialReevaluationInterval: not needed, every run looks anew")
    climbing = _with_a_warning(_climbing(rungs, notes), notes)
    values = _document(currency, _named(climbing, notes))
    parse_document(values, "overdue.xml")
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return Draft(text, tuple(dict.fromkeys(notes)))


def _in_general(rungs: list[KillBillState]) -> Iterator[str]:
    """Where Forbear differs from Kill Bill whatever the file says."""
    yield (
        f"tag {SPARED}: Kill Bill leaves such accounts alone, whether the file names it"
        " or not: record each as a hold, kind exemption, with until"
    )
    yield (
        "parents: Kill Bill judges a child account whose parent pays by the parent's"
        " balance; here each customer is judged by what they owe"
    )
    if any(rung.days is not None for rung in rungs):
        yield (
            "days: counted from the date of the invoice, as Kill Bill does, but an"
            " invoice that is not yet due starts no count; they are days in UTC until"
            " calendar.timezone names yours, Kill Bill's are in the account's timezone"
        )
    for rung in rungs:
        if rung.days is None:
            yield f"{rung.name}: has no age; here it waits for the states before it"
    if any(rung.owes for rung in rungs):
        yield "counts and amounts: only what is overdue and not contested counts"
    if any(rung.action in STOPS for rung in rungs):
        yield "billing: Kill Bill bills nothing while access is blocked; see service"
        yield (
            "way back: Kill Bill gives access back once no state blocks; here what was"
            " overdue then must be paid or arranged"
        )
        yield "proof: the last notice before a stop must be delivered"
    yield "notices: Kill Bill has none; each reminder became one"


def _climbing(rungs: list[KillBillState], notes: list[str]) -> list[KillBillState]:
    """Without the rungs that come after a stop and do no more than it does."""
    kept: list[KillBillState] = []
    for rung in rungs:
        stop = next((r for r in reversed(kept) if r.action in STOPS), None)
        if stop is None or SEVERITY[rung.action] > SEVERITY[stop.action]:
            kept.append(rung)
        else:
            notes.append(f"{rung.name}: left out: {stop.name} has stopped as much")
    return kept


def _with_a_warning(
    rungs: list[KillBillState], notes: list[str]
) -> list[KillBillState]:
    first = rungs[0]
    if first.action not in STOPS:
        return rungs
    days = max((first.days or 0) - _DAYS_TO_PAY, 0)
    notes.append(f"a warning after {days} days was added: nothing came before the stop")
    return [KillBillState(_WARNING, days, "remind", "", (), first.owes), *rungs]


def _named(rungs: list[KillBillState], notes: list[str]) -> list[KillBillState]:
    """With names as a policy writes them, each once."""
    named: dict[str, KillBillState] = {}
    for rung in rungs:
        plain = _plain(rung.name)
        name, n = plain, 1
        while name in named:
            n += 1
            name = f"{plain}_{n}"
        if name != plain:
            notes.append(f"{rung.name}: is {name} here, {plain} is another state")
        named[name] = rung._replace(name=name)
    return [*named.values()]


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower())
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    plain = re.sub("[^a-z0-9]+", "_", letters).strip("_")
    return plain if plain[:1].isalpha() else f"state_{plain}".rstrip("_")


def _states(rungs: list[KillBillState]) -> Iterator[dict[str, Any]]:
    """The ladder: one stop follows the last notice, the next the stop."""
    before: KillBillState | None = None
    for rung in rungs:
        when: dict[str, Any] = {"days_overdue": rung.days or 0, **rung.owes}
        state = {"state": rung.name, "when": when, "action": rung.action}
        if rung.restrict:
            state["restrict"] = [*rung.restrict]
        if rung.action not in STOPS:
            state["notice"] = rung.name
        elif before is not None and before.action in STOPS:
            when["days_suspended"] = _apart(before, rung, 1)
        elif before is not None:
            wait = _apart(before, rung, _DAYS_TO_PAY)
            when["days_since"] = {before.name: min(wait, _DAYS_TO_PAY)}
        yield state
        before = rung


def _apart(before: KillBillState, after: KillBillState, unknown: int) -> int:
    if before.days is None or after.days is None:
        return unknown
    return max(after.days - before.days, 1)


def _notices(rungs: list[KillBillState]) -> Iterator[tuple[str, dict[str, Any]]]:
    for i, rung in enumerate(rungs):
        if rung.action not in STOPS:
            is_last = i + 1 < len(rungs) and rungs[i + 1].action in STOPS
            yield (
                rung.name,
                {
                    "channels": ["email"],
                    "proof": "delivered" if is_last else "sent",
                    "is_final_warning": is_last,
                    "text": rung.message,
                },
            )


def _document(currency: str, rungs: list[KillBillState]) -> dict[str, Any]:
    stops = [rung.days for rung in rungs if rung.action in STOPS and rung.days]
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
        "ordinary_stop": {"days_overdue": min(stops, default=60)},
        "notices": {"send": "always", "kinds": dict(_notices(rungs))},
        "ladder": [*_states(rungs)],
    }
