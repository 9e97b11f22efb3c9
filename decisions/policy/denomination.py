"""The same policy in another currency: every amount of money times one rate."""

from collections.abc import Callable
from typing import Any

from decisions.policy.load import Policy, parse_document

# paths of money in a policy file; `*` is any key or any entry of a list
MONEY = (
    "clock.min_invoice",
    "ladder.*.when.overdue_amount",
    "costs.loss.chargeback_fee",
    "costs.actions.*.fixed",
    "guardrails.suspend.min_exposure",
    "guardrails.any.min_net_gain",
    "approvals.four_eyes_over",
    "high_usage.min_usage_daily_cost",
    "reconnection.fee_cap",
    "exploration.max_exposure",
    "notices.kinds.*.fee",
    "thresholds.*.exposure_from",
    "thresholds.*.clv_from",
    "cases.*.open",
    "cases.*.recurring",
    "cases.*.usage",
    "cases.*.clv",
    "cases.*.contested",
    "cases.*.in_flight",
    "cases.*.promised",
)


def in_currency(policy: Policy, currency: str, rate: float) -> Policy:
    """`policy` counted in `currency`, amendments and cases included.

    A stated materiality in `currency` stands; otherwise the policy's own is
    converted.

    Args:
        policy: any policy.
        currency: ISO 4217 code of the amounts wanted.
        rate: price of one unit of the policy's currency in `currency`, above 0.

    Raises:
        ValueError: if `rate` is not above 0.
    """
    if not rate > 0:
        raise ValueError(f"a rate must be above 0, got {rate}")
    values = policy.document.model_dump(mode="json", by_alias=True)
    own = values["currency"]
    for part in (values, *(change["set"] for change in values["amendments"])):
        for path in MONEY:
            _change(part, path.split("."), lambda money: _times(money, rate))
        materiality = part.get("materiality") or {}
        if own in materiality:
            materiality.setdefault(currency, materiality[own] * rate)
    values["currency"] = currency
    return Policy(parse_document(values, policy.source), policy.source)


def _change(values: Any, path: list[str], change: Callable[[Any], Any]) -> None:  # noqa: ANN401
    """Replace what stands at `path`, where there is something."""
    if not isinstance(values, dict | list):
        return
    head, *rest = path
    places: Any = range(len(values)) if isinstance(values, list) else [head]
    if head == "*" and isinstance(values, dict):
        places = list(values)
    for place in places:
        if isinstance(values, dict) and place not in values:
            continue
        if rest:
            _change(values[place], rest, change)
        else:
            values[place] = change(values[place])


def _times(money: Any, rate: float) -> Any:  # noqa: ANN401 - a number, or a range
    if isinstance(money, dict):
        return {name: number * rate for name, number in money.items()}
    return None if money is None else money * rate
