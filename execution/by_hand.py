"""Measures that a person orders elsewhere, checked again before they are named.

They are asked of nobody by program, so nothing else would notice what came since the
decision: a promise, a dispute, an appeal, an undone run, another policy.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from decisions.policy.measures import MeasureName
from execution.planned_run import ManualMeasure
from execution.recheck import Recheck


class CheckedMeasures(NamedTuple):
    """What is recommended still, and what is not.

    Args:
        orders: that a person may give.
        left_out: by customer and measure, why not; codes of `execution.recheck`.
    """

    orders: list[ManualMeasure]
    left_out: Mapping[tuple[str, MeasureName], str]


def checked_again(orders: Iterable[ManualMeasure], recheck: Recheck) -> CheckedMeasures:
    """Ask the service about each customer anew, as before an act.

    Raises:
        ServiceUnusableError: it cannot be known now.
    """
    still: list[ManualMeasure] = []
    left_out: dict[tuple[str, MeasureName], str] = {}
    for order in orders:
        verdict = recheck.verdict(order.act)
        if verdict.is_permitted:
            still.append(order)
        else:
            left_out[order.customer_id, order.measure] = verdict.code or ""
    return CheckedMeasures(still, left_out)
