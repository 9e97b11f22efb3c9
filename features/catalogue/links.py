"""Features from `links`: what the customer shares with others, and with which ones.

Who the others are stays outside: only how many, since when, and how many of them were
known as frauds by then. Households, offices and proxies share, too, so each kind of
sharing counts on its own.

Only the model of fraud learns from them. Whether somebody pays is another matter, and
a client that cannot know of other customers would find every stop for non-payment
withheld for want of the table.
"""

from features.catalogue.families import NETWORK
from features.feature import Aggregate, Feature, TimeSince
from features.feature_rows import And, Equals, Rows, Window

READ_FOR = frozenset({"fraud"})
KINDS = {"instrument": "payment instrument", "device": "device", "ip": "address"}
SHARED = Equals("status", "shared")
FRAUD = Equals("status", "fraud")
EARLIER = And(SHARED, Equals("is_earlier", True))


def _links(where: Rows, days: int | None = None) -> Aggregate:
    """How many: two things shared with one customer are two links."""
    window = None if days is None else Window(days)
    return Aggregate("links", "count", where=where, window=window)


def _of_kind(kind: str, words: str) -> tuple[Feature, ...]:
    is_kind = Equals("kind", kind)
    return (
        NETWORK.feature(
            f"links_{kind}",
            _links(And(SHARED, is_kind)),
            unit="links",
            staff=f"links to other customers by the same {words}: {{value}}",
            why="one person with many accounts, or a household, an office, a proxy",
        ),
        NETWORK.feature(
            f"links_{kind}_frauds",
            _links(And(FRAUD, is_kind)),
            unit="links",
            staff=f"links to known frauds by the same {words}: {{value}}",
            why="who was caught comes back under another name with the same tools",
        ),
    )


LINK_FEATURES: tuple[Feature, ...] = (
    *(feature for kind, words in KINDS.items() for feature in _of_kind(kind, words)),
    NETWORK.feature(
        "links_new_30d",
        _links(SHARED, 30),
        unit="links",
        staff="new links to other customers in 30 days: {value}",
        why="accounts made one after the other with the same tools",
    ),
    NETWORK.feature(
        "links_earlier",
        _links(EARLIER),
        unit="links",
        staff="links to customers who used the same thing first: {value}",
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
