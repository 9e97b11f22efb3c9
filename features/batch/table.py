"""The feature table of many snapshots: leaves by Ibis, joined, made into features.

Snapshots are worked through in slices of neighbouring customers, so that memory
depends on the slice and the answer, not on the size of the portfolio's history.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.account import fact_numbers
from features.account.columns import FACT_NAMES
from features.arrays import FloatArray, IntArray, TextArray
from features.batch.expressions import ROW
from features.batch.leaf_values import leaf_values
from features.feature import AccountFact, CountryMismatch, LatestAttribute
from features.feature_leaves import Leaf, RowsLeaf, value_without_rows
from features.feature_numbers import Plan
from features.feature_set import FeatureSet

if TYPE_CHECKING:
    from features.portfolio import Portfolio

SLICE = 200_000  # snapshots asked for at once: about 350 MB of numbers
BLOCK = 20_000  # snapshots finished at once, within the caches
SORTED = [("customer_id", "ascending"), ("as_of", "ascending")]
Texts = dict[LatestAttribute, TextArray]
TableLeaf = RowsLeaf | LatestAttribute  # read from the rows of one table
# (snapshots, table, leaves by name) → ROW, which counts the snapshots, and the leaves
LeafReader = Callable[[pa.Table, str, Mapping[str, TableLeaf]], pa.Table]


def feature_table(
    portfolio: "Portfolio",
    snapshots: pa.Table,
    feature_set: FeatureSet,
    read: LeafReader | None = None,
    facts: FloatArray | None = None,
) -> pa.Table:
    """Every feature of every snapshot, from what was known at its as_of.

    Args:
        portfolio: an opened portfolio, or anything with its tables and connection.
        snapshots: customer_id (string), as_of (int64 µs).
        feature_set: what to compute.
        read: where another engine has found the leaves of tables already.
        facts: (n, facts) as `fact_values` has them, where they are known already.

    Returns:
        customer_id, as_of and one column per feature in the order of the set: float64
        (null = unknown), categories as string; rows in the order of `snapshots`.
    """
    plan = Plan([f.definition for f in feature_set.features])
    numbers = np.empty((len(feature_set.features), snapshots.num_rows))
    texts: Texts = {}
    for feature in feature_set.features:
        if isinstance(feature.definition, LatestAttribute) and feature.is_category:
            texts[feature.definition] = np.empty(snapshots.num_rows, dtype=object)
    for rows, piece in _slices(snapshots):
        known = None if facts is None else facts[rows]
        reader = read or portfolio_leaves(portfolio)
        part = _Slice(portfolio, piece, plan, reader, known)
        as_of = piece["as_of"].to_numpy()
        for start in range(0, len(rows), BLOCK):
            block = slice(start, start + BLOCK)
            numbers[:, rows[block]] = plan.finish(part.raw[:, block], as_of[block])
        for leaf, column in texts.items():
            column[rows] = part.texts[leaf]
    columns: dict[str, Any] = {
        "customer_id": snapshots["customer_id"],
        "as_of": snapshots["as_of"],
    }
    for i, feature in enumerate(feature_set.features):
        if isinstance(feature.definition, LatestAttribute) and feature.is_category:
            columns[feature.name] = pa.array(texts[feature.definition], pa.string())
        else:
            columns[feature.name] = pa.array(numbers[i], from_pandas=True)
    return pa.table(columns)


def portfolio_leaves(portfolio: "Portfolio") -> LeafReader:
    """Reads leaves from the tables behind the portfolio's own connection."""

    def read(
        snapshots: pa.Table, table: str, leaves: Mapping[str, TableLeaf]
    ) -> pa.Table:
        """The leaves of one table, by the row of each snapshot."""
        row = pa.array(np.arange(len(snapshots)))
        numbered = snapshots.append_column(ROW, row)
        rows = portfolio.tables[table]
        return leaf_values(portfolio.connection, rows, numbered, leaves)

    return read


def _slices(snapshots: pa.Table) -> Iterator[tuple[IntArray, pa.Table]]:
    """Where the rows of each slice belong, and the slice: neighbouring customers."""
    order = pc.sort_indices(snapshots, SORTED).to_numpy()
    for start in range(0, len(order), SLICE):
        rows = order[start : start + SLICE].astype(np.int64)
        yield rows, snapshots.select(["customer_id", "as_of"]).take(rows)


class _Slice:
    """The leaves of one slice of snapshots: numbers by place in the plan, texts."""

    def __init__(
        self,
        portfolio: "Portfolio",
        snapshots: pa.Table,
        plan: Plan,
        read: LeafReader,
        facts: FloatArray | None,
    ) -> None:
        self._portfolio, self._snapshots, self._plan = portfolio, snapshots, plan
        self._read = read
        self._present = portfolio.settings.tables
        none = [value_without_rows(x, self._present) for x in plan.leaves]
        self.raw: FloatArray = np.tile(np.array(none)[:, None], snapshots.num_rows)
        self.texts: Texts = {}
        for table, leaves in leaves_by_table(plan.leaves).items():
            self._read_table(table, leaves)
        self._read_facts(facts)
        for leaf in plan.leaves:
            if isinstance(leaf, CountryMismatch):
                self.raw[plan.leaf_at(leaf)] = self._differ(leaf)

    def _read_table(self, table: str, leaves: Sequence[TableLeaf]) -> None:
        names = {f"leaf_{k}": leaf for k, leaf in enumerate(leaves)}
        values = self._read(self._snapshots, table, names)
        at = values[ROW].to_numpy()
        for name, leaf in names.items():
            if isinstance(leaf, LatestAttribute) and leaf.is_text:
                text = self.texts[leaf] = np.full(self.raw.shape[1], None, dtype=object)
                text[at] = values[name].to_numpy(zero_copy_only=False)
            else:
                i = self._plan.leaf_at(leaf)
                none = leaf.when_none if isinstance(leaf, RowsLeaf) else np.nan
                self.raw[i][at] = values[name].fill_null(none).to_numpy()

    def _read_facts(self, known: FloatArray | None) -> None:
        leaves = [
            x
            for x in self._plan.leaves
            if isinstance(x, AccountFact) and x.needs <= self._present
        ]
        if not leaves:
            return
        if known is None:
            known = fact_numbers(self._portfolio, self._snapshots)
        for leaf in leaves:
            self.raw[self._plan.leaf_at(leaf)] = known[:, FACT_NAMES.index(leaf.fact)]

    def _differ(self, leaf: CountryMismatch) -> FloatArray:
        first, second = self.texts[leaf.first], self.texts[leaf.second]
        known = (first != None) & (second != None)  # noqa: E711 - of each element
        return np.where(known, first != second, np.nan)


def leaves_by_table(leaves: Sequence[Leaf]) -> dict[str, list[TableLeaf]]:
    """The leaves to find in each table, the sides of mismatches among them."""
    needed: dict[TableLeaf, None] = {}
    for leaf in leaves:
        if isinstance(leaf, CountryMismatch):
            needed |= {leaf.first: None, leaf.second: None}
        elif isinstance(leaf, RowsLeaf | LatestAttribute):
            needed[leaf] = None
    tables: dict[str, list[TableLeaf]] = {}
    for leaf in needed:
        tables.setdefault(leaf.table, []).append(leaf)
    return tables
