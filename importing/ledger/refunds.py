"""Which payments a refund gives back: as much of each as is left of it, in order."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple


class RefundablePayment(NamedTuple):
    """A payment that a refund may have given back.

    Attributes:
        refund: the entry that gives money back.
        credit: what the ledger matched it with; None: nothing.
        amount: of the refund that was matched so, in its currency.
        payment: None: there is none.
        paid: what the payment is worth.
    """

    refund: str
    credit: str | None
    amount: Decimal
    payment: str | None
    paid: Decimal | None


class RefundPart(NamedTuple):
    """So much of a payment was given back; of none: nothing is left to give back."""

    refund: str
    credit: str | None
    payment: str | None
    amount: Decimal


def spread(candidates: Iterable[RefundablePayment]) -> Iterator[RefundPart]:
    """Lay each refund on its payments, in the order in which they come.

    A payment is given back once: what an earlier refund took of it is gone.

    >>> ten, six = Decimal(10), Decimal(6)
    >>> for row in spread([RefundablePayment("R", None, ten, "B", six),
    ...                    RefundablePayment("R", None, ten, "A", six)]):
    ...     print(row.payment, row.amount)
    B 6
    A 4
    """
    taken: dict[str, Decimal] = {}
    for (refund, credit), rows in groupby(candidates, lambda c: (c.refund, c.credit)):
        rest: Decimal | None = None
        for one in rows:
            rest = one.amount if rest is None else rest
            if one.payment is None or one.paid is None:
                continue
            before = taken.get(one.payment, Decimal(0))
            amount = min(rest, one.paid - before)
            if amount > 0:
                taken[one.payment] = before + amount
                rest -= amount
                yield RefundPart(refund, credit, one.payment, amount)
        if rest:
            yield RefundPart(refund, credit, None, rest)
