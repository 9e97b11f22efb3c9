"""Facts about one customer from rows of single tables, known long before."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from features.account import account_facts
from features.facts import AccountFacts
from features.moments import microseconds
from features.reading.rows import read_events
from features.settings import PortfolioSettings

AS_OF = datetime(2024, 6, 30, tzinfo=UTC)
Row = dict[str, Any]


def facts_of(**tables: list[Row]) -> AccountFacts:
    """Facts at `AS_OF` of a customer of whom nothing but `tables` was looked at."""
    return converted_facts({}, tables)


def converted_facts(
    rates: dict[str, Decimal], tables: dict[str, list[Row]]
) -> AccountFacts:
    """The same of a portfolio with rates of other currencies."""
    looked_at = frozenset(tables) | {"customers"}
    settings = PortfolioSettings(tables=looked_at, rates=rates)
    created = {"event_at": "2024-01-01T00:00:00Z"}
    events, rejects = read_events("c", {"customers": [created], **tables}, settings)
    assert rejects == ()
    return account_facts(events, microseconds(AS_OF), settings)
