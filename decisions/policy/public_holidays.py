"""Public holidays of a country, and what the library `holidays` does not know of them.

It is silent where it knows nothing: a year it does not reach has no holidays, and a
country without a subdivision only those that all its subdivisions share.
"""

import sys
from functools import cache, lru_cache
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import holidays

PUBLIC = "public"  # always days off where a country is named
_WORKED = "workday"  # in the library holidays that are kept, but not taken off


class _OneByOne(ModuleType):
    """A package whose modules are imported without it, until it is asked for a name.

    `holidays` finds a country by its module, yet the package around it imports 250:
    9 MB of memory, and the time for them whenever a policy is read.
    """

    def __getattr__(self, name: str) -> object:
        self.__class__ = ModuleType  # type: ignore[assignment] # the package itself
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def _import_one_by_one(parent: ModuleType, child: str) -> None:
    """Put a package there that nobody has imported; its own module does not run."""
    name = f"{parent.__name__}.{child}"
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        package = module_from_spec(spec)
        package.__class__ = _OneByOne
        sys.modules[name] = package
        setattr(parent, child, package)


@cache
def _library() -> ModuleType:
    """`holidays`, loaded where a policy names a country."""
    import holidays

    _import_one_by_one(holidays, "countries")
    return holidays


@lru_cache(maxsize=256)
def public_holidays(
    country: str, subdivision: str | None, categories: tuple[str, ...], year: int
) -> "holidays.HolidayBase":
    """Days off of a year: public holidays and those of further `categories`.

    Raises:
        NotImplementedError: when the country or its subdivision is not known.
        ValueError: when the country has no such category.
    """
    days: holidays.HolidayBase = _library().country_holidays(
        country, subdiv=subdivision, years=year, categories={PUBLIC, *categories}
    )
    return days


@lru_cache(maxsize=256)
def last_known_year(country: str) -> int:
    """The last year of which the holidays of a country are known."""
    return int(_library().country_holidays(country).end_year)


def kinds_of_holidays(country: str) -> tuple[str, ...]:
    """Categories of days off that a country has beside `public`."""
    kinds = {*_library().country_holidays(country).supported_categories}
    return tuple(sorted(kinds - {PUBLIC, _WORKED}))


def differing_subdivisions(
    country: str, categories: tuple[str, ...], year: int
) -> list[str]:
    """Subdivisions that have other days off than those common to all."""
    common = {*public_holidays(country, None, categories, year)}
    return [
        name
        for name in _library().country_holidays(country).subdivisions
        if {*public_holidays(country, name, categories, year)} != common
    ]
