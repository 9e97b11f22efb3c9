"""The leaves of one table for many snapshots, as one Ibis expression.

Only what every backend has: equi-joins with a condition, conditional aggregates,
`row_number`. So the same expression runs on DuckDB and on PySpark.

Nested windows are unions of disjoint buckets of age. Rows are aggregated once per
(snapshot, bucket); a window then adds up its buckets.
"""

from collections.abc import Iterable, Mapping

import ibis
from ibis.expr.types import BooleanValue, NumericValue, Scalar
from ibis.expr.types import Table as IbisTable

from features.contract import TABLES
from features.feature import LatestAttribute
from features.feature_leaves import RowsLeaf
from features.feature_rows import Rows, Window, columns_of

EXACT = "decimal(38, 0)"  # holds the square of any amount, and sums of them
Leaves = Mapping[str, RowsLeaf | LatestAttribute]  # by name of the column to make
Stem = tuple[str, str | None, Rows | None]


def leaf_table(snapshots: IbisTable, rows: IbisTable, leaves: Leaves) -> IbisTable:
    """One line per snapshot that has rows: `row` and a column per leaf.

    Args:
        snapshots: row (int64), customer_id, as_of (µs).
        rows: one table of the contract in the normal form.
        leaves: what to find; all of this table.
    """
    known = _known(snapshots, _numbered(rows, leaves), leaves)
    distinct = {
        n: x
        for n, x in leaves.items()
        if isinstance(x, RowsLeaf) and x.how == "distinct"
    }
    found = _aggregated(known, {n: x for n, x in leaves.items() if n not in distinct})
    for (column, where), group in _by_column(distinct).items():
        counted = _distinct(known, column, where, group)
        found = found.left_join(counted, "row").drop("row_right")
    return found


def _known(snapshots: IbisTable, rows: IbisTable, leaves: Leaves) -> IbisTable:
    """Every row as each snapshot knows it, no older than any leaf looks."""
    latest = [x for x in leaves.values() if isinstance(x, LatestAttribute)]
    used = {"event_at"} | {x.column for x in leaves.values() if x.column}
    used = used.union(*(columns_of(x.where) for x in leaves.values()))
    if latest:
        used.add("place")
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
    age = (joined.as_of - joined.event_at).name("age")
    return joined.select("row", age, *sorted(used))


def _numbered(rows: IbisTable, leaves: Leaves) -> IbisTable:
    """A customer's rows numbered in the order of the normal form, where one asks."""
    latest = next((x for x in leaves.values() if isinstance(x, LatestAttribute)), None)
    if latest is None:
        return rows
    key = [c for c in TABLES[latest.table].key if c not in ("customer_id", "event_at")]
    order = [rows[c].asc(nulls_first=True) for c in ("event_at", "known_at", *key)]
    theirs = ibis.window(group_by="customer_id", order_by=order)
    return rows.mutate(place=ibis.row_number().over(theirs))


class _Buckets:
    """Disjoint ages whose unions are the windows."""

    def __init__(self, leaves: Iterable[RowsLeaf | LatestAttribute]) -> None:
        windows = [x.window for x in leaves if isinstance(x, RowsLeaf) and x.window]
        edges = {edge for w in windows for edge in (w.start_us, w.end_us)}
        self._edges = sorted(edges - {0})

    def of(self, age: NumericValue) -> NumericValue:
        older: list[NumericValue] = [(age >= e).cast("int64") for e in self._edges]
        return sum(older[1:], start=older[0]) if older else ibis.literal(0)

    def inside(
        self, bucket: NumericValue, window: Window | None
    ) -> BooleanValue | None:
        if window is None:
            return None
        young_enough = bucket <= self._edges.index(window.start_us)
        if not window.before:
            return young_enough
        return young_enough & (bucket > self._edges.index(window.end_us))


