"""What is at stake beyond what is owed: recurring charges, usage, customer value.

Face value, CONTRACT 2.7. What it costs the reseller is the policy's matter.
"""

from collections.abc import Iterable
from math import isnan
from typing import NamedTuple

from features.account.rows import SubscriptionRow
from features.account.usage_log import UsageLog
from features.events import MISSING
from features.moments import DAY_US
from features.money import whole_money

MONTH_US = 2_629_800 * 1_000_000  # 30.4375 days, a twelfth of a year
_WINDOW_DAYS, _WEEK_DAYS = 28, 7
_KINDS = ("started", "quantity_changed", "renewed", "cancelled", "ended")


class Subscription:
    """A subscription as its log tells it; each row changes what it states."""

    __slots__ = (
        "billing",
        "cancel_window_ends_at",
        "commitment_ends_at",
        "ends_at",
        "id",
        "is_trial",
        "price",
        "product",
        "quantity",
        "starts_at",
    )

    def __init__(self, subscription_id: str) -> None:
        self.id = subscription_id
        self.product: str | None = None
        self.billing: str | None = None
        self.quantity = 1.0
        self.price: int | None = None  # no row has said it
        self.is_trial = False
        self.commitment_ends_at: int | None = None
        self.cancel_window_ends_at: int | None = None
        self.starts_at: int | None = None
        self.ends_at: int | None = None

    def read(self, row: SubscriptionRow) -> None:
        """Takes over what the next row of the log says."""
        is_immediate = row.effective_at == MISSING
        effective = row.event_at if is_immediate else row.effective_at
        if row.kind in {"cancelled", "ended"}:
            self.ends_at = effective
            return
        if row.kind != "quantity_changed" or self.starts_at is None:
            self.starts_at, self.ends_at = effective, None
        self.product = self.product if row.product is None else row.product
        self.billing = self.billing if row.billing is None else row.billing
        self.quantity = self.quantity if isnan(row.quantity) else row.quantity
        self.price = self.price if row.unit_price == MISSING else row.unit_price
        self.is_trial = self.is_trial if isnan(row.is_trial) else bool(row.is_trial)
        if row.commitment_ends_at != MISSING:
            self.commitment_ends_at = row.commitment_ends_at
        if row.cancel_window_ends_at != MISSING:
            self.cancel_window_ends_at = row.cancel_window_ends_at

    def has_ended(self, as_of: int) -> bool:
        """Whether it is over at `as_of` (µs)."""
        return self.ends_at is not None and self.ends_at <= as_of

    def is_live(self, as_of: int) -> bool:
        """Whether it has started and not ended at `as_of` (µs)."""
        has_started = self.starts_at is not None and self.starts_at <= as_of
        return has_started and not self.has_ended(as_of)

    @property
    def is_unpriced(self) -> bool:
        """A license, and no trial, whose price nobody stated: its charge is unknown."""
        return self.price is None and self.billing != "usage" and not self.is_trial

    def monthly(self) -> int:
        """Quantity × price of a license; usage is not a recurring charge."""
        if self.price is None or self.billing == "usage":
            return 0
        return max(0, whole_money(self.quantity * self.price))

    def is_committed(self, as_of: int) -> bool:
        """Whether its term still binds at `as_of` (µs)."""
        return self.commitment_ends_at is not None and self.commitment_ends_at > as_of

    def committed(self, as_of: int) -> int:
        """Price of the committed months left."""
        if self.commitment_ends_at is None or self.commitment_ends_at <= as_of:
            return 0
        return quotient(self.monthly() * (self.commitment_ends_at - as_of), MONTH_US)


def subscriptions(rows: Iterable[SubscriptionRow], as_of: int) -> list[Subscription]:
    """Subscriptions by known rows, in order of first mention.

    A change announced for later (`effective_at` after `as_of`) is not yet made,
    but a cancellation ahead is kept, for a renewal may still take it back.
    """
    by_id: dict[str, Subscription] = {}
    for row in sorted(rows, key=_subscription_order):
        name, is_ahead = row.subscription_id, row.effective_at > as_of
        if row.kind == "quantity_changed" and is_ahead:
            continue
        subscription = by_id.get(name)
        if subscription is None:
            subscription = by_id[name] = Subscription(name)
        elif is_ahead and row.kind in {"started", "renewed"}:
            continue
        subscription.read(row)
    return list(by_id.values())


def have_all_ended(theirs: list[Subscription], as_of: int) -> bool:
    """Departed: had subscriptions, and every one of them has ended."""
    for subscription in theirs:  # a loop takes half the time of `all`
        if not subscription.has_ended(as_of):
            return False
    return bool(theirs)


class Usage(NamedTuple):
    daily_cost: int  # mean of the last 28 days, at cost
    ratio: float | None  # last 7 days' daily cost / that of the 28 days before


def usage(log: UsageLog, as_of: int) -> Usage:
    """Usage by known rows; a customer younger than 28 days has fewer days to share.

    A negative row corrects earlier ones; what a correction leaves is not below 0.
    """
    week = as_of - _WEEK_DAYS * DAY_US
    in_base = max(0, log.cost(week - _WINDOW_DAYS * DAY_US, week, as_of))
    in_week = max(0, log.cost(week, as_of, as_of))
    in_window = max(0, log.cost(as_of - _WINDOW_DAYS * DAY_US, as_of, as_of))
    first = log.first(as_of)
    days_known = 0 if first is None else -((first - as_of) // DAY_US)
    n_days = max(1, min(_WINDOW_DAYS, days_known))
    ratio = _WINDOW_DAYS * in_week / (_WEEK_DAYS * in_base) if in_base else None
    return Usage(quotient(in_window, n_days), ratio)


def quotient(money: int, by: int) -> int:
    """Exact division of ten-thousandths, rounded half-even.

    >>> quotient(5, 2), quotient(7, 2)
    (2, 4)
    """
    whole, rest = divmod(money, by)
    if 2 * rest > by or (2 * rest == by and whole % 2):
        whole += 1
    return whole


def _subscription_order(row: SubscriptionRow) -> tuple[int, int, int]:
    return row.event_at, row.known_at, _KINDS.index(row.kind)
