"""Payment terms that lengthen unsaid are seen within 30 days.

From one day on every new invoice falls due 30 days later than before.
The first clock compares the invoices' own terms; no outcome and no model is needed.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitoring.due_days import due_days
from tests.monitoring.conftest import Simulated

CHANGED_AT = datetime(2025, 7, 1, tzinfo=UTC)
WITHIN_DAYS, LATER_DAYS = 30, 30
MOMENT = pa.timestamp("us", tz="UTC")


def with_later_terms(world: Simulated) -> pa.Table:
    """The invoices; those issued after the change fall due later."""
    invoices = world.tables["invoices"]
    is_new = pc.greater_equal(
        invoices["event_at"].cast(MOMENT), pa.scalar(CHANGED_AT, MOMENT)
    )
    by = pa.scalar(timedelta(days=LATER_DAYS), pa.duration("us"))
    due = pc.if_else(is_new, pc.add(invoices["due_at"], by), invoices["due_at"])
    place = invoices.column_names.index("due_at")
    return invoices.set_column(place, "due_at", due)


def first_ring(world: Simulated, **changed: pa.Table) -> int | None:
    """After how many days it rings first, looked at every five; None: not within 30."""
    for day in range(5, WITHIN_DAYS + 1, 5):
        found = due_days(world.until(CHANGED_AT + timedelta(days=day), **changed))
        if found is not None and any(found.causes()):
            return day
    return None


def compared(n_customers: int, seed: int, folder: Path) -> tuple[int | None, int]:
    """When it rings: with the terms as before, and with later ones (99: not)."""
    world = Simulated("calm", n_customers, 14, seed, folder / "shop")
    later = first_ring(world, invoices=with_later_terms(world))
    return first_ring(world), later or 99


@pytest.mark.slow
def test_later_terms_ring_within_30_days(tmp_path: Path) -> None:
    """800 customers, one world."""
    calm, later = compared(800, 3, tmp_path)
    assert calm is None
    assert later <= WITHIN_DAYS


@pytest.mark.long
def test_later_terms_ring_in_ten_worlds(tmp_path: Path) -> None:
    """2,000 customers: all ten ring within 10 days, and none of the same calm."""
    seen = [compared(2_000, seed, tmp_path / str(seed)) for seed in range(10)]
    assert all(calm is None for calm, _ in seen), seen
    assert all(later <= 10 for _, later in seen), seen
