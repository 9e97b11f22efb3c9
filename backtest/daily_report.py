"""One row per day: what was done, what was held back, and how full capacities were."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from backtest.day_decisions import DayDecisions
from decisions.actions import ACTIONS, STOPS
from decisions.steps.reserve import review_slots_left, stops_left

DAILY_REPORT = pa.schema(
    [
        ("on", pa.date32()),
        ("customers", pa.int64()),
        *((f"n_{action}", pa.int64()) for action in ACTIONS[1:]),
        ("notices", pa.int64()),
        ("measures", pa.int64()),
        ("queue_capacity", pa.int64()),
        ("queue_refused", pa.int64()),
        ("stops_permitted", pa.int64()),
        ("stops_beyond_budget", pa.int64()),
        ("without_access", pa.int64()),
        ("restored", pa.int64()),
        ("approvals", pa.int64()),
        ("no_decision", pa.int64()),
        ("good_stopped", pa.float64()),
        ("expected_saving", pa.float64()),
    ]
)


def daily_report_row(
    decisions: DayDecisions,
    executed: pa.Table,
    n_without_access: int,
    saved_by_measures: float,
) -> dict[str, object]:
    """The row of `DAILY_REPORT`; actions are those carried out that day.

    Args:
        decisions: of the day.
        executed: the day's rows of `savings.EXECUTED_ACTIONS`.
        n_without_access: customers whose access is off at the end of the day.
        saved_by_measures: what the measures begun that day are expected to save.
    """
    answer, terms = decisions.answer, decisions.terms
    names = executed["action"].to_pylist()
    counts = Counter(names)
    needs_person = executed["requires_person"].to_pylist()
    p_good = executed["p_good"].to_pylist()
    return {
        "on": decisions.today.at.astimezone(terms.zone).date(),
        "customers": len(decisions),
        **{f"n_{action}": counts[action] for action in ACTIONS[1:]},
        "notices": len(decisions.notified),
        "measures": int((answer.measure >= 0).sum()),
        "queue_capacity": _count(review_slots_left(terms, decisions.budget_use)),
        "queue_refused": answer.n_queue_refused,
        "stops_permitted": _count(stops_left(terms, decisions.budget_use)),
        "stops_beyond_budget": answer.n_breaker_reviews,
        "without_access": n_without_access,
        "restored": decisions.n_restored,
        "approvals": sum(
            needs and name != "review"
            for needs, name in zip(needs_person, names, strict=True)
        ),
        "no_decision": int((answer.recommended < 0).sum()),
        "good_stopped": sum(
            p for name, p in zip(names, p_good, strict=True) if name in STOPS
        ),
        "expected_saving": (pc.sum(executed["expected_saving"]).as_py() or 0.0)
        + saved_by_measures,
    }


def _count(limit: float) -> int | None:
    """A number of slots; None where there is no limit."""
    return None if limit == float("inf") else int(limit)
