"""Sums of an answer in the currency of the invoices they are of.

Who is told a sum has to find it on the invoice; an answer counts in the portfolio's
currency, so that money can be compared.
"""

from collections.abc import Mapping
from typing import Any, Literal

Part = Literal["remainder", "contested", "in_flight", "promised"]


def in_own_currency(
    item: Mapping[str, Any], answer: Mapping[str, Any]
) -> Mapping[str, Any]:
    """An open invoice's sums in its own currency, with that currency's name.

    Answers of earlier releases told every sum in the portfolio's currency.
    """
    own: Mapping[str, Any] | None = item.get("in_own_currency")
    return own or {**item, "currency": answer["question"]["currency"]}


def sums_by_currency(answer: Mapping[str, Any], part: Part) -> dict[str, float]:
    """What of all open invoices is contested, say, in major units by currency.

    In the portfolio's alone where the invoices of the answer do not add up to it: a
    service's answer lists 200 at most, and an ageing report names none.
    """
    exposure = answer.get("exposure") or {"items": ()}
    whole = exposure.get("open" if part == "remainder" else part) or 0.0
    items = [item for item in exposure["items"] if item[part]]
    if abs(sum(item[part] for item in items) - whole) > 0.00005:
        return {answer["question"]["currency"]: whole}
    sums: dict[str, float] = {}
    for item in items:
        own = in_own_currency(item, answer)
        sums[own["currency"]] = sums.get(own["currency"], 0.0) + own[part]
    return sums
