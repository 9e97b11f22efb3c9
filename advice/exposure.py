"""Money at stake with one customer, at face value, as an answer states it."""

from datetime import date

from features.facts import AccountFacts, MoneySource, OpenItem
from features.made_often import dataclass
from features.money import major_units


@dataclass(frozen=True, slots=True, kw_only=True)
class InOwnCurrency:
    """The same sums in the invoice's own currency, as its customer knows them.

    Args:
        currency: ISO 4217.
        rate: what one unit of it counts for in the portfolio's currency.
    """

    currency: str
    rate: float
    amount: float
    remainder: float
    contested: float
    in_flight: float
    promised: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An open invoice, major units; `remainder` less its cover is acted on.

    Args:
        in_own_currency: null where the invoice is in the portfolio's currency.
    """

    invoice_id: str
    due_on: date
    days_overdue: int
    amount: float
    remainder: float
    contested: float
    in_flight: float
    promised: float
    in_own_currency: InOwnCurrency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Face values in major units of the portfolio's currency; None is unknown.

    Args:
        source: what is owed was read from: invoices, an ageing report, or neither.
        unallocated: received for invoices that are not known; pays nothing yet.
        items: open invoices and what covers them, the oldest first.
    """

    source: MoneySource
    open: float | None
    credit: float | None
    written_off: float | None
    contested: float | None
    in_flight: float | None
    promised: float | None
    overdue: float | None
    actionable: float | None
    unallocated: float | None
    recurring_monthly: float | None
    usage_daily_cost: float | None
    committed: float | None
    clv: float | None
    days_overdue: int | None
    items: tuple[Item, ...]


def exposure_of(facts: AccountFacts) -> Exposure:
    """The money that account facts state."""
    return Exposure(
        source=facts.source,
        open=_major(facts.open),
        credit=_major(facts.credit),
        written_off=_major(facts.written_off),
        contested=_major(facts.contested),
        in_flight=_major(facts.in_flight),
        promised=_major(facts.promised),
        overdue=_major(facts.overdue),
        actionable=_major(facts.actionable),
        unallocated=_major(facts.unallocated),
        recurring_monthly=_major(facts.recurring_monthly),
        usage_daily_cost=_major(facts.usage_daily_cost),
        committed=_major(facts.committed),
        clv=_major(facts.clv),
        days_overdue=facts.days_overdue,
        items=_items(facts),
    )


def _items(facts: AccountFacts) -> tuple[Item, ...]:
    return tuple(
        Item(
            invoice_id=item.invoice_id,
            due_on=item.due_on,
            days_overdue=item.days_overdue,
            amount=major_units(item.amount),
            remainder=major_units(item.remainder),
            contested=major_units(item.contested),
            in_flight=major_units(item.in_flight),
            promised=major_units(item.promised),
            in_own_currency=_in_own(item),
        )
        for item in sorted(facts.items, key=lambda item: item.due_on)
    )


def _in_own(item: OpenItem) -> InOwnCurrency | None:
    """The item's sums in its own currency; None where that is the portfolio's."""
    own = item.currency
    if own is None:
        return None
    return InOwnCurrency(
        currency=own.code,
        rate=float(own.rate),
        amount=float(own.stated(item.amount)),
        remainder=float(own.stated(item.remainder)),
        contested=float(own.stated(item.contested)),
        in_flight=float(own.stated(item.in_flight)),
        promised=float(own.stated(item.promised)),
    )


def _major(money: int | None) -> float | None:
    return None if money is None else major_units(money)
