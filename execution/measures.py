"""Measures as acts of the port: what a policy recommends, and what a person orders."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from secrets import token_hex
from typing import Literal

from decisions.policy.measures import MEASURES, MeasureName
from execution.errors import NotOfferedError
from execution.port import PlainMeasure, Provider
from features.money import ten_thousandths
from store.act import (
    Act,
    ActKind,
    EndKind,
    act_id_of,
)
from store.decisions import Decision

# by the end of a measure, the measure
ENDS: Mapping[EndKind, PlainMeasure | Literal["limit_spending"]] = {
    "end_limit_spending": "limit_spending",
    "end_restrict": "restrict",
    "end_stop_charging": "stop_charging",
    "end_prepayment": "prepayment",
}
ORDERS: tuple[ActKind, ...] = (*MEASURES, *ENDS)  # what a person may order


def left_to_do(
    provider: Provider, measure: MeasureName, customer_id: str
) -> Sequence[str]:
    """Subscriptions of which a measure is not so yet; empty text: the customer's.

    A limit that stands already is somebody's, whatever its amount, and is left alone.

    Raises:
        NotOfferedError: the provider has no such measure.
        ExecutionError: the provider cannot be asked.
    """
    if measure not in provider.offers:
        raise NotOfferedError(provider.name, measure.replace("_", " "))
    if measure == "stop_meter":
        return [
            one.subscription_id
            for one in provider.subscriptions(customer_id)
            if one.state == "active"
            and provider.meter(customer_id, one.subscription_id) == "running"
        ]
    if measure == "limit_spending":
        return [""] if provider.spending_limit(customer_id) is None else []
    return [] if provider.measure_is_on(customer_id, measure) else [""]


def why_idle(provider: Provider, measure: MeasureName, customer_id: str) -> str:
    """Why nothing of a measure is left to do: `no_meter`, or `so_already`."""
    if measure != "stop_meter":
        return "so_already"
    states = {
        provider.meter(customer_id, one.subscription_id)
        for one in provider.subscriptions(customer_id)
        if one.state == "active"
    }
    return "so_already" if "stopped" in states else "no_meter"


def ordered(
    provider: Provider,
    measure: ActKind,
    decision: Decision,
    by: str,
    now: int,
    *,
    subscription_id: str = "",
    amount: Decimal | None = None,
) -> Act:
    """The act of a measure, which a person orders; it is not checked again.

    Args:
        provider: that is to be asked.
        measure: which.
        decision: that it rests on.
        by: who orders it.
        now: microseconds since 1970 UTC.
        subscription_id: whose meter is stopped.
        amount: of the limit, in the currency the provider bills in.

    Raises:
        NotOfferedError: the provider has no such measure.
    """
    if measure.removeprefix("end_") not in provider.offers:
        raise NotOfferedError(provider.name, measure.replace("_", " "))
    run_id = f"run-{token_hex(6)}"
    name = f"{decision.decision_id}/{run_id}"  # ordered twice it is done twice
    return Act(
        act_id=act_id_of(provider.name, name, measure, subscription_id),
        run_id=run_id,
        decision_id=decision.decision_id,
        customer_id=decision.customer_id,
        subscription_id=subscription_id,
        kind=measure,
        reason=json.loads(decision.answer)["permission"]["basis"] or "manual",
        provider=provider.name,
        policy_hash=decision.policy_hash,
        n_approvals=0,
        planned_at=now,
        due_at=now,
        ordered_by=by,
        amount=None if amount is None else ten_thousandths(amount),
    )
