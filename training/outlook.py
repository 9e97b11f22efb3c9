"""What more outcomes would bear, and when they will be known at the usual pace."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from features.counted import counted
from features.moments import DAY_US, YEAR_US
from features.targets import Target
from training.few import ENOUGH, LOGISTIC_FROM, TREES_FROM
from training.rows import Rows

STEPS = (
    (LOGISTIC_FROM, "a logistic regression of its own beside the starter"),
    (TREES_FROM, "trees are tried as well"),
    (ENOUGH, "a later period is set aside to judge by"),
)
MONTH_DAYS = 30.4


@dataclass(frozen=True)
class Outlook:
    """The next step of what can be learnt.

    Args:
        n_positives: rows whose outcome is known to have come; a customer has one for
            each date that it lay ahead of.
        n_customers: whose rows they are.
        n_needed: from how many on the next step is taken.
        step: what it is.
        per_month: such rows that became known a month, over the last year of dates;
            None where there is one moment only.
        expected_on: when there will be enough at that pace; None where it is 0.
    """

    target: Target
    n_positives: int
    n_customers: int
    n_needed: int
    step: str
    per_month: float | None
    expected_on: date | None

    def __str__(self) -> str:
        more = self.n_needed - self.n_positives
        pace = (
            "there is one moment only, so no pace is known"
            if self.per_month is None
            else "none became known in the last year"
            if self.expected_on is None
            else f"at the pace of the mature dates of a year, {self.per_month:.1f} a"
            " month, they are known"
            f" about {self.expected_on:%B %Y}"
        )
        return (
            f"{self.target} is known of {counted(self.n_customers, 'customer')}, in"
            f" {counted(self.n_positives, 'row')}: a customer has a row for each date"
            " that was followed by it within the horizon. With"
            f" {counted(more, 'more row')} {self.step};"
            f" {pace}"
        )


def outlook(target: Target, rows: Rows, observed_until: int) -> Outlook | None:
    """What the next step needs; None where all steps are taken.

    Args:
        target: whose outcomes.
        rows: the mature ones.
        observed_until: µs since 1970 UTC.
    """
    ahead = [(n, step) for n, step in STEPS if rows.n_positives < n]
    if not ahead:
        return None
    needed, step = ahead[0]
    pace = _per_month(rows)
    until = datetime.fromtimestamp(observed_until / 1e6, UTC).date()
    expected = None
    if pace:
        months = (needed - rows.n_positives) / pace
        expected = until + timedelta(days=min(months * MONTH_DAYS, 36_500))
    n_customers = len(np.unique(rows.customer[rows.label == 1.0]))
    return Outlook(target, rows.n_positives, n_customers, needed, step, pace, expected)


def _per_month(rows: Rows) -> float | None:
    dates = np.unique(rows.as_of)
    if len(dates) < 2:
        return None
    latest = int(dates[-1])
    recent = dates[dates > latest - YEAR_US]
    step_days = float(np.median(np.diff(dates))) / DAY_US
    n_positives = float(rows.label[np.isin(rows.as_of, recent)].sum())
    return n_positives / (len(recent) * step_days / MONTH_DAYS)
