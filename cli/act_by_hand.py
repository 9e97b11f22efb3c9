"""Measures that a person orders, because the provider has none of the kind."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import say, show_table

if TYPE_CHECKING:
    from execution.plan import ManualMeasure

SHOWN = 20


def tell_by_hand(
    orders: "Sequence[ManualMeasure]", provider: str, file: Path | None
) -> None:
    """Whom to order, and what: the first ones, or all of them in a file.

    Args:
        orders: what the provider does not offer.
        provider: its name.
        file: CSV that is written anew, readable by its owner alone; None: none.
    """
    n = len(orders)
    what = "1 measure is" if n == 1 else f"{n:,} measures are"
    say(f"{what} recommended that {provider} has not; a person orders them elsewhere")
    if file is None:
        head = ("customer", "measure", "limit", "must agree", "decision")
        rows = [
            (one.customer_id, one.measure, _limit(one), one.approvals, one.decision_id)
            for one in orders[:SHOWN]
        ]
        show_table("", head, rows, is_copied=True)
        if n > SHOWN:
            say(f"{n - SHOWN:,} more: --by-hand FILE writes all of them")
    else:
        _write(orders, file)
        say(f"all of them: {file}")
    say(
        "when it is done, send a row of `actions` with the measure's name, and it is"
        " not recommended again"
    )


def _write(orders: "Sequence[ManualMeasure]", file: Path) -> None:
    unfinished = file.with_name(f".{file.name}.part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)  # it names customers
    with unfinished.open("w", encoding="utf-8", newline="") as text:
        rows = csv.writer(text)
        rows.writerow(("customer_id", "measure", "limit", "approvals", "decision_id"))
        for one in orders:
            about = one.customer_id, one.measure, _limit(one)
            rows.writerow((*about, one.approvals, one.decision_id))
    unfinished.replace(file)


def _limit(order: "ManualMeasure") -> str:
    return "" if order.limit is None else f"{order.limit:f}".rstrip("0").rstrip(".")
