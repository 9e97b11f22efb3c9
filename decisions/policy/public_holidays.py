"""Public holidays of a country, and what the library `holidays` does not know of them.

It is silent where it knows nothing: a year it does not reach has no holidays, and a
country without a subdivision only those that all its subdivisions share.
"""

from functools import lru_cache

import holidays

PUBLIC = "public"  # always days off where a country is named
_WORKED = "workday"  # in the library holidays that are kept, but not taken off


@lru_cache(maxsize=256)
def public_holidays(
    country: str, subdivision: str | None, categories: tuple[str, ...], year: int
) -> holidays.HolidayBase:
    """Days off of a year: public holidays and those of further `categories`.

    Raises:
        NotImplementedError: when the country or its subdivision is not known.
        ValueError: when the country has no such category.
    """
    return holidays.country_holidays(
        country, subdiv=subdivision, years=year, categories={PUBLIC, *categories}
    )


@lru_cache(maxsize=256)
def last_known_year(country: str) -> int:
    """The last year of which the holidays of a country are known."""
    return int(holidays.country_holidays(country).end_year)


def kinds_of_holidays(country: str) -> tuple[str, ...]:
    """Categories of days off that a country has beside `public`."""
    kinds = {*holidays.country_holidays(country).supported_categories}
    return tuple(sorted(kinds - {PUBLIC, _WORKED}))


def differing_subdivisions(
    country: str, categories: tuple[str, ...], year: int
) -> list[str]:
    """Subdivisions that have other days off than those common to all."""
    common = {*public_holidays(country, None, categories, year)}
    return [
        name
        for name in holidays.country_holidays(country).subdivisions
        if {*public_holidays(country, name, categories, year)} != common
    ]
