"""The same features and account facts on Apache Spark, where one machine is outgrown.

The Ibis expressions of `features.batch` run unchanged behind `ibis.pyspark`. What is
NumPy per customer (account facts, the last arithmetic) runs in Spark's Python workers,
a part of the customers at a time, by the code that one machine runs. Nothing is
collected: the answer is a Spark DataFrame.

Spark is never imported before it is asked for (extra `spark`; Java 17 or newer).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from features.account.table import snapshot_keys
from features.batch.expressions import ROW, leaf_table
from features.batch.part import part_of
from features.batch.table import LeafReader, TableLeaf, feature_table, leaves_by_table
from features.feature import LatestAttribute
from features.feature_numbers import Plan
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from features.reading.duck import run
from features.reading.parts import customer_parts

PART = "forbear_part"  # which part of the customers a row belongs to
ROWS_IN_PART = 200_000  # of all tables; one Python worker holds a part whole
_PACKED = f"{PART} int, table string, rows binary"

Frame = Any  # pyspark.sql.DataFrame, without importing it
OfPart = Callable[[Portfolio, pa.Table, LeafReader], pa.Table]


@dataclass(frozen=True)
class SparkPortfolio:
    """The normal form of a portfolio, as tables of a Spark session.

    Attributes:
        session: a `SparkSession`.
        tables: the tables of the contract that have rows, as DataFrames with `PART`.
        whole: the portfolio, detached; what workers are given.
        bounds: the first customer of each part, in order.
    """

    session: Any
    tables: Mapping[str, Frame]
    whole: Portfolio
    bounds: Sequence[str]


def on_spark(
    portfolio: Portfolio,
    session: Any,  # noqa: ANN401 - without importing Spark
    folder: Path,
    rows_in_part: int = ROWS_IN_PART,
) -> SparkPortfolio:
    """Hand a checked portfolio to Spark, as Parquet files of its normal form.

    Args:
        portfolio: opened, so checked; the check runs on this machine.
        session: Spark's. Its workers must see `folder` under the same path.
        folder: for the files; it must exist. They hold what the portfolio holds.
        rows_in_part: how many rows of all tables one worker holds at a time, about.
    """
    duckdb = portfolio.connection.con
    bounds = [part.first for part in customer_parts(duckdb, rows_in_part)]
    places = pa.array(range(len(bounds)), pa.int32())
    duckdb.register("bounds", pa.table({"first": bounds, PART: places}))
    tables = {}
    for name in portfolio.tables:
        [[n_rows]] = run(duckdb, f'SELECT count(*) FROM "{name}"')  # noqa: S608
        if n_rows == 0:
            continue
        file = folder / f"{name}.parquet"
        # rows of whom `customers` does not know, before the first part, are left out
        placed = duckdb.sql(
            f'SELECT t.*, {PART} FROM "{name}" t'  # noqa: S608 - names of the contract
            " ASOF JOIN bounds b ON t.customer_id >= b.first"
        )
        placed.write_parquet(str(file))
        tables[name] = session.read.parquet(str(file))
    duckdb.unregister("bounds")
    return SparkPortfolio(session, tables, portfolio.detached(), bounds)


def spark_features(
    portfolio: SparkPortfolio, snapshots: pa.Table, feature_set: FeatureSet
) -> Frame:
    """`feature_table` as a DataFrame of Spark, its rows in no order.

    Args:
        portfolio: from `on_spark`.
        snapshots: customer_id (string), as_of (int64 µs).
        feature_set: what to compute.
    """
    schema = pa.schema([("customer_id", pa.string()), ("as_of", pa.int64())])
    for feature in feature_set.features:
        is_text = isinstance(feature.definition, LatestAttribute)
        kind = pa.string() if is_text and feature.is_category else pa.float64()
        schema = schema.append(pa.field(feature.name, kind))

    def finish(part: Portfolio, snapshots: pa.Table, read: LeafReader) -> pa.Table:
        """The features of one part, in the types of the whole table."""
        return feature_table(part, snapshots, feature_set, read).cast(schema)

    return by_part(portfolio, snapshots, [feature_set], finish, schema)


def by_part(
    portfolio: SparkPortfolio,
    snapshots: pa.Table,
    feature_sets: Sequence[FeatureSet],
    finish: OfPart,
    schema: pa.Schema,
) -> Frame:
    """Find the leaves of features on Spark, and finish part by part in its workers.

    Args:
        portfolio: from `on_spark`.
        snapshots: customer_id (string), as_of (int64 µs).
        feature_sets: whose leaves are found.
        finish: (part, its snapshots, what reads their leaves) → a table of `schema`.
        schema: of the answer.
    """
    whole = portfolio.whole
    plan = Plan([f.definition for one in feature_sets for f in one.features])
    names = _names(plan, portfolio.tables)

    def finish_part(found: pa.Table, packed: pa.Table) -> pa.Table:
        """In a worker: leaves that Spark found and rows of a part become an answer."""
        if found.num_rows == 0:  # customers whom no snapshot asks about
            return schema.empty_table()
        part = part_of(whole, _unpacked(packed))
        asked = found.select(["customer_id", "as_of"])
        try:
            return finish(part, asked, _found_leaves(found, names))
        finally:
            part.connection.disconnect()

    found = _leaves(portfolio, snapshots, plan, names).groupBy(PART)
    packed = _packed(portfolio).groupBy(PART)
    return found.cogroup(packed).applyInArrow(finish_part, _spark_types(schema))


def _names(plan: Plan, tables: Collection[str]) -> dict[TableLeaf, str]:
    """A column for each leaf of tables that have rows."""
    return {
        leaf: f"leaf_{table}_{place}"
        for table, leaves in leaves_by_table(plan.leaves).items()
        for place, leaf in enumerate(leaves)
        if table in tables
    }


def _leaves(
    portfolio: SparkPortfolio,
    snapshots: pa.Table,
    plan: Plan,
    names: Mapping[TableLeaf, str],
) -> Frame:
    """A line per snapshot: its part, customer_id, as_of, and each leaf by name."""
    session = portfolio.session
    ids = snapshots["customer_id"].to_numpy(zero_copy_only=False)
    # NumPy compares Python's strings by code point, as DuckDB does by byte: the same
    part = np.searchsorted(np.array(portfolio.bounds, object), ids, "right") - 1
    asked = snapshots.select(["customer_id", "as_of"])
    asked = asked.append_column(ROW, pa.array(np.arange(len(ids))))
    asked = asked.append_column(PART, pa.array(part, pa.int32()))
    asked = session.createDataFrame(asked)
    engine = ibis.pyspark.connect(session)
    found = asked
    for table, leaves in leaves_by_table(plan.leaves).items():
        if table not in portfolio.tables:
            continue
        views = {"forbear_asked": asked, f"forbear_{table}": portfolio.tables[table]}
        for view, frame in views.items():
            frame.createOrReplaceTempView(view)
        of_asked, rows = (engine.table(view) for view in views)
        expression = leaf_table(of_asked, rows, {names[leaf]: leaf for leaf in leaves})
        values = session.sql(str(engine.compile(expression)))
        found = found.join(values, ROW, "left")
    return found


def _packed(portfolio: SparkPortfolio) -> Frame:
    """Each table's rows of each part, as one binary cell; the parts of all tables."""
    packed = None
    for table, rows in portfolio.tables.items():
        of_table = rows.groupBy(PART).applyInArrow(_packer(table), _PACKED)
        packed = of_table if packed is None else packed.union(of_table)
    return packed


