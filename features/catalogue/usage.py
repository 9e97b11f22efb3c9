"""Features from `usage`: what is used, against what is usual for the customer."""

from features.catalogue.families import USAGE
from features.catalogue.invoices import LARGEST_INVOICE
from features.catalogue.payments import paid
from features.feature import Aggregate, Feature, Ratio, TimeSince, Trend
from features.feature_rows import Window


def spend(days: int, before: int = 0) -> Aggregate:
    """Usage at cost; weekly rows count where their day is."""
    return Aggregate("usage", "sum", "cost", window=Window(days, before))


def _spend(days: int) -> Feature:
    return USAGE.feature(
        f"usage_cost_{days}d",
        spend(days),
        unit="money",
        staff=f"usage of {{value}} at cost in {days} days",
        why="what runs up until somebody acts",
    )


USAGE_FEATURES: tuple[Feature, ...] = (
    *(_spend(days) for days in (7, 28, 91)),
    USAGE.feature(
        "usage_cost_ratio_7d",
        Ratio(spend(7), spend(28, before=7), scale=4.0),
        unit="ratio",
        staff="usage of the last 7 days is {value} times the 28 days before",
        why="a hijacked account runs up in days what it used in months",
    ),
    USAGE.feature(
        "usage_cost_ratio_1d",
        Ratio(spend(1), spend(28, before=1), scale=28.0),
        unit="ratio",
        staff="usage of the last day is {value} times the 28 days before",
        why="mining starts overnight",
    ),
    USAGE.feature(
        "usage_cost_trend_28d",
        Trend(spend(28), spend(28, before=28)),
        unit="trend",
        staff="usage of 28 days against the 28 before: {value}",
        why="growth beyond the ability to pay, or a customer who is leaving",
    ),
    USAGE.feature(
        "usage_cost_acceleration_7d",
        Trend(spend(7), spend(7, before=7)),
        unit="trend",
        staff="usage of 7 days against the 7 before: {value}",
        why="acceleration shows before the level does",
    ),
    USAGE.feature(
        "usage_cost_recent_share_28d",
        Ratio(spend(28), spend(91)),
        unit="share",
        staff="{value} of the usage of 91 days fell in the last 28",
        why="near 1 for first weeks and for sudden growth",
    ),
    USAGE.feature(
        "usage_cost_peak_28d",
        Ratio(
            Aggregate("usage", "max", "cost", window=Window(28)),
            Aggregate("usage", "mean", "cost", window=Window(91)),
        ),
        unit="ratio",
        staff="largest usage row of 28 days is {value} times their mean",
        why="a spike against their own usual level",
    ),
    USAGE.feature(
        "usage_cost_std_91d",
        Aggregate("usage", "std", "cost", window=Window(91)),
        unit="money",
        staff="usage varies by {value} per row",
        why="steady use is easy to bill; erratic use surprises both sides",
    ),
    USAGE.feature(
        "usage_subscriptions_distinct_28d",
        Aggregate("usage", "distinct", "subscription_id", window=Window(28)),
        unit="count",
        staff="subscriptions with usage in 28 days: {value}",
        why="usage that spreads over new subscriptions",
    ),
    USAGE.feature(
        "usage_age_days",
        TimeSince("usage", "last", window=Window(91)),
        unit="days",
        staff="last usage {value} days ago",
        why="who stopped using often stops paying",
    ),
    USAGE.feature(
        "usage_cost_to_paid_28d",
        Ratio(spend(28), paid(90)),
        unit="ratio",
        staff="usage of 28 days is {value} times what was paid in 90 days",
        why="exposure that no payment has ever covered",
        monotone="increasing",
    ),
    USAGE.feature(
        "usage_cost_to_largest_invoice_28d",
        Ratio(spend(28), LARGEST_INVOICE),
        unit="ratio",
        staff="usage of 28 days is {value} times their largest invoice of a year",
        why="the coming invoice against the largest they ever had",
    ),
)
