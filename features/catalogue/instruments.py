"""Features from payment instruments: cards and accounts, how many and whose."""

from features.catalogue.families import COUNTRY_MISMATCH, INSTRUMENT
from features.catalogue.identity import customer
from features.feature import Aggregate, CountryMismatch, Feature, LatestAttribute
from features.feature_rows import Present, Window

CARD_COUNTRY = LatestAttribute(
    "payments", "card_country", where=Present("card_country")
)


def _instruments(days: int) -> Feature:
    return INSTRUMENT.feature(
        f"payment_instruments_distinct_{days}d",
        Aggregate("payments", "distinct", "instrument_id", window=Window(days)),
        unit="count",
        staff=f"different cards or accounts tried in {days} days: {{value}}",
        customer="Several payment methods were used in a short time.",
        why="stolen cards are tried one after the other",
    )


INSTRUMENT_FEATURES: tuple[Feature, ...] = (
    *(_instruments(days) for days in (7, 30, 365)),
    INSTRUMENT.feature(
        "payment_card_countries_distinct_90d",
        Aggregate("payments", "distinct", "card_country", window=Window(90)),
        unit="count",
        staff="countries of cards in 90 days: {value}",
        customer="Payment methods of several countries were used.",
        why="one customer rarely owns cards of several countries",
    ),
    INSTRUMENT.feature(
        "payment_card_is_prepaid",
        LatestAttribute(
            "payments",
            "card_funding",
            where=Present("card_funding"),
            equals="prepaid",
        ),
        unit="flag",
        staff="pays with a prepaid card",
        why="a prepaid card cannot be charged again when the money is gone",
    ),
    INSTRUMENT.feature(
        "payment_method_latest",
        LatestAttribute("payments", "method", where=Present("method")),
        unit="category",
        staff="last paid by {value}",
        why="cards decline, debits return and transfers come late: each in its own way",
    ),
    COUNTRY_MISMATCH.feature(
        "payment_card_country_differs",
        CountryMismatch(CARD_COUNTRY, customer("country")),
        unit="flag",
        staff="card of another country than the billing country",
        why="a stolen card rarely matches the account; which country does not matter",
    ),
    COUNTRY_MISMATCH.feature(
        "payment_card_country_differs_from_ip",
        CountryMismatch(CARD_COUNTRY, customer("ip_country")),
        unit="flag",
        staff="card of another country than the one signed up from",
        why="a stolen card rarely matches where its user sits",
    ),
)
