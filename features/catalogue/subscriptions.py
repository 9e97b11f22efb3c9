"""Features from `subscriptions`: what is ordered, and how that changes."""

from features.catalogue.families import ORDERS
from features.feature import Aggregate, Feature, Ratio, TimeSince
from features.feature_rows import And, Equals, In, Rows, Window

STARTED = Equals("kind", "started")
CHANGED = Equals("kind", "quantity_changed")
ORDERED = In("kind", ("started", "quantity_changed", "renewed"))


def _rows(where: Rows, days: int) -> Aggregate:
    return Aggregate("subscriptions", "count", where=where, window=Window(days))


def _quantity(how: str, days: int) -> Aggregate:
    return Aggregate(
        "subscriptions",
        "max" if how == "max" else "mean",
        "quantity",
        where=ORDERED,
        window=Window(days),
    )


def _started(days: int) -> Feature:
    return ORDERS.feature(
        f"subscriptions_started_{days}d",
        _rows(STARTED, days),
        unit="subscriptions",
        staff=f"subscriptions started in {days} days: {{value}}",
        why="orders in quick succession, before any is paid",
    )


def _changed(days: int) -> Feature:
    return ORDERS.feature(
        f"subscriptions_changed_{days}d",
        _rows(CHANGED, days),
        unit="changes",
        staff=f"changes of quantity in {days} days: {{value}}",
        why="seats that come and go quickly",
    )


SUBSCRIPTION_FEATURES: tuple[Feature, ...] = (
    *(_started(days) for days in (7, 30, 365)),
    *(_changed(days) for days in (7, 30)),
    ORDERS.feature(
        "subscriptions_quantity_max_30d",
        _quantity("max", 30),
        unit="units",
        staff="ordered up to {value} units in 30 days",
        why="the size of the latest orders",
    ),
    ORDERS.feature(
        "subscriptions_quantity_jump_30d",
        Ratio(_quantity("max", 30), _quantity("mean", 365)),
        unit="ratio",
        staff="largest order of 30 days is {value} times their mean of a year",
        why="a jump in quantity against their own habit",
    ),
    ORDERS.feature(
        "subscriptions_products_distinct_30d",
        Aggregate("subscriptions", "distinct", "product", ORDERED, Window(30)),
        unit="products",
        staff="different products ordered in 30 days: {value}",
        why="trying everything at once is not how businesses buy",
    ),
    ORDERS.feature(
        "subscriptions_trials_365d",
        _rows(And(STARTED, Equals("is_trial", True)), 365),
        unit="trials",
        staff="trials started in a year: {value}",
        why="repeated trials avoid paying",
    ),
    ORDERS.feature(
        "subscriptions_cancelled_90d",
        _rows(In("kind", ("cancelled", "ended")), 90),
        unit="subscriptions",
        staff="subscriptions cancelled or ended in 90 days: {value}",
        why="who leaves pays the last invoice least readily",
    ),
    ORDERS.feature(
        "subscriptions_renewed_365d",
        _rows(Equals("kind", "renewed"), 365),
        unit="renewals",
        staff="renewals in a year: {value}",
        why="who renews means to stay",
    ),
    ORDERS.feature(
        "subscriptions_first_age_days",
        TimeSince("subscriptions", "first", STARTED),
        unit="days",
        staff="first subscription {value} days ago",
        why="how long they have been buying",
    ),
    ORDERS.feature(
        "subscriptions_started_age_days",
        TimeSince("subscriptions", "last", STARTED, Window(365)),
        unit="days",
        staff="latest subscription {value} days ago",
        why="fresh orders have not been paid once",
    ),
)