def _aggregated(known: IbisTable, leaves: Leaves) -> IbisTable:
    buckets = _Buckets(leaves.values())
    latest = {n: x for n, x in leaves.items() if isinstance(x, LatestAttribute)}
    counted = {n: x for n, x in leaves.items() if isinstance(x, RowsLeaf)}
    ranked = _ranked(known, latest.values())
    stems = {s: f"s{i}" for i, s in enumerate(_stems(counted.values()))}
    bucket = buckets.of(ranked.age).name("bucket")
    parts = {name: _part(ranked, stem) for stem, name in stems.items()}
    for name, leaf in latest.items():
        of_latest = _latest_part(ranked, leaf).items()
        parts |= {f"{name}_{what}": part for what, part in of_latest}
    by_bucket = ranked.group_by("row", bucket).aggregate(**parts)
    wholes = {
        name: _whole(
            by_bucket, leaf, stems, buckets.inside(by_bucket.bucket, leaf.window)
        )
        for name, leaf in counted.items()
    }
    wholes |= {name: _latest_whole(by_bucket, x, name) for name, x in latest.items()}
    return by_bucket.group_by("row").aggregate(**wholes)


def _stems(leaves: Iterable[RowsLeaf]) -> list[Stem]:
    """What must be aggregated per bucket; a spread needs three."""
    stems: dict[Stem, None] = {}
    for leaf in leaves:
        hows = ("n", "sum", "squares") if leaf.how == "spread" else (leaf.how,)
        stems |= {(how, leaf.column, leaf.where): None for how in hows}
    return list(stems)


def _part(known: IbisTable, stem: Stem) -> Scalar:
    how, column, where = stem
    condition = None if where is None else where.over(known)
    if how == "count":
        return known.count(where=condition)
    values = known[column]
    if how == "squares":
        exact = values.cast(EXACT)
        return (exact * exact).sum(where=condition)
    if how == "n":
        return values.count(where=condition)
    return getattr(values, how)(where=condition)


def _whole(
    parts: IbisTable,
    leaf: RowsLeaf,
    stems: Mapping[Stem, str],
    inside: BooleanValue | None,
) -> Scalar:
    if leaf.how == "spread":
        n, total, squares = (
            parts[stems[how, leaf.column, leaf.where]].sum(where=inside).cast(EXACT)
            for how in ("n", "sum", "squares")
        )
        return (n * squares - total * total).cast("float64")
    part = parts[stems[leaf.how, leaf.column, leaf.where]]
    whole = getattr(part, "sum" if leaf.how == "count" else leaf.how)(where=inside)
    return whole.cast("float64")


def _ranked(known: IbisTable, latest: Iterable[LatestAttribute]) -> IbisTable:
    """With 0 for a snapshot's latest row, 1 for the one before, and so on.

    Only for the latest row whatever it holds. Where the value must be present, the
    value at the highest place will do, which is far cheaper than sorting.
    """
    if all(leaf.where is not None for leaf in latest):
        return known
    youngest = ibis.window(group_by="row", order_by=known.place.desc())
    return known.mutate(rank=ibis.row_number().over(youngest))


def _latest_part(known: IbisTable, leaf: LatestAttribute) -> dict[str, Scalar]:
    values = known[leaf.column]
    if leaf.equals is not None:
        values = values == leaf.equals
    if not leaf.is_text:
        values = values.cast("float64")
    if leaf.where is None:
        return {"value": values.max(where=known["rank"] == leaf.back)}
    present = leaf.where.over(known)
    return {
        "value": values.argmax(known.place, where=present),
        "place": known.place.max(where=present),
    }


def _latest_whole(parts: IbisTable, leaf: LatestAttribute, name: str) -> Scalar:
    value = parts[f"{name}_value"]
    if leaf.where is None:
        return value.max()
    return value.argmax(parts[f"{name}_place"])


def _by_column(leaves: Leaves) -> dict[tuple[str, Rows | None], dict[str, RowsLeaf]]:
    groups: dict[tuple[str, Rows | None], dict[str, RowsLeaf]] = {}
    for name, leaf in leaves.items():
        if isinstance(leaf, RowsLeaf) and leaf.column is not None:
            groups.setdefault((leaf.column, leaf.where), {})[name] = leaf
    return groups


def _distinct(
    known: IbisTable,
    column: str,
    where: Rows | None,
    leaves: Mapping[str, RowsLeaf],
) -> IbisTable:
    """Distinct values by the youngest age at which each was seen."""
    held = known[column].notnull()
    passing = known.filter(held if where is None else held & where.over(known))
    values = passing.group_by("row", column).aggregate(age=passing.age.min())
    counts = {
        name: values.count(
            where=None if leaf.window is None else values.age < leaf.window.start_us
        ).cast("float64")
        for name, leaf in leaves.items()
    }
    return values.group_by("row").aggregate(**counts)
