"""Sums of open invoices, in the currency of the invoices they are of."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from features.facts import OpenItem
from features.money import UNITS

Sums = float | Mapping[str, float]  # in the portfolio's currency, or by currency


def in_own_currencies(
    items: Iterable[OpenItem],
    part: Callable[[OpenItem], int],
    whole: int,
    currency: str,
) -> Sums:
    """What `part` of the items comes to, as their customer finds it on the invoices.

    Args:
        items: that the sum is of.
        part: of an item, in ten-thousandths of the portfolio's currency.
        whole: what the parts come to; where they do not, nothing says which currency
            the rest is in, and all is told in the portfolio's.
        currency: the portfolio's.
    """
    found = [(item.currency, money) for item in items if (money := part(item))]
    if not any(own for own, _ in found) or sum(money for _, money in found) != whole:
        return whole / UNITS
    sums: dict[str, Decimal] = {}
    for own, money in found:
        stated = Decimal(money) / UNITS if own is None else own.stated(money)
        code = currency if own is None else own.code
        sums[code] = sums.get(code, Decimal(0)) + stated
    return {code: float(stated) for code, stated in sums.items()}
