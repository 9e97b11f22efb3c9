"""How many labels a portfolio gives to learn from, fast enough to say it when checking.

Of a large portfolio some blocks of customers are looked at, and the counts scaled: the
labels of everybody would take longer than checking all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from features.events import FOREVER
from features.fraud_signs import FraudSigns
from features.labels import labels
from features.snapshots import snapshots

if TYPE_CHECKING:
    from features.portfolio import Portfolio

_BLOCKS = 4
_IN_A_BLOCK = 150  # customers; who came at the same time often has neighbouring ids


@dataclass(frozen=True, slots=True)
class LabelCount:
    """What is known of one target; moments are µs since 1970 UTC.

    Attributes:
        n_positive: mature snapshots after which it happened.
        n_known: mature snapshots of which it is known whether it happened.
        n_customers: different customers among the positive ones.
        last: the last snapshot date that is mature; None where none is.
        n_looked_at: customers looked at; fewer than there are: the counts are scaled.
    """

    n_positive: int
    n_known: int
    n_customers: int
    last: int | None
    n_looked_at: int


def nonpayment_labels(portfolio: Portfolio) -> LabelCount:
    """Labels of non-payment, by the very rules of training."""
    n_everyone = len(portfolio.customer_ids)
    blocks = list(_blocks(portfolio.customer_ids))
    n_looked_at = sum(map(len, blocks))
    mature = pa.concat_tables(_mature(portfolio, block) for block in blocks)
    positive = mature.filter(pc.equal(mature["label"], 1.0))

    def scaled(n: int) -> int:
        """Of everybody, where those looked at are a part."""
        return round(n * n_everyone / n_looked_at)

    return LabelCount(
        scaled(positive.num_rows),
        scaled(mature.num_rows),
        scaled(pc.count_distinct(positive["customer_id"]).as_py()),
        pc.max(mature["as_of"]).as_py(),
        n_looked_at,
    )


def _blocks(everyone: Sequence[str]) -> Iterator[Sequence[str]]:
    """Everyone, or blocks of neighbours spread evenly."""
    if len(everyone) <= _BLOCKS * _IN_A_BLOCK:
        yield everyone
        return
    step = len(everyone) / _BLOCKS
    for place in range(_BLOCKS):
        start = int(place * step + (step - _IN_A_BLOCK) / 2)
        yield everyone[start : start + _IN_A_BLOCK]


def _mature(portfolio: Portfolio, customer_ids: Sequence[str]) -> pa.Table:
    """The labels that are known, of dates that are mature."""
    pairs = snapshots(portfolio, customer_ids)
    labelled = labels(portfolio, pairs, "nonpayment")
    is_mature = pc.less_equal(labelled["mature_at"], portfolio.observed_until)
    return labelled.filter(pc.and_(is_mature, pc.is_valid(labelled["label"])))


def frauds(portfolio: Portfolio) -> int | None:
    """Customers with a sign of fraud that counts; None where nothing could tell."""
    signs, until = FraudSigns(portfolio), portfolio.observed_until
    if not signs.can_be_known:
        return None
    return sum(
        signs.first_known(customer_id, -FOREVER, until, until) is not None
        for customer_id in signs.customer_ids
    )


def matures_after_days(portfolio: Portfolio) -> int:
    """Days after a date until its labels of non-payment are known."""
    terms = portfolio.settings.labels.nonpayment
    return terms.horizon_days + terms.posting_lag_days


__all__ = [
    "LabelCount",
    "frauds",
    "matures_after_days",
    "nonpayment_labels",
]
