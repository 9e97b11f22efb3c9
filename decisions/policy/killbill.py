"""A Kill Bill overdue configuration as a draft policy, and what it could not say.

Kill Bill knows states by age, count, amount and tags; it counts days from the date of
the earliest unpaid invoice (`BillingStateCalculator`). It knows no notices, no proof,
no disputes, no promises, no calendar and nobody who approves, so a draft gets the
careful answer for each, and the list says so.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError, fromstring

import yaml

from decisions.actions import SEVERITY, Action
from decisions.errors import PolicyFileError

_DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}
_AGE = "timeSinceEarliestUnpaidInvoiceEqualsOrExceeds"
_BALANCE = "totalUnpaidInvoiceBalanceEqualsOrExceeds"
_COUNT = "numberOfUnpaidInvoicesEqualsOrExceeds"
_OFF = "OVERDUE_ENFORCEMENT_OFF"
_DAYS_TO_PAY = 7  # from a notice that Kill Bill does not have to the stop


class Draft(NamedTuple):
    """A policy to be read and completed by a person; never live as it is."""

    policy: str
    not_expressed: tuple[str, ...]


class _Rung(NamedTuple):
    name: str
    days: int | None
    action: Action
    message: str
    restrict: tuple[str, ...]
    owes: dict[str, float]  # count and amount from which the state is entered


def import_killbill(xml: str, currency: str = "EUR") -> Draft:
    """Turn `overdue.xml` into the YAML of a draft policy.

    Raises:
        PolicyFileError: when it is not XML, declares entities, or has no states.
    """
    root = _root(xml)
    states = [s for s in root.iter() if _tag(s) == "state" and s.get("name")]
    if not states:
        raise PolicyFileError("overdue.xml", "has no <state name=...>")
    notes: list[str] = []
    rungs = _in_order([_rung(state, notes) for state in states if _has_debt(state)])
    notes += [n for state in states for n in _unsaid(state)]
    notes += _counting(rungs)
    if _find(root, "initialReevaluationInterval") is not None:
        notes.append("initialReevaluationInterval: not needed, every run looks anew")
    ladder, kinds = _ladder(rungs, notes)
    values = _document(currency, ladder, kinds)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return Draft(text, tuple(dict.fromkeys(notes)))


def _root(xml: str) -> Element:
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise PolicyFileError("overdue.xml", "declares entities; remove the DOCTYPE")
    try:
        return fromstring(xml)  # noqa: S314  entities were refused above
    except ParseError as error:
        raise PolicyFileError("overdue.xml", f"is not XML: {error}") from error


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(parent: Element, name: str) -> Element | None:
    return next((e for e in parent.iter() if _tag(e) == name), None)


def _text(parent: Element, name: str) -> str | None:
    found = _find(parent, name)
    return None if found is None else "".join(found.itertext()).strip()


def _is(parent: Element, name: str) -> bool:
    return (_text(parent, name) or "").lower() == "true"


def _has_debt(state: Element) -> bool:
    """Whether a state says from which debt on it is entered."""
    return any(_text(state, name) is not None for name in (_AGE, _COUNT, _BALANCE))


def _days(state: Element) -> int | None:
    age = _find(state, _AGE)
    if age is None:
        return None
    unit, number = (_text(age, "unit") or "DAYS").upper(), _text(age, "number") or "0"
    if unit not in _DAYS or not number.isdigit():
        raise PolicyFileError(str(state.get("name")), f"{number} {unit} is no time")
    return int(number) * _DAYS[unit]


def _owes(state: Element) -> dict[str, float]:
    """Count and amount as the parts of `when` that say the same."""
    found: dict[str, float] = {}
    for name, key, kind in (
        (_COUNT, "unpaid_invoices", int),
        (_BALANCE, "overdue_amount", float),
    ):
        text = _text(state, name)
        try:
            number = kind(text or 0)
        except ValueError as error:
            where = str(state.get("name"))
            raise PolicyFileError(where, f"{text} is no {name}") from error
        if number:
            found[key] = number
    return found


def _in_order(rungs: list[_Rung]) -> list[_Rung]:
    """By age; a state without one comes after all that are milder."""

    def place(rung: _Rung) -> tuple[int, int]:
        severity = SEVERITY[rung.action]
        milder = (r.days or 0 for r in rungs if SEVERITY[r.action] < severity)
        return max(milder, default=0) if rung.days is None else rung.days, severity

    return sorted(rungs, key=place)


def _counting(rungs: list[_Rung]) -> Iterator[str]:
    if any(rung.days is not None for rung in rungs):
        yield (
            "days: counted from the date of the invoice, as Kill Bill does, but an"
            " invoice that is not yet due starts no count"
        )
    if any(rung.owes for rung in rungs):
        yield "counts and amounts: only what is overdue and not contested counts"


def _rung(state: Element, notes: list[str]) -> _Rung:
    given = str(state.get("name"))
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in given.lower())
    name = name if name[:1].isalpha() else f"state_{name}"
    restrict = ("plan_changes",) * _is(state, "blockChanges")
    action: Action = "remind"
    cancels = (_text(state, "subscriptionCancellationPolicy") or "NONE").upper()
    if cancels != "NONE":
        action = "block"
        notes.append(
            f"{given}: cancellation ({cancels}) is only recommended to a person"
        )
    elif _is(state, "disableEntitlementAndChangesBlocked"):
        action = "suspend"
    message = _text(state, "externalMessage") or ""
    return _Rung(name, _days(state), action, message, restrict, _owes(state))


def _unsaid(state: Element) -> Iterator[str]:
    name = state.get("name")
    if not _has_debt(state):
        yield f"{name}: has no age, count or amount, so it is not a rung of the ladder"
    if _text(state, "responseForLastFailedPaymentIn") is not None:
        yield f"{name}: responseForLastFailedPaymentIn (Kill Bill ignores it as well)"
    if _find(state, "autoReevaluationInterval") is not None:
        yield f"{name}: autoReevaluationInterval: not needed, every run looks anew"
    for kind in ("controlTagInclusion", "controlTagExclusion"):
        tag = _text(state, kind)
        if tag == _OFF and kind == "controlTagExclusion":
            yield f"{name}: tag {_OFF}: record it as a hold, kind exemption, with until"
        elif tag is not None:
            yield f"{name}: {kind} {tag}"
    if _find(state, "enterStateEmailNotification") is not None:
        yield f"{name}: the e-mail's template stays where it is; only its name is kept"


def _ladder(
    rungs: list[_Rung], notes: list[str]
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


def _apart(before: _Rung, after: _Rung, unknown: int) -> int:
    if before.days is None or after.days is None:
        return unknown
    return max(after.days - before.days, 1)


def _with_a_warning(rungs: list[_Rung], notes: list[str]) -> list[_Rung]:
    notes.append("notices: Kill Bill has none; each state before a stop became one")
    notes.append("proof: the last notice before a stop must be delivered")
    if not rungs or rungs[0].action == "remind":
        return rungs
    first = rungs[0]
    days = max((first.days or 0) - _DAYS_TO_PAY, 0)
    notes.append(f"a warning after {days} days was added: nothing came before the stop")
    warning = _Rung("final_notice", days, "remind", "", (), first.owes)
    return [warning, *rungs]


def _notice(rung: _Rung, is_last: bool) -> dict[str, Any]:
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
