"""Where one configures days and hours on which nobody is suspended for non-payment.

The section `calendar` of the policy file; `decisions.rules.calendar` computes with it.
"""

from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    WithJsonSchema,
    model_validator,
)

from decisions.policy.public_holidays import kinds_of_holidays, public_holidays
from decisions.policy.section import Day, PolicySection

_ISO_LENGTH = 2
_ANY_YEAR = 2026  # whether holidays are known is the same in all of them


def _is_a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no timezone, write one as Europe/Paris"
        ) from error
    return name


def _is_written_as_time(value: object) -> object:
    if isinstance(value, int | float):  # which would be seconds since midnight
        message = f"{value!r} is no time of day, write it as 17:30"
        raise ValueError(message)  # noqa: TRY004  what the schema reports
    return value


def _is_local(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("is in the timezone of the calendar: leave the offset out")
    return value


def _as_text(value: object) -> object:
    """A region that is a number, such as Moselle's 57, need not stand in quotes."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


LocalTime = Annotated[
    time,
    BeforeValidator(_is_written_as_time),
    AfterValidator(_is_local),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d(:\d\d)?$"}),
]


class Calendar(PolicySection):
    """When the reseller acts: days, hours and timezone.

    Days and hours hold up stops for non-payment, of high use as well; a pause for fraud
    waits for neither.
    """

    timezone: Annotated[str, AfterValidator(_is_a_zone)] = Field(
        default="UTC",
        description="IANA name; of hours, days off and days after a notice; days"
        " overdue are the portfolio's",
    )
    country: Annotated[str, BeforeValidator(_as_text)] | None = Field(
        default=None, description="ISO 3166 code for public holidays; absent: none"
    )
    subdivision: Annotated[str, BeforeValidator(_as_text)] | None = Field(
        default=None, description="region of the country, for its own public holidays"
    )
    categories: tuple[str, ...] = Field(
        default=(),
        description="holidays of the country that are days off beside the public ones,"
        " such as `bank`, `catholic` or `half_day`",
    )
    days_off: tuple[Day, ...] = Field(default=(), description="further days off")
    working_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        default=(1, 2, 3, 4, 5), min_length=1, description="ISO weekdays, Monday is 1"
    )
    from_time: LocalTime = Field(
        default=time(0, 0), description="no stop for non-payment before, local"
    )
    cut_off: LocalTime | None = Field(
        default=None, description="no stop for non-payment from then on"
    )
    not_before_day_off: bool = Field(
        default=False, description="no stop for non-payment on the eve of a day off"
    )
    because: str = ""

    @model_validator(mode="after")
    def _holidays_are_known(self) -> "Calendar":
        if self.country is None:
            for key in ("subdivision", "categories"):
                if getattr(self, key):
                    raise ValueError(f"{key} needs a country")
            return self
        if len(self.country) != _ISO_LENGTH:  # the page of the policy names it
            message = f"write {self.country!r} as its code in ISO 3166, such as BE"
            raise ValueError(f"no public holidays are known: {message}")
        try:
            public_holidays(self.country, self.subdivision, (), _ANY_YEAR)
        except NotImplementedError as error:
            raise ValueError(f"no public holidays are known: {error}") from error
        kinds = kinds_of_holidays(self.country)
        if unknown := sorted({*self.categories} - {*kinds}):
            known = f"it has {', '.join(kinds)}" if kinds else "leave categories out"
            raise ValueError(f"{self.country} has no holidays {unknown}: {known}")
        return self

    @model_validator(mode="after")
    def _opens_some_day(self) -> "Calendar":
        """A calendar that never opens would hold up every stop, and never say so."""
        if self.cut_off is not None and self.cut_off <= self.from_time:
            raise ValueError("cut_off must come after from_time")
        followed = any(day % 7 + 1 in self.working_days for day in self.working_days)
        if self.not_before_day_off and not followed:
            raise ValueError(
                "not_before_day_off: no working day is followed by another, so no day"
                " would be left"
            )
        return self
