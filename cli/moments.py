"""The moment that --as-of names."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from features.portfolio import Portfolio


def moment_of(read: "Portfolio", as_of: str | None) -> int:
    """Microseconds of what --as-of says; without it the latest of the data."""
    moment = _parsed(as_of, read.settings.zone)
    return read.latest_moment if moment is None else moment


def readable_moment(as_of: str | None) -> str | None:
    """What --as-of says; what is no moment is refused before a portfolio is read."""
    from advice.opening import NEXT_WORKING_HOUR

    if as_of != NEXT_WORKING_HOUR:
        _parsed(as_of, ZoneInfo("UTC"))
    return as_of


def _parsed(as_of: str | None, zone: ZoneInfo) -> int | None:
    """Microseconds of what --as-of says; None where it says nothing."""
    from features.moments import NO_END, MomentError, parse_moment

    try:
        moment = parse_moment(as_of, zone)
    except MomentError as error:
        form = "write 2026-06-30, or 2026-06-30T22:00:00Z with its offset"
        raise typer.BadParameter(f"--as-of {as_of}: {form} [{error.rule}]") from error
    if moment is not None and not 0 <= moment < NO_END:
        raise typer.BadParameter(f"--as-of {as_of}: not between 1970 and 2200")
    return moment
