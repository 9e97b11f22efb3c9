"""What each kind of act reads at the provider, and asks of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, NamedTuple

from execution.plan import ACTED_ON
from execution.port import Provider, SubscriptionState
from features.money import UNITS
from store.acts import Act, ActKind

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
    elif act.kind == "limit_spending":
        provider.limit_spending(act.customer_id, _amount(act), act.act_id)


def _access(provider: Provider, act: Act) -> Reading:
    now = provider.status(act.customer_id, act.subscription_id)
    is_done, may = now.state == _TO[act.kind], now.state == ACTED_ON[act.kind]
    return Reading(is_done, may, now.stated, asdict(now))


def _meter(provider: Provider, act: Act) -> Reading:
    state = provider.meter(act.customer_id, act.subscription_id)
    return Reading(state == "stopped", state == "running", state, {"meter": state})


def _limit(provider: Provider, act: Act) -> Reading:
    limit = provider.spending_limit(act.customer_id)
    if limit is None:
        return Reading(False, True, "none", {})
    is_done = limit.amount == _amount(act)
    return Reading(is_done, not is_done, str(limit.amount), asdict(limit))


def _amount(act: Act) -> Decimal:
    assert act.amount is not None  # noqa: S101 - of every act of this kind
    return Decimal(act.amount) / UNITS


_READERS: dict[ActKind, Callable[[Provider, Act], Reading]] = {
    "suspend": _access,
    "restore": _access,
    "stop_meter": _meter,
    "limit_spending": _limit,
}
