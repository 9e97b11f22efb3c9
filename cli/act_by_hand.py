"""Measures that a person orders, because the provider has none of the kind."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.clock import now_us
from cli.our_service import our_service
from cli.output import say, show_table

if TYPE_CHECKING:
    from execution.by_hand import CheckedMeasures
    from execution.planned_run import ManualMeasure

SHOWN = 20


def tell_by_hand(
    orders: "Sequence[ManualMeasure]", provider: str, file: Path | None
) -> bool:
    """Whom to order, and what: the first ones, or all of them in a file.

    Each is checked again by a new decision of the service, and left out where that does
    not recommend it any more.

    Args:
        orders: what the provider does not offer.
        provider: its name.
        file: CSV that is written anew, readable by its owner alone; None: none.

    Returns:
        Whether they could be checked; otherwise none is named.
    """
    checked = _checked(orders)
    if checked is None:
        return False
    for (customer_id, name), code in checked.left_out.items():
        say(f"{customer_id}: {name} is not recommended any more ({code})")
    still, at = checked.orders, _moment(now_us())
    n = len(still)
    what = "1 measure is" if n == 1 else f"{n:,} measures are"
    say(
        f"{what} recommended that {provider} has not; a person orders them elsewhere"
        f" (checked again at {at})"
    )
    if file is not None:
        _write(still, at, file)
        say(f"all of them: {file}")
    elif still:
        head = "customer", "measure", "limit", "must agree", "decided", "decision"
        show_table("", head, [_row(one) for one in still[:SHOWN]], is_copied=True)
        if n > SHOWN:
            say(f"{n - SHOWN:,} more: --by-hand FILE writes all of them")
    if still:
        say(
            "when it is done, send a row of `actions` with the measure's name, and it"
            " is not recommended again"
        )
    return True


def _checked(orders: "Sequence[ManualMeasure]") -> "CheckedMeasures | None":
    """None: the service cannot be asked, and that was said."""
    from execution.by_hand import checked_again
    from execution.errors import MissingSettingError, ServiceUnusableError
    from execution.recheck import ServiceRecheck

    try:
        with our_service() as service:
            return checked_again(orders, ServiceRecheck(service))
    except (MissingSettingError, ServiceUnusableError) as error:
        n = len(orders)
        what = "1 measure" if n == 1 else f"{n:,} measures"
        say(
            f"{what} to order by hand: not listed, because the service does not check"
            f" them again: {error} [{error.code}]; everything else is planned"
        )
        return None


def _row(one: "ManualMeasure") -> tuple[str, str, str, int, str, str]:
    about = one.customer_id, one.measure, _limit(one)
    return *about, one.approvals, _moment(one.decided_at), one.decision_id


def _write(orders: "Sequence[ManualMeasure]", checked_at: str, file: Path) -> None:
    unfinished = file.with_name(f".{file.name}.part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)  # it names customers
    with unfinished.open("w", encoding="utf-8", newline="") as text:
        rows = csv.writer(text)
        head = "customer_id", "measure", "limit", "approvals", "decided_at"
        rows.writerow((*head, "decision_id", "checked_at"))
        for one in orders:
            rows.writerow((*_row(one), checked_at))
    unfinished.replace(file)


def _limit(order: "ManualMeasure") -> str:
    return "" if order.limit is None else f"{order.limit:f}".rstrip("0").rstrip(".")


def _moment(at: int) -> str:
    from features.moments import to_datetime

    return to_datetime(at).isoformat(timespec="seconds")
