"""Base class and types of every section of the policy file: amounts, shares, days."""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MOST_MONEY = 1e12  # beyond it sums are no longer exact to the ten-thousandth
MOST_DAYS = 3650
MOST_INVOICES = 1000


def _is_countable(amount: float) -> float:
    if amount > MOST_MONEY:
        raise ValueError(f"{amount:g} is more money than can be counted")
    return amount


def _is_written_as_date(value: object) -> object:
    if isinstance(value, int | float):  # which would be seconds since 1970
        message = f"{value!r} is no date, write it as 2026-01-31"
        raise ValueError(message)  # noqa: TRY004  what the schema reports
    return value


Share = Annotated[float, Field(ge=0.0, le=1.0)]
IS_AMOUNT = AfterValidator(_is_countable)  # marks money
Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False), IS_AMOUNT]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
SomeDays = Annotated[int, Field(ge=1, le=MOST_DAYS)]
Hours = Annotated[float, Field(gt=0, le=8760)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Day = Annotated[date, BeforeValidator(_is_written_as_date)]


def instead_of(name: str, known: Iterable[str]) -> str:
    """Which of those that exist it may have been, as the end of a sentence.

    >>> instead_of("promis", ["dispute", "promise"])
    "; did you mean 'promise'?"
    >>> instead_of("x", ["dispute", "promise"])
    '; there are dispute, promise'
    """
    exist = list(known)
    near = get_close_matches(name, exist, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(exist)}" if exist else ""


class PolicySection(BaseModel):
    """A part of the policy file: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
