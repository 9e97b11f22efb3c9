"""What each kind of act reads at the provider, and asks of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, NamedTuple

from execution.intent import is_spared
from execution.measures import ENDS
from execution.plan import ACTED_ON
from execution.port import PlainMeasure, Provider, SubscriptionState
from features.money import UNITS
from store.act import Act, ActKind

_TO: dict[ActKind, SubscriptionState] = {"suspend": "suspended", "restore": "active"}


class Reading(NamedTuple):
    """What the provider says of what an act is about.

    Args:
        is_done: it is as the act wants it.
        may_be_asked: it can be brought there.
        stated: the provider's own word.
        proof: all that it says, as JSON.
    """

    is_done: bool
    may_be_asked: bool
    stated: str
    proof: Mapping[str, Any]


def read(provider: Provider, act: Act) -> Reading | None:
    """What the provider says now; None: the act is about nothing that can be read."""
    reader = _READERS.get(act.kind)
    return None if reader is None else reader(provider, act)


def ask(provider: Provider, act: Act) -> None:
    """Ask for what the act wants; asking again under the same id is asking once."""
    about = act.customer_id, act.subscription_id, act.act_id
    if act.kind == "suspend":
        provider.suspend(*about)
    elif act.kind == "restore":
        provider.restore(*about)
    elif act.kind == "stop_meter":
        provider.stop_meter(*about)
    elif act.kind in ("limit_spending", "end_limit_spending"):
        provider.limit_spending(act.customer_id, _amount(act), act.act_id)
    elif act.kind != "open_request":
        is_on, measure = _PLAIN[act.kind]
        provider.set_measure(act.customer_id, measure, act.act_id, is_on=is_on)


def _access(provider: Provider, act: Act) -> Reading:
    now = provider.status(act.customer_id, act.subscription_id)
    is_done, may = now.state == _TO[act.kind], now.state == ACTED_ON[act.kind]
    if may and now.spared_by is not None and is_spared(act.kind, act.reason):
        return Reading(is_done, False, now.spared_by, asdict(now))
    return Reading(is_done, may, now.stated, asdict(now))


def _meter(provider: Provider, act: Act) -> Reading:
    state = provider.meter(act.customer_id, act.subscription_id)
    return Reading(state == "stopped", state == "running", state, {"meter": state})


def _limit(provider: Provider, act: Act) -> Reading:
    """A limit that somebody set is changed by the order of a person alone.

    Undoing a run ends the limit that the run set, and no other.
    """
    limit, wanted = provider.spending_limit(act.customer_id), _amount(act)
    if limit is None:
        return Reading(wanted is None, wanted is not None, "none", {"amount": None})
    is_done = limit.amount == wanted
    is_other = wanted is None and act.amount not in (None, limit.amount * UNITS)
    may_be_asked = not is_done and act.ordered_by is not None and not is_other
    return Reading(is_done, may_be_asked, str(limit.amount), asdict(limit))


def _plain(provider: Provider, act: Act) -> Reading:
    wanted, measure = _PLAIN[act.kind]
    is_on = provider.measure_is_on(act.customer_id, measure)
    stated = "on" if is_on else "off"
    return Reading(is_on == wanted, is_on != wanted, stated, {measure: stated})


def _amount(act: Act) -> Decimal | None:
    """Of a limit that is wanted; None: it is taken away."""
    is_end = act.amount is None or act.kind == "end_limit_spending"
    return None if is_end else Decimal(act.amount or 0) / UNITS


_PLAIN: dict[ActKind, tuple[bool, PlainMeasure]] = {
    kind: (is_on, measure)
    for end, measure in ENDS.items()
    if measure != "limit_spending"
    for kind, is_on in ((measure, True), (end, False))
}
_READERS: dict[ActKind, Callable[[Provider, Act], Reading]] = {
    "suspend": _access,
    "restore": _access,
    "stop_meter": _meter,
    "limit_spending": _limit,
    "end_limit_spending": _limit,
    **dict.fromkeys(_PLAIN, _plain),
}
