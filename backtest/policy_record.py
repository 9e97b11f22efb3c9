"""What is recorded of one policy while it decides the days of a backtest."""

import numpy as np
import pyarrow as pa

from backtest.assumptions import Assumptions
from backtest.daily_report import DAILY_REPORT, daily_report_row
from backtest.day_decisions import DayDecisions
from backtest.outcome import PolicyOutcome
from backtest.policy_run import PolicyRun
from backtest.savings import Savings
from backtest.support import Support
from decisions.actions import ACTIONS
from decisions.policy_file.load import Policy
from features.arrays import FloatArray


class PolicyRecord:
    """One policy's run, and its daily report.

    Args:
        policy: decides.
        assumptions: where the past cannot say.
        n_customers: of the portfolio.
    """

    def __init__(
        self, policy: Policy, assumptions: Assumptions, n_customers: int
    ) -> None:
        self.run = PolicyRun(policy, assumptions, n_customers)
        self.rows: list[dict[str, object]] = []
        self.n_unsupported = 0

    def record(
        self, decisions: DayDecisions, savings: Savings, costs: FloatArray, log: Support
    ) -> None:
        """Value the actions of a day, and add its row to the daily report.

        Args:
            decisions: of the day.
            savings: of this policy.
            costs: (customers, 6) expected cost per action.
            log: which situations the log of executed actions knows.
        """
        executed = savings.record(decisions, costs)
        self.n_unsupported += _n_unsupported(executed, log)
        n_off = self.run.n_without_access
        measured = savings.record_measures(decisions)
        self.rows.append(daily_report_row(decisions, executed, n_off, measured))

    def outcome(self, label: str, savings: Savings) -> PolicyOutcome:
        """What the policy did in the whole period."""
        return PolicyOutcome(
            policy=self.run.policy,
            label=label,
            daily_report=pa.Table.from_pylist(self.rows, schema=DAILY_REPORT),
            executed_actions=savings.executed_actions(),
            stops=self.run.stops,
            saving=savings.per_customer,
            n_unsupported=self.n_unsupported,
        )


def _n_unsupported(executed: pa.Table, log: Support) -> int:
    """How many actions the log has in no comparable situation; 0 without a log."""
    if log.cells is None or not executed.num_rows:
        return 0
    names = executed["action"].to_pylist()
    action = np.array([ACTIONS.index(name) for name in names])
    days = np.nan_to_num(executed["days_overdue"].to_numpy(zero_copy_only=False))
    is_known = log.is_known(action, days, executed["open"].to_numpy())
    return int((~is_known).sum())
