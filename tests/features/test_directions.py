"""What a payment moves may only speak for who pays.

Learners hold the directions that the catalogue declares. So a feature of debt that a
payment lowers may only raise a probability, and one that it raises only lower it.
"""

from decimal import Decimal

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.feature_set import FeatureSet
from features.online import OnlineCompiler
from tests.parity.histories import NOW, SETTINGS, History, events_of, microseconds
from tests.scoring.test_starter_directions import (
    ANN,
    happening,
    histories,
    open_items,
    parts,
)

# An invoice that is paid late is late from then on; who pays what is not due yet leaves
# more of what is open overdue.
MAY_WORSEN = {
    "account_overdue_share",
    "invoices_days_late_latest",
    "invoices_days_late_max_365d",
    "invoices_days_late_mean_365d",
    "invoices_days_late_mean_90d",
    "invoices_paid_late_365d",
    "invoices_paid_late_90d",
    "invoices_paid_late_share_365d",
    "invoices_paid_late_share_90d",
}
DIRECTED = FeatureSet(
    tuple(f for f in CATALOGUE if f.monotone and f.name not in MAY_WORSEN), {}
)
VALUES = OnlineCompiler(DIRECTED, SETTINGS)


@given(
    history=histories(),
    which=st.integers(0, 3),
    part=parts,
    since_issue=st.sampled_from((0.0, 0.5, 0.9, 1.0)),
    is_named=st.booleans(),
)
def test_a_payment_moves_what_has_a_direction_to_the_better_side(
    history: History, which: int, part: Decimal, since_issue: float, is_named: bool
) -> None:
    items = open_items(history)
    assume(items)
    item = items[which % len(items)]
    paid = happening(
        item.issued_at + since_issue * (NOW - item.issued_at),
        payment_id="one-more",
        status="succeeded",
        amount=Decimal(item.remainder) / 10_000 * part,
        invoice_id=item.invoice_id if is_named else None,
    )
    before, after = (
        VALUES(events_of(rows, ANN), microseconds(NOW))
        for rows in (history, [*history, ("payments", paid)])
    )
    worse = np.array(DIRECTED.monotone) * (after - before) > 1e-9
    names = [
        name for name, is_worse in zip(DIRECTED.names, worse, strict=True) if is_worse
    ]
    assert names == []
