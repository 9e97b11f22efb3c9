"""Features from `links`: what the customer shares with others, and with which ones.

Who the others are stays outside: only how many, since when, and how many of them were
known as frauds by then. Households, offices and proxies share, too, so each kind of
sharing counts on its own.
"""

from features.catalogue.families import NETWORK
from features.feature import Aggregate, Feature, TimeSince
from features.feature_rows import And, Equals, Rows, Window

KINDS = {"instrument": "payment instrument", "device": "device", "ip": "address"}
SHARED = Equals("status", "shared")
FRAUD = Equals("status", "fraud")
EARLIER = And(SHARED, Equals("is_earlier", True))


def _others(where: Rows, days: int | None = None) -> Aggregate:
    """How many different customers, however many things they share."""
    window = None if days is None else Window(days)
    return Aggregate("links", "distinct", "other_id", where=where, window=window)


def _of_kind(kind: str, words: str) -> tuple[Feature, ...]:
    is_kind = Equals("kind", kind)
    return (
        NETWORK.feature(
            f"links_{kind}_customers",
            _others(And(SHARED, is_kind)),
            unit="customers",
            staff=f"other customers with the same {words}: {{value}}",
            why="one person with many accounts, or a household, an office, a proxy",
        ),
        NETWORK.feature(
            f"links_{kind}_frauds",
            _others(And(FRAUD, is_kind)),
            unit="customers",
            staff=f"known frauds among those with the same {words}: {{value}}",
            why="who was caught comes back under another name with the same tools",
        ),
    )


LINK_FEATURES: tuple[Feature, ...] = (
    *(feature for kind, words in KINDS.items() for feature in _of_kind(kind, words)),
    NETWORK.feature(
        "links_customers_30d",
        _others(SHARED, 30),
        unit="customers",
        staff="other customers newly linked in 30 days: {value}",
        why="accounts made one after the other with the same tools",
    ),
    NETWORK.feature(
        "links_earlier_customers",
        _others(EARLIER),
        unit="customers",
        staff="customers who used something of theirs first: {value}",
        why="whoever comes later to a shared instrument or device may not own it",
    ),
    NETWORK.feature(
        "links_fraud_age_days",
        TimeSince("links", "last", FRAUD, Window(365)),
        unit="days",
        staff="a linked customer became known as a fraud {value} days ago",
        why="those who work together are found one after the other",
    ),
)
