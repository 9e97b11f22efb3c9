"""Who is late at the end of the data, of the customers that are learnt from."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import BoolArray, IntArray
from features.batch import feature_table, matrix
from features.catalogue import feature_set
from features.portfolio import Portfolio
from features.snapshots import latest_population
from training.rows import Rows


class PresentLateness:
    """Looked at once for each feature that says it, and for all targets.

    Args:
        portfolio: whose last day is looked at.
        customer_ids: those that are learnt from, by the number that rows give them.
    """

    def __init__(self, portfolio: Portfolio, customer_ids: Sequence[str]) -> None:
        self._portfolio, self._customer_ids = portfolio, customer_ids
        self._by_feature: dict[str, tuple[IntArray, BoolArray]] = {}

    def of(self, rows: Rows, lateness: str) -> tuple[IntArray, BoolArray]:
        """Numbers of the customers whom training would look at now; who is late.

        Args:
            rows: of a target; customers without a row of it are left out.
            lateness: the feature that says how late a customer is.
        """
        if lateness not in self._by_feature:
            self._by_feature[lateness] = self._looked_at(lateness)
        numbers, is_late = self._by_feature[lateness]
        is_known = np.isin(numbers, rows.customer)
        return numbers[is_known], is_late[is_known]

    def _looked_at(self, lateness: str) -> tuple[IntArray, BoolArray]:
        features = feature_set(self._portfolio.settings).subset([lateness])
        table = feature_table(self._portfolio, self._population, features)
        number_of = {name: number for number, name in enumerate(self._customer_ids)}
        names = table["customer_id"].to_pylist()
        numbers = np.array([number_of[name] for name in names], dtype=np.int64)
        is_late: BoolArray = matrix(table, features)[:, 0] > 0.0
        return numbers, is_late

    @cached_property
    def _population(self) -> pa.Table:
        everyone = latest_population(self._portfolio)
        ids = pa.array(self._customer_ids, pa.string())
        return everyone.filter(pc.is_in(everyone["customer_id"], ids))
