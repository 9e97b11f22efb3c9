"""The moment that --as-of names."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from decisions.policy_file.load import Policy
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


def working_hour(policy: "Policy", read: "Portfolio", as_of: str | None) -> str | None:
    """What --as-of says, with the policy's next working hour as a moment."""
    from advice.opening import NEXT_WORKING_HOUR, next_working_hour
    from features.moments import to_datetime

    if as_of != NEXT_WORKING_HOUR:
        return as_of
    known = to_datetime(read.latest_moment)
    opens = next_working_hour(policy, known)
    reason = (
        "its public holidays are not known, so nobody knows when it may act"
        if opens is None
        else _stale_by_then(policy, known, opens)
    )
    if opens is None or reason is not None:
        raise typer.BadParameter(f"--as-of {as_of}: {policy.reference}: {reason}")
    return opens.isoformat()


def _stale_by_then(policy: "Policy", known: datetime, opens: datetime) -> str | None:
    """Why nothing would be decided at the opening; None where something is."""
    terms = policy.in_force(opens) or policy.latest
    if opens - known <= terms.stale_after:
        return None
    local = opens.astimezone(ZoneInfo(policy.document.calendar.timezone))
    hour = timedelta(hours=1)
    return (
        f"it may act again on {local:%Y-%m-%d %H:%M}, {(opens - known) / hour:.0f}"
        " hours after the data end, when they decide nothing any more (stale_hours:"
        f" {terms.stale_after / hour:g}); leave --as-of out: reminders and reviews are"
        " decided now, and stops wait"
    )


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
