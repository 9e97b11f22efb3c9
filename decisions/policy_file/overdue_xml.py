"""Parser of Kill Bill's overdue.xml: its states, when each is entered, what it does.

Read as `DefaultOverdueCondition` and `DefaultOverdueState` of Kill Bill do: all parts
of a condition must hold, absent ones hold, and of an element that stands twice the last
one counts. What no policy can say is kept by name, never dropped.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple
from xml.etree.ElementTree import (
    Element,
    ParseError,
    TreeBuilder,
    XMLParser,
    fromstring,
)

from decisions.actions import Action
from decisions.errors import PolicyFileError
from decisions.policy.finding import malformed
from decisions.policy.section import MOST_DAYS, MOST_INVOICES, MOST_MONEY

_DAYS = {"DAYS": 1.0, "WEEKS": 7.0, "MONTHS": 365.25 / 12, "YEARS": 365.25}
_AGE = "timeSinceEarliestUnpaidInvoiceEqualsOrExceeds"
_BALANCE = "totalUnpaidInvoiceBalanceEqualsOrExceeds"
_COUNT = "numberOfUnpaidInvoicesEqualsOrExceeds"
_RESPONSES = "responseForLastFailedPaymentIn"
SPARED = "OVERDUE_ENFORCEMENT_OFF"  # the tag of accounts that Kill Bill leaves alone
_ONLY_RESPONSE = "INSUFFICIENT_FUNDS"  # what Kill Bill takes for every failed payment
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)")


class Condition(NamedTuple):
    """When a state is entered; a part that always holds is not in it."""

    days: int | None = None  # since the oldest unpaid invoice; None: any age or none
    owes: Mapping[str, float] = MappingProxyType({})  # from which on, as in a ladder
    unsaid: tuple[str, ...] = ()  # parts that no policy can say
    never: str | None = None  # why Kill Bill never enters it
    fails: bool = False  # Kill Bill raises an error when it looks at it
    notes: tuple[str, ...] = ()

    @property
    def names_a_debt(self) -> bool:
        """Whether it asks for anything owed; without, it holds for everybody."""
        return self.days is not None or bool(self.owes)


class OverdueState(NamedTuple):
    """A state of Kill Bill; `action` none: it is a clear state."""

    name: str
    action: Action
    message: str
    restrict: tuple[str, ...]
    when: Condition
    notes: tuple[str, ...]


class _Tree(TreeBuilder):
    """Refuses a document type, in any encoding: entities come with it."""

    def doctype(self, *_: object) -> None:
        """Raises PolicyFileError: such a file is refused."""
        raise _refused("declares entities; remove the DOCTYPE")


def _refused(why: str, state: str = "") -> PolicyFileError:
    return PolicyFileError("overdue.xml", malformed(why, state))


def states_of(xml: bytes) -> tuple[list[OverdueState], bool]:
    """The states in the order of the file, and whether it has a first interval.

    Raises:
        PolicyFileError: when it is not XML, declares entities, is no overdue
            configuration, or says something that Kill Bill could not read.
    """
    try:
        root = fromstring(xml, XMLParser(target=_Tree()))  # noqa: S314  no entities
    except (ParseError, LookupError, ValueError) as error:
        raise _refused(f"is not XML: {error}") from error
    account = next((e for e in root.iter() if _tag(e) == "accountOverdueStates"), None)
    if account is None:
        message = "has no <accountOverdueStates>: it is no overdue configuration"
        raise _refused(message)
    states = [_state(e) for e in account if _tag(e) == "state"]
    return states, "initialReevaluationInterval" in _parts(account)


def _tag(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _parts(element: Element) -> dict[str, Element]:
    return {_tag(part): part for part in element}


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext()).strip()


def _is(parts: dict[str, Element], name: str, state: str) -> bool:
    text = _text(parts.get(name)).lower()
    if text not in ("", "true", "1", "false", "0"):
        raise _refused(f"{name} is {text!r}, neither true nor false", state)
    return text in ("true", "1")


def _state(element: Element) -> OverdueState:
    name = (element.get("name") or "").strip()
    if not name:
        raise _refused("a <state> has no name")
    parts = _parts(element)
    cancels = _text(parts.get("subscriptionCancellationPolicy")).upper() or "NONE"
    if cancels not in ("NONE", "IMMEDIATE", "END_OF_TERM"):
        message = f"{cancels} is no subscriptionCancellationPolicy"
        raise _refused(message, name)
    return OverdueState(
        name,
        _action(parts, cancels, name),
        _text(parts.get("externalMessage")),
        ("plan_changes",) * _is(parts, "blockChanges", name),
        _condition(parts.get("condition"), name),
        tuple(_beside(parts, cancels)),
    )


def _action(parts: dict[str, Element], cancels: str, name: str) -> Action:
    disables = _is(parts, "disableEntitlementAndChangesBlocked", name)
    if _is(parts, "isClearState", name):
        return "none"
    if cancels != "NONE":
        return "block"
    return "suspend" if disables else "remind"


def _beside(parts: dict[str, Element], cancels: str) -> Iterator[str]:
    """What a state says besides when it is entered, and a policy does not."""
    if cancels != "NONE":
        yield f"cancellation ({cancels}) is only recommended to a person"
    if "autoReevaluationInterval" in parts:
        yield "autoReevaluationInterval: not needed, every run looks anew"
    if "enterStateEmailNotification" in parts:
        yield "enterStateEmailNotification: left out; Kill Bill ignores it as well"


def _condition(element: Element | None, state: str) -> Condition:
    """When a state opens, and what of its condition cannot be said here."""
    if element is None:
        return Condition(never="it has no condition")
    parts = _parts(element)
    age = _age(parts.pop(_AGE, None), state)
    owes = {
        key: number
        for tag, key, form in (
            (_COUNT, "unpaid_invoices", _WHOLE),
            (_BALANCE, "overdue_amount", _DECIMAL),
        )
        if (number := _number(_text(parts.pop(tag, None)), tag, form, state)) > 0
    }
    never, notes = _responses(parts.pop(_RESPONSES, None))
    unsaid = [*_too_much(age.days, owes)]
    for tag, part in parts.items():
        if (tag, _text(part)) == ("controlTagInclusion", SPARED):
            never = f"it is for accounts tagged {SPARED}, which Kill Bill leaves alone"
        elif (tag, _text(part)) != ("controlTagExclusion", SPARED):
            unsaid.append(f"{tag} {_text(part)}".strip())
    return age._replace(
        owes=owes,
        unsaid=tuple(unsaid),
        never=age.never or never,
        notes=(*age.notes, *notes),
    )


def _number(text: str, tag: str, form: re.Pattern[str], state: str) -> float:
    if not text:
        return 0
    if not form.fullmatch(text):
        raise _refused(f"{text} is no {tag}", state)
    return int(text) if form is _WHOLE else float(text)


def _age(age: Element | None, state: str) -> Condition:
    """How long ago the oldest unpaid invoice must be, and what to say about that."""
    if age is None:
        return Condition()
    parts = _parts(age)
    unit, number = _text(parts.get("unit")).upper(), _text(parts.get("number"))
    if unit == "UNLIMITED":
        return Condition(never="its age is UNLIMITED", fails=True)
    if unit not in _DAYS or not _WHOLE.fullmatch(number or "-1"):
        raise _refused(f"{number} {unit or '(no unit)'} is no time", state)
    written = int(number or -1)
    days = max(round(written * _DAYS[unit]), 0)
    if written < 0:
        message = "its age is below 0, as without a number: any unpaid invoice will do"
        return Condition(days, notes=(message,))
    if unit in ("MONTHS", "YEARS"):
        message = (
            f"{written} {unit} became {days} days; Kill Bill counts by the calendar, so"
            " its day may differ: raise them where a stop must never come earlier"
        )
        return Condition(days, notes=(message,))
    return Condition(days)


def _responses(element: Element | None) -> tuple[str | None, tuple[str, ...]]:
    """Kill Bill takes every failed payment for one without funds."""
    if element is None:
        return None, ()
    if _ONLY_RESPONSE in (_text(response).upper() for response in element):
        return None, (f"{_RESPONSES}: in Kill Bill it always holds; left out",)
    message = f"{_RESPONSES} does not name {_ONLY_RESPONSE}, the only one it ever sees"
    return message, ()


def _too_much(days: int | None, owes: Mapping[str, float]) -> Iterator[str]:
    if (days or 0) > MOST_DAYS:
        yield f"an age of {days} days"
    if owes.get("unpaid_invoices", 0) > MOST_INVOICES:
        yield f"{owes['unpaid_invoices']} unpaid invoices"
    if owes.get("overdue_amount", 0) > MOST_MONEY:
        yield f"a balance of {owes['overdue_amount']:.0f}"
