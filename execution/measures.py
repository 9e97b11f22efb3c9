"""Measures that a person orders on the ground of a decision, as acts of the port."""

import json
from decimal import Decimal
from secrets import token_hex
from typing import Literal, get_args

from execution.errors import NotOfferedError
from execution.port import Provider
from features.money import ten_thousandths
from store.acts import Act, act_id_of
from store.decisions import Decision

Measure = Literal["stop_meter", "limit_spending"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


def ordered(
    provider: Provider,
    measure: Measure,
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
    if measure not in provider.offers:
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
