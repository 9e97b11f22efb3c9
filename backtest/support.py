"""Unsupported decisions: those the log of actions has in no comparable situation.

Comparable: the same action, in the same band of days overdue (none, to 15, to 30, to
60, more) and the same tier of open money (none, then thirds of what was open when the
log acted). Where the log has no such action, nothing in the data says what it would
do, and the estimate rests on the policy's costs alone.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from decisions.actions import ACTIONS
from features.account import debt_table
from features.arrays import BoolArray, FloatArray, IntArray
from features.portfolio import Portfolio

DEFINITION = (
    "A decision is unsupported when the log of executed actions has no such action for"
    " a customer with as many days overdue (none, up to 15, 30, 60, more) and as much"
    " open money (none, or the same third of the sums open when the log acted)."
)
_DAYS_OVERDUE = (0.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True)
class Support:
    """Which situations the log knows.

    Args:
        cells: (action, band of days overdue, tier of open money) that the log has; None
            where there is no log.
        tiers: edges of the tiers of open money, in major units.
    """

    cells: frozenset[tuple[int, int, int]] | None
    tiers: tuple[float, ...] = ()

    def is_known(
        self, action: IntArray, days_overdue: FloatArray, open_money: FloatArray
    ) -> BoolArray:
        """(n,) whether the log took these actions in comparable situations.

        Args:
            action: (n,) indices of `ACTIONS`.
            days_overdue: (n,).
            open_money: (n,) in major units.
        """
        if self.cells is None:
            return np.zeros(len(action), dtype=bool)
        days = np.searchsorted(_DAYS_OVERDUE, days_overdue)
        tier = np.searchsorted(self.tiers, open_money)
        cells = zip(action.tolist(), days.tolist(), tier.tolist(), strict=True)
        return np.array([cell in self.cells for cell in cells], dtype=bool)


def support(portfolio: Portfolio) -> Support:
    """What the log of executed actions knows, as of the moment before each action."""
    if "actions" not in portfolio.settings.tables:
        return Support(None)
    rows = portfolio.tables["actions"]
    logged = rows.filter(rows.action.isin(ACTIONS)).select(
        "customer_id", "event_at", "action"
    )
    log = portfolio.connection.to_pyarrow(logged)
    if not log.num_rows:
        return Support(None)
    before = pa.array(log["event_at"].to_numpy() - 1, pa.int64())
    snapshots = pa.table({"customer_id": log["customer_id"], "as_of": before})
    debts = debt_table(portfolio, snapshots)
    days = np.nan_to_num(debts["days_overdue"].to_numpy())
    money = np.nan_to_num(debts["open"].to_numpy())
    owing = money[money > 0.0]
    thirds = np.quantile(owing, [1 / 3, 2 / 3]) if len(owing) else []
    tiers = (0.0, *(float(edge) for edge in thirds))
    action = [ACTIONS.index(name) for name in log["action"].to_pylist()]
    cells = zip(
        action,
        np.searchsorted(_DAYS_OVERDUE, days).tolist(),
        np.searchsorted(tiers, money).tolist(),
        strict=True,
    )
    return Support(frozenset(cells), tiers)
