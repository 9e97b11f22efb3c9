"""What any provider must do, tried on one: the promises of the port, one by one.

It takes access from a subscription that was set aside for it, and gives it back. An
adapter of your own is tried the same way: anything that has the port's methods.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from secrets import token_hex
from typing import NamedTuple

from execution.errors import ExecutionError, NotOfferedError, ProviderRefusedError
from execution.port import (
    Offer,
    PlainMeasure,
    Provider,
    ProviderAlert,
    SubscriptionState,
)

_LONGEST_S, _PAUSE_S = 60.0, 1.0
NOBODY = "forbear-nobody"


class Finding(NamedTuple):
    """One promise, and whether it was kept.

    Args:
        promise: in a sentence.
        is_kept: whether the provider did so.
        seen: what it did instead; empty where it is kept.
    """

    promise: str
    is_kept: bool
    seen: str = ""


def check_reading(
    provider: Provider, customer_id: str, subscription_id: str
) -> Iterator[Finding]:
    """Promises that are tried by reading alone; nothing is changed."""
    about = customer_id, subscription_id
    yield _kept(
        "an active subscription is active",
        lambda: _state(provider, *about) == "active",
    )
    yield _kept(
        "it is among the customer's subscriptions",
        lambda: (
            subscription_id
            in [one.subscription_id for one in provider.subscriptions(customer_id)]
        ),
    )
    refused: dict[str, Callable[[], object]] = {
        "a subscription nobody has is refused": lambda: provider.status(
            customer_id, NOBODY
        ),
        "a customer of nobody is refused": lambda: provider.subscriptions(NOBODY),
        "an id leads nowhere else": lambda: provider.status(customer_id, "../../x"),
        "a stop of what nobody has is refused": lambda: provider.suspend(
            customer_id, NOBODY, "check"
        ),
    }
    for promise, call in refused.items():
        yield _raises(promise, call, ProviderRefusedError)
    for offer, call in _offered(provider, *about).items():
        if offer in provider.offers:
            yield _answers(f"it offers {offer} and answers", call)
        else:
            yield _raises(f"it offers no {offer} and says so", call, NotOfferedError)


def check_changing(
    provider: Provider,
    customer_id: str,
    subscription_id: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Promises about access, which goes and comes back.

    Args:
        provider: is asked.
        customer_id: of a customer set aside for it.
        subscription_id: active; it is so again at the end, where the provider does what
            it promises.
        sleep: waits, seconds; reading follows asking after a while at some providers.
    """
    about, run = (customer_id, subscription_id), token_hex(8)

    def becomes(state: SubscriptionState) -> bool:
        for _ in range(int(_LONGEST_S / _PAUSE_S)):
            if _state(provider, *about) == state:
                return True
            sleep(_PAUSE_S)
        return False

    def ask(call: Callable[[str, str, str], None], name: str) -> bool:
        call(*about, f"{run}-{name}")
        return True

    try:
        yield _kept("access is taken", lambda: ask(provider.suspend, "stop"))
        yield _kept("reading says so", lambda: becomes("suspended"))
        yield _kept(
            "asking twice is asking once", lambda: ask(provider.suspend, "stop")
        )
        yield _kept("and nothing else changes", lambda: becomes("suspended"))
    finally:
        back = _kept("access comes back", lambda: ask(provider.restore, "back"))
    yield back
    yield _kept("reading says so as well", lambda: becomes("active"))
    yield _kept(
        "giving back twice is giving back once",
        lambda: ask(provider.restore, "back") and becomes("active"),
    )


def _offered(
    provider: Provider, customer_id: str, subscription_id: str
) -> dict[Offer, Callable[[], object]]:
    """A question about each thing that not every provider can do."""
    alert = ProviderAlert(
        alert_id=NOBODY, customer_id=customer_id, kind="other", status="active"
    )

    now = datetime.now(UTC)

    def limit() -> object:
        if "limit_spending" not in provider.offers:
            provider.limit_spending(customer_id, Decimal(1), "check")
        return provider.spending_limit(customer_id)

    def meter() -> object:
        if "stop_meter" not in provider.offers:
            provider.stop_meter(customer_id, subscription_id, "check")
        return provider.meter(customer_id, subscription_id)

    def alerts() -> object:
        if "alerts" not in provider.offers:
            provider.acknowledge(alert, "ignore")
        return list(provider.alerts())

    def request_state() -> object:
        with suppress(ProviderRefusedError):
            return provider.request_state(NOBODY)
        return None

    def plain(measure: PlainMeasure) -> object:
        if measure not in provider.offers:
            provider.set_measure(customer_id, measure, "check", is_on=True)
        return provider.measure_is_on(customer_id, measure)

    return {
        "restrict": lambda: plain("restrict"),
        "stop_charging": lambda: plain("stop_charging"),
        "prepayment": lambda: plain("prepayment"),
        "limit_spending": limit,
        "stop_meter": meter,
        "alerts": alerts,
        "request_state": request_state,
        "audit_records": lambda: list(
            provider.audit_records(customer_id, now - timedelta(hours=1), now)
        ),
    }


def _state(
    provider: Provider, customer_id: str, subscription_id: str
) -> SubscriptionState:
    return provider.status(customer_id, subscription_id).state


def _kept(promise: str, holds: Callable[[], object]) -> Finding:
    try:
        is_kept = bool(holds())
    except ExecutionError as error:
        return Finding(promise, False, error.code)
    return Finding(promise, is_kept, "" if is_kept else "it does not")


def _answers(promise: str, call: Callable[[], object]) -> Finding:
    def answered() -> bool:
        call()
        return True

    return _kept(promise, answered)


def _raises(
    promise: str, call: Callable[[], object], error: type[ExecutionError]
) -> Finding:
    try:
        call()
    except error:
        return Finding(promise, True)
    except ExecutionError as other:
        return Finding(promise, False, other.code)
    return Finding(promise, False, "it answers")
