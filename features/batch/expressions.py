"""Counts, sums, extremes (leaves) of one table for many snapshots, in one Ibis query.

Only what every backend has: equi-joins with a condition, conditional aggregates,
`row_number`. So the same expression runs on DuckDB and on PySpark.

Every number is one conditional aggregate in one pass over the joined rows. (Nested
windows by disjoint buckets of age, added up afterwards, were measured: DuckDB takes
1.1 to 1.3 times as long for them.)
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_

import ibis
from ibis.expr.types import BooleanValue, Scalar
from ibis.expr.types import Table as IbisTable

from features.contract import TABLES
from features.feature import LatestAttribute
from features.feature_leaves import RowsLeaf
from features.feature_rows import columns_of

# Columns made on the way; no attribute may have such a name (`features.settings`)
ROW, AGE, PLACE, RANK = "forbear_row", "forbear_age", "forbear_place", "forbear_rank"
EXACT = "decimal(38, 0)"  # holds the square of any amount, and sums of them
Leaves = Mapping[str, RowsLeaf | LatestAttribute]  # by name of the column to make


def leaf_table(snapshots: IbisTable, rows: IbisTable, leaves: Leaves) -> IbisTable:
    """One line per snapshot that has rows: `ROW` and a column per leaf.

    Args:
        snapshots: ROW (int64), customer_id, as_of (µs).
        rows: one table of the contract in the normal form.
        leaves: what to find; all of this table.
    """
    known = _known(snapshots, _numbered(snapshots, rows, leaves), leaves)
    distinct = {
        n: x
        for n, x in leaves.items()
        if isinstance(x, RowsLeaf) and x.how == "distinct"
    }
    values = _aggregated(known, {n: x for n, x in leaves.items() if n not in distinct})
    for column, group in _by_column(distinct).items():
        counted = _distinct(known, column, group)
        values = values.left_join(counted, ROW).drop(f"{ROW}_right")
    return values


def _known(snapshots: IbisTable, rows: IbisTable, leaves: Leaves) -> IbisTable:
    """Every row as each snapshot knows it, no older than any leaf looks."""
    latest = [x for x in leaves.values() if isinstance(x, LatestAttribute)]
    used = {"event_at"} | {x.column for x in leaves.values() if x.column}
    used = used.union(*(columns_of(x.where) for x in leaves.values()))
    if latest:
        used.add(PLACE)
    conditions = [
        snapshots.customer_id == rows.customer_id,
        rows.known_at <= snapshots.as_of,
        rows.superseded_at > snapshots.as_of,
    ]
    windows = [x.window for x in leaves.values() if isinstance(x, RowsLeaf)]
    if not latest and all(windows):
        longest = max(w.start_us for w in windows if w)
        conditions.append(rows.event_at > snapshots.as_of - longest)
    joined = snapshots.join(rows, conditions)
    age = (joined.as_of - joined.event_at).name(AGE)
    return joined.select(ROW, age, *sorted(used))


def _numbered(snapshots: IbisTable, rows: IbisTable, leaves: Leaves) -> IbisTable:
    """A customer's rows numbered in the order of the normal form, where one asks.

    Of the customers asked about alone: to number is to sort.
    """
    latest = next((x for x in leaves.values() if isinstance(x, LatestAttribute)), None)
    if latest is None:
        return rows
    rows = rows.semi_join(snapshots, "customer_id")
    order = [rows[c].asc(nulls_first=True) for c in TABLES[latest.table].order]
    theirs = ibis.window(group_by="customer_id", order_by=order)
    return rows.mutate(**{PLACE: ibis.row_number().over(theirs)})


def _aggregated(known: IbisTable, leaves: Leaves) -> IbisTable:
    latest = [x for x in leaves.values() if isinstance(x, LatestAttribute)]
    ranked = _ranked(known, latest)
    aggregates = {
        name: _latest(ranked, leaf)
        if isinstance(leaf, LatestAttribute)
        else _aggregate(ranked, leaf)
        for name, leaf in leaves.items()
    }
    return ranked.group_by(ROW).aggregate(**aggregates)


def _aggregate(known: IbisTable, leaf: RowsLeaf) -> Scalar:
    condition = _condition(known, leaf)
    if leaf.column is None:
        return known.count(where=condition).cast("float64")
    values = known[leaf.column]
    if leaf.how != "spread":
        return getattr(values, leaf.how)(where=condition).cast("float64")
    exact = values.cast(EXACT)
    n = values.count(where=condition).cast(EXACT)
    total = exact.sum(where=condition)
    squares = (exact * exact).sum(where=condition)
    return (n * squares - total * total).cast("float64")


def _condition(known: IbisTable, leaf: RowsLeaf) -> BooleanValue | None:
    """The filter and the window of a leaf; None when every row counts."""
    conditions = [] if leaf.where is None else [leaf.where.over(known)]
    if leaf.window is not None:
        conditions.append(known[AGE] < leaf.window.start_us)
        if leaf.window.before:
            conditions.append(known[AGE] >= leaf.window.end_us)
    return reduce(and_, conditions) if conditions else None


def _ranked(known: IbisTable, latest: Sequence[LatestAttribute]) -> IbisTable:
    """With 0 for a snapshot's latest row, 1 for the one before, and so on.

    Only for the latest row whatever it holds. Where the value must be present, the
    value at the highest place will do, which is far cheaper than sorting.
    """
    if all(leaf.where is not None for leaf in latest):
        return known
    youngest = ibis.window(group_by=ROW, order_by=known[PLACE].desc())
    return known.mutate(**{RANK: ibis.row_number().over(youngest)})


def _latest(known: IbisTable, leaf: LatestAttribute) -> Scalar:
    values = known[leaf.column]
    if leaf.equals is not None:
        values = values == leaf.equals
    if not leaf.is_text:
        values = values.cast("float64")
    if leaf.where is None:
        return values.max(where=known[RANK] == leaf.back)
    return values.argmax(known[PLACE], where=leaf.where.over(known))


def _by_column(leaves: Leaves) -> dict[str, dict[str, RowsLeaf]]:
    groups: dict[str, dict[str, RowsLeaf]] = {}
    for name, leaf in leaves.items():
        if isinstance(leaf, RowsLeaf) and leaf.column is not None:
            groups.setdefault(leaf.column, {})[name] = leaf
    return groups


def _distinct(
    known: IbisTable, column: str, leaves: Mapping[str, RowsLeaf]
) -> IbisTable:
    """Distinct values by the youngest age at which each passed a leaf's filter."""
    held = known.filter(known[column].notnull())
    filters = {leaf.where: None for leaf in leaves.values()}
    ages = {where: f"{AGE}_{k}" for k, where in enumerate(filters)}
    youngest = {
        name: held[AGE].min(where=None if where is None else where.over(held))
        for where, name in ages.items()
    }
    values = held.group_by(ROW, column).aggregate(**youngest)
    counts = {}
    for name, leaf in leaves.items():
        age = values[ages[leaf.where]]
        is_seen = age.notnull() if leaf.window is None else age < leaf.window.start_us
        counts[name] = values.count(where=is_seen).cast("float64")
    return values.group_by(ROW).aggregate(**counts)
