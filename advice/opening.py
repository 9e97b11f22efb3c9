"""Lists that are made at night: what the policy permits when work begins again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from decisions.actions import SEVERITY, STOPS
from decisions.policy_file.load import Policy

NEXT_WORKING_HOUR = "next-working-hour"


def next_working_hour(policy: Policy, moment: datetime) -> datetime | None:
    """The first moment, from `moment` on, at which access may be taken away.

    Args:
        policy: its terms in force at `moment` say on which days and hours.
        moment: aware; how far the data reach.

    Returns:
        `moment` itself within working hours; None where no such moment is known.
    """
    terms = policy.in_force(moment) or policy.latest
    return terms.calendar.may_stop_from(moment)[0]


def permitted_soon(rows: Iterable[Mapping[str, Any]]) -> dict[datetime, Counter[str]]:
    """Stops that nothing but time withholds, by the moment that permits them.

    Args:
        rows: of advice, with `action`, `proposed_action` and `permitted_from`.

    Returns:
        Per moment, in order, how many of each stop.
    """
    by_moment: dict[datetime, Counter[str]] = {}
    for row in rows:
        proposed, opens = row["proposed_action"], row["permitted_from"]
        is_withheld = proposed in STOPS and (
            SEVERITY[row["action"] or "none"] < SEVERITY[proposed]
        )
        if is_withheld and opens is not None:
            by_moment.setdefault(opens, Counter())[proposed] += 1
    return dict(sorted(by_moment.items()))
