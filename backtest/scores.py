"""As-of scores of everybody, on a coarser grid than the decisions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from advice.advisor import Advisor
from backtest.chronicle import Progress
from backtest.plan import Days
from features.batch import feature_table, matrix
from features.moments import microseconds
from features.portfolio import Portfolio

Floats = npt.NDArray[np.float64]
_AT_ONCE = 100_000  # snapshots whose features are held at a time


@dataclass(frozen=True)
class Scores:
    """Probabilities by scoring day and customer; NaN before a customer was known."""

    scored: tuple[int, ...]
    p: dict[str, Floats]  # per target, (scoring days, customers)
    nonpayment_given_fraud: float

    def on(self, day: int) -> dict[str, Floats]:
        """The latest scores on a decision day, (customers,) each; NaN: no model."""
        place = int(np.searchsorted(self.scored, day, side="right")) - 1
        found = {target: values[place] for target, values in self.p.items()}
        n = next(iter(self.p.values())).shape[1]
        for target in ("fraud", "nonpayment"):
            found.setdefault(target, np.full(n, np.nan))
        return found


def scores(
    advisor: Advisor,
    portfolio: Portfolio,
    days: Days,
    in_book: npt.NDArray[np.bool_],
    progress: Progress,
) -> Scores:
    """Score whoever was known on each scoring day, by what was known then.

    Args:
        advisor: its models score.
        portfolio: whose customers are scored.
        days: with the days on which scores are made.
        in_book: (scoring days, customers); nobody asks for the scores of the others.
        progress: called with scoring days done and scoring days in all.
    """
    ids = portfolio.customer_ids
    found = {
        target: np.full((len(days.scored), len(ids)), np.nan)
        for target in advisor.bundles
    }
    first_known = known_since(portfolio)
    per_run = max(1, _AT_ONCE // max(1, len(ids)))
    for start in range(0, len(days.scored), per_run):
        part = days.scored[start : start + per_run]
        asked = [
            (microseconds(days.moments[day]), start + k) for k, day in enumerate(part)
        ]
        who = [in_book[row] & (first_known <= at) for at, row in asked]
        _score(advisor, portfolio, asked, who, found)
        progress(start + len(part), len(days.scored))
    return Scores(days.scored, found, advisor.nonpayment_given_fraud)


def known_since(portfolio: Portfolio) -> npt.NDArray[np.int64]:
    """(customers,) when each of `customer_ids` became known, µs since 1970 UTC."""
    rows = portfolio.tables["customers"]
    first = rows.group_by("customer_id").agg(known_at=rows.known_at.min())
    arrow = portfolio.connection.to_pyarrow(first.order_by("customer_id"))
    return np.asarray(arrow["known_at"].to_numpy(), dtype=np.int64)


def _score(
    advisor: Advisor,
    portfolio: Portfolio,
    asked: list[tuple[int, int]],
    wanted: list[npt.NDArray[np.bool_]],
    found: dict[str, Floats],
) -> None:
    ids = np.array(portfolio.customer_ids, dtype=object)
    who = [np.flatnonzero(here) for here in wanted]
    moments = [np.full(len(w), at) for w, (at, _) in zip(who, asked, strict=True)]
    grid = [np.full(len(w), row) for w, (_, row) in zip(who, asked, strict=True)]
    customers = np.concatenate(who)
    if not len(customers):
        return
    snapshots = pa.table(
        {
            "customer_id": pa.array(ids[customers], pa.string()),
            "as_of": np.concatenate(moments).astype(np.int64),
        }
    )
    for target, p in probabilities(advisor, portfolio, snapshots).items():
        found[target][np.concatenate(grid), customers] = p


def probabilities(
    advisor: Advisor, portfolio: Portfolio, snapshots: pa.Table
) -> dict[str, Floats]:
    """Calibrated probabilities of snapshots per target, in their order."""
    tables: dict[str, pa.Table] = {}
    found = {}
    for target, bundle in advisor.bundles.items():
        features = bundle.feature_set
        if features.hash not in tables:
            tables[features.hash] = feature_table(portfolio, snapshots, features)
        rows = matrix(tables[features.hash], features)
        found[target] = advisor.predictors[target].probability(rows)
    return found