def _packer(table: str) -> Callable[[pa.Table], pa.Table]:
    def pack(rows: pa.Table) -> pa.Table:
        """All rows of a part as the bytes of one cell."""
        sink = pa.BufferOutputStream()
        kept = rows.drop_columns([PART])
        with pa.ipc.new_stream(sink, kept.schema) as stream:
            stream.write_table(kept)
        part = rows[PART].slice(0, 1)
        cell = [sink.getvalue().to_pybytes()]
        return pa.table({PART: part, "table": [table], "rows": cell})

    return pack


def _unpacked(packed: pa.Table) -> dict[str, pa.Table]:
    """The tables of one part."""
    return {
        table: pa.ipc.open_stream(rows).read_all()
        for table, rows in zip(
            packed["table"].to_pylist(), packed["rows"].to_pylist(), strict=True
        )
    }


def _found_leaves(found: pa.Table, columns: Mapping[TableLeaf, str]) -> LeafReader:
    """Reads what Spark has found, for any of its snapshots in any order."""
    places = {key: place for place, key in enumerate(snapshot_keys(found))}

    def read(
        snapshots: pa.Table, _table: str, names: Mapping[str, TableLeaf]
    ) -> pa.Table:
        """The values of leaves, by the place of each snapshot."""
        if not columns.keys() >= set(names.values()):  # the table has no rows
            fields = [(ROW, pa.int64()), *((name, pa.float64()) for name in names)]
            return pa.schema(fields).empty_table()
        at = pa.array([places[key] for key in snapshot_keys(snapshots)], pa.int64())
        values = {name: found[columns[leaf]].take(at) for name, leaf in names.items()}
        return pa.table({ROW: pa.array(np.arange(len(at))), **values})

    return read


def _spark_types(schema: pa.Schema) -> Any:  # noqa: ANN401 - a Spark type
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)
