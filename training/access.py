"""Whose access was on at the moment of a row: decisions are about these customers."""

from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray, TextArray
from features.portfolio import Portfolio
from scoring.metrics import auc


class WithAccess(NamedTuple):
    """Of the test rows, those whose customer had access.

    Args:
        share: of all, 0 to 1.
        auc: among them; None where all of them have one label.
    """

    share: float
    auc: float | None

    def __str__(self) -> str:
        """A sentence for people."""
        ranks = "" if self.auc is None else f" Among them the AUC is {self.auc:.3f}."
        return (
            f"{self.share:.1%} of the rows are of customers who had access at the"
            f" moment: decisions are about these.{ranks}"
        )


NO_ACTIONS = "The portfolio records no actions: everybody is taken as served."


def with_access(
    portfolio: Portfolio,
    ids: TextArray,
    as_of: IntArray,
    label: FloatArray,
    p: FloatArray,
) -> WithAccess | None:
    """How a model does among customers who had access; None where nobody can say.

    Args:
        portfolio: that records actions, or does not.
        ids: (n,) customers of the rows.
        as_of: (n,) their moments, µs since 1970 UTC.
        label: (n,) what came, 0 or 1.
        p: (n,) what was said of it.
    """
    if "actions" not in portfolio.settings.tables or len(ids) == 0:
        return None
    has = has_access(portfolio, ids, as_of)
    ranks = 0 < label[has].sum() < has.sum()
    return WithAccess(float(has.mean()), auc(label[has], p[has]) if ranks else None)


def has_access(portfolio: Portfolio, ids: TextArray, as_of: IntArray) -> BoolArray:
    """(n,) whether the last stop known by then had been ended, or there was none."""
    table = portfolio.tables["actions"]
    kinds = table.filter(table.action.isin(["suspend", "block", "reactivate"]))
    by_customer: dict[str, list[tuple[int, int, str]]] = {}
    columns = kinds.select("customer_id", "known_at", "event_at", "action").to_pyarrow()
    for row in columns.to_pylist():
        entry = (_micros(row["known_at"]), _micros(row["event_at"]), row["action"])
        by_customer.setdefault(row["customer_id"], []).append(entry)
    for entries in by_customer.values():
        entries.sort()
    found = np.ones(len(ids), dtype=np.bool_)
    for i, (who, moment) in enumerate(zip(ids.tolist(), as_of.tolist(), strict=True)):
        entries = by_customer.get(who, [])
        n = bisect_right(entries, (moment, 2**62, ""))
        known = [entry for entry in entries[:n] if entry[1] <= moment]
        found[i] = not known or known[-1][2] == "reactivate"
    return found


def _micros(value: object) -> int:
    return value if isinstance(value, int) else int(value.timestamp() * 1e6)  # type: ignore[attr-defined]
