"""One row per day: what was done, what was held back, and how much of it was used."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from backtest.world import Looked
from decisions.actions import ACTIONS, STOPS
from decisions.steps.book import review_slots_left, stops_left

DAYS = pa.schema(
    [
        ("on", pa.date32()),
        ("customers", pa.int64()),
        *((f"n_{action}", pa.int64()) for action in ACTIONS[1:]),
        ("notices", pa.int64()),
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


def day_row(looked: Looked, acts: pa.Table, without_access: int) -> dict[str, object]:
    """The row of `DAYS`; counts are of acts carried out that day."""
    answer, terms, book = looked.answer, looked.terms, looked.book
    names = acts["action"].to_pylist()
    counts = Counter(names)
    by_person = acts["requires_person"].to_pylist()
    good = zip(names, acts["p_good"].to_pylist(), strict=True)
    return {
        "on": looked.today.at.astimezone(terms.zone).date(),
        "customers": len(looked.who),
        **{f"n_{action}": counts[action] for action in ACTIONS[1:]},
        "notices": len(looked.notified),
        "queue_capacity": _whole(review_slots_left(terms, book)),
        "queue_refused": answer.n_queue_refused,
        "stops_permitted": _whole(stops_left(terms, book)),
        "stops_beyond_budget": answer.n_breaker_reviews,
        "without_access": without_access,
        "restored": looked.restored,
        "approvals": sum(
            asked and name != "review"
            for asked, name in zip(by_person, names, strict=True)
        ),
        "no_decision": int((answer.recommended < 0).sum()),
        "good_stopped": sum(p for name, p in good if name in STOPS),
        "expected_saving": pc.sum(acts["expected_saving"]).as_py() or 0.0,
    }


def _whole(number: float) -> int | None:
    return None if number == float("inf") else int(number)
