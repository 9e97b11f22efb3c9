"""Kill Bill's overdue.xml, read: its states as rungs, and what they do not say."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, fromstring

from decisions.actions import Action
from decisions.errors import PolicyFileError

_DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}
_AGE = "timeSinceEarliestUnpaidInvoiceEqualsOrExceeds"
_BALANCE = "totalUnpaidInvoiceBalanceEqualsOrExceeds"
_COUNT = "numberOfUnpaidInvoicesEqualsOrExceeds"
_OFF = "OVERDUE_ENFORCEMENT_OFF"


class Rung(NamedTuple):
    """A state of Kill Bill as a rung of our ladder; `days` None: it has no age."""

    name: str
    days: int | None
    action: Action
    message: str
    restrict: tuple[str, ...]
    owes: dict[str, float]  # count and amount from which the state is entered


def root_of(xml: str) -> Element:
    """The document's root.

    Raises:
        PolicyFileError: when it is not XML, or declares entities.
    """
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise PolicyFileError("overdue.xml", "declares entities; remove the DOCTYPE")
    try:
        return fromstring(xml)  # noqa: S314  entities were refused above
    except ParseError as error:
        raise PolicyFileError("overdue.xml", f"is not XML: {error}") from error


def tag_of(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def find(parent: Element, name: str) -> Element | None:
    """The first descendant of that name."""
    return next((e for e in parent.iter() if tag_of(e) == name), None)


def text_of(parent: Element, name: str) -> str | None:
    """The text of the first descendant of that name."""
    found = find(parent, name)
    return None if found is None else "".join(found.itertext()).strip()


def _is(parent: Element, name: str) -> bool:
    return (text_of(parent, name) or "").lower() == "true"


def says_a_debt(state: Element) -> bool:
    """Whether a state says from which debt on it is entered."""
    return any(text_of(state, name) is not None for name in (_AGE, _COUNT, _BALANCE))


def _days(state: Element) -> int | None:
    age = find(state, _AGE)
    if age is None:
        return None
    unit, number = (
        (text_of(age, "unit") or "DAYS").upper(),
        text_of(age, "number") or "0",
    )
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
        text = text_of(state, name)
        try:
            number = kind(text or 0)
        except ValueError as error:
            where = str(state.get("name"))
            raise PolicyFileError(where, f"{text} is no {name}") from error
        if number:
            found[key] = number
    return found


def rung_of(state: Element, notes: list[str]) -> Rung:
    """A state as a rung; what a person has to decide about it goes to `notes`."""
    given = str(state.get("name"))
    name = re.sub("[^a-z0-9]+", "_", given.lower()).strip("_")
    name = name if name[:1].isalpha() else f"state_{name}"
    restrict = ("plan_changes",) * _is(state, "blockChanges")
    action: Action = "remind"
    cancels = (text_of(state, "subscriptionCancellationPolicy") or "NONE").upper()
    if cancels != "NONE":
        action = "block"
        notes.append(
            f"{given}: cancellation ({cancels}) is only recommended to a person"
        )
    elif _is(state, "disableEntitlementAndChangesBlocked"):
        action = "suspend"
    message = text_of(state, "externalMessage") or ""
    return Rung(name, _days(state), action, message, restrict, _owes(state))


def unsaid_in(state: Element) -> Iterator[str]:
    """What a state says that a policy does not."""
    name = state.get("name")
    if not says_a_debt(state):
        yield f"{name}: has no age, count or amount, so it is not a rung of the ladder"
    if text_of(state, "responseForLastFailedPaymentIn") is not None:
        left = "left out; Kill Bill ignores it as well"
        yield f"{name}: responseForLastFailedPaymentIn: {left}"
    if find(state, "autoReevaluationInterval") is not None:
        yield f"{name}: autoReevaluationInterval: not needed, every run looks anew"
    for kind in ("controlTagInclusion", "controlTagExclusion"):
        tag = text_of(state, kind)
        if tag == _OFF and kind == "controlTagExclusion":
            yield f"{name}: tag {_OFF}: record it as a hold, kind exemption, with until"
        elif tag is not None:
            yield f"{name}: {kind} {tag}: left out; a policy can be for segments alone"
    if find(state, "enterStateEmailNotification") is not None:
        yield f"{name}: the e-mail's template stays where it is; only its name is kept"
