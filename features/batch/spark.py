"""The same features and account facts on Apache Spark, where one machine is outgrown.

The Ibis expressions of `features.batch` run unchanged behind `ibis.pyspark`. What is
NumPy per customer (account facts, the last arithmetic) runs in Spark's Python workers,
a part of the customers at a time, by the code that one machine runs. Nothing is
collected: the answer is a Spark DataFrame.

Spark is never imported before it is asked for (extra `spark`; Java 17 or newer).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import ibis
import pyarrow as pa

from features.batch.expressions import ROW, leaf_table
from features.batch.part import PortfolioPart
from features.batch.table import (
    SORTED,
    TableLeaf,
    feature_table,
    leaves_by_table,
)
from features.feature import LatestAttribute
from features.feature_numbers import Plan
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from features.settings import PortfolioSettings

PART = "forbear_part"  # which part of the customers a row belongs to
CUSTOMERS_PER_PART = 2_000  # a part is held whole by one Python worker
_PACKED = f"{PART} int, table string, rows binary"

Frame = Any  # pyspark.sql.DataFrame, without importing it
OfPart = Callable[[PortfolioPart, pa.Table, pa.Table], pa.Table]


@dataclass(frozen=True)
class SparkPortfolio:
    """The normal form of a portfolio, as tables of a Spark session.

    Attributes:
        session: a `SparkSession`, classic or Connect.
        tables: every table of the contract, as a Spark DataFrame.
        settings: with `tables` = those that were looked at.
        rejected: by customer, the tables that rejected rows leave incomplete.
        n_customers: in `customers`.
    """

    session: Any
    tables: Mapping[str, Frame]
    settings: PortfolioSettings
    rejected: Mapping[str, frozenset[str]]
    n_customers: int

    @property
    def n_parts(self) -> int:
        """Parts of the customers, each small enough for one worker."""
        return max(1, -(-self.n_customers // CUSTOMERS_PER_PART))


def on_spark(portfolio: Portfolio, session: Any, folder: Path) -> SparkPortfolio:  # noqa: ANN401
    """Hand a checked portfolio to Spark, as Parquet files of its normal form.

    Args:
        portfolio: opened, so checked; the check runs on this machine.
        session: Spark's. Its workers must see `folder` under the same path.
        folder: for the files; it must exist. They hold what the portfolio holds.
    """
    tables = {}
    for name in portfolio.tables:
        file = folder / f"{name}.parquet"
        portfolio.connection.con.table(name).write_parquet(str(file))
        tables[name] = session.read.parquet(str(file))
    return SparkPortfolio(
        session,
        tables,
        portfolio.settings,
        portfolio.rejected,
        len(portfolio.customer_ids),
    )


def spark_features(
    portfolio: SparkPortfolio, snapshots: pa.Table, feature_set: FeatureSet
) -> Frame:
    """`feature_table` as a DataFrame of Spark, its rows in no order.

    Args:
        portfolio: from `on_spark`.
        snapshots: customer_id (string), as_of (int64 µs).
        feature_set: what to compute.
    """
    plan = Plan([f.definition for f in feature_set.features])
    schema = pa.schema([("customer_id", pa.string()), ("as_of", pa.int64())])
    for feature in feature_set.features:
        is_text = isinstance(feature.definition, LatestAttribute)
        kind = pa.string() if is_text and feature.is_category else pa.float64()
        schema = schema.append(pa.field(feature.name, kind))

    def finish(part: PortfolioPart, asked: pa.Table, leaves: pa.Table) -> pa.Table:
        read = _given_leaves(leaves)
        whole = cast("Portfolio", part)  # it has of one what is read
        return feature_table(whole, asked, feature_set, read).cast(schema)

    return by_part(portfolio, snapshots, plan, finish, schema)


def by_part(
    portfolio: SparkPortfolio,
    snapshots: pa.Table,
    plan: Plan,
    finish: OfPart,
    schema: pa.Schema,
) -> Frame:
    """Find the leaves of a plan on Spark, and finish part by part in its workers.

    Args:
        portfolio: from `on_spark`.
        snapshots: customer_id (string), as_of (int64 µs).
        plan: which leaves.
        finish: (part, its snapshots, their leaves) → a table of `schema`.
        schema: of the answer.
    """
    settings, rejected = portfolio.settings, portfolio.rejected

    def of_part(found: pa.Table, packed: pa.Table) -> pa.Table:
        if found.num_rows == 0:  # customers whom no snapshot asks about
            return schema.empty_table()
        found = found.sort_by(SORTED)
        part = PortfolioPart(unpacked(packed), settings, rejected)
        asked = found.select(["customer_id", "as_of"])
        return finish(part, asked, found.drop_columns(["customer_id", "as_of"]))

    found = _found_leaves(portfolio, snapshots, plan).groupBy(PART)
    packed = _packed(portfolio).groupBy(PART)
    types = _spark_types(schema)
    return found.cogroup(packed).applyInArrow(of_part, types)


def _found_leaves(portfolio: SparkPortfolio, snapshots: pa.Table, plan: Plan) -> Frame:
    """A line per snapshot: its part, customer_id, as_of, and each leaf by name."""
    session = portfolio.session
    row = pa.array(range(snapshots.num_rows), pa.int64())
    asked = session.createDataFrame(
        snapshots.select(["customer_id", "as_of"]).append_column(ROW, row)
    )
    engine = ibis.pyspark.connect(session)
    found = asked.withColumn(PART, _part_of(portfolio))
    for table, leaves in leaves_by_table(plan.leaves).items():
        # names of this table's own: `leaf_0` of two tables are two leaves
        named = {_name(table, k): leaf for k, leaf in enumerate(leaves)}
        views = {"forbear_asked": asked, f"forbear_{table}": portfolio.tables[table]}
        for view, frame in views.items():
            frame.createOrReplaceTempView(view)
        of_asked, rows = (engine.table(view) for view in views)
        expression = leaf_table(of_asked, rows, named)
        values = session.sql(str(engine.compile(expression)))
        found = found.join(values, ROW, "left")
    return found


def _packed(portfolio: SparkPortfolio) -> Frame:
    """Each table's rows of each part, as one binary cell; the parts of all tables."""
    packed = None
    for table, rows in portfolio.tables.items():
        if table not in portfolio.settings.tables:
            continue
        of_table = (
            rows.withColumn(PART, _part_of(portfolio))
            .groupBy(PART)
            .applyInArrow(_packer(table), _PACKED)
        )
        packed = of_table if packed is None else packed.union(of_table)
    return packed


def _packer(table: str) -> Callable[[pa.Table], pa.Table]:
    def pack(rows: pa.Table) -> pa.Table:
        part = rows[PART][0].as_py()
        sink = pa.BufferOutputStream()
        kept = rows.drop_columns([PART])
        with pa.ipc.new_stream(sink, kept.schema) as stream:
            stream.write_table(kept)
        cell = [sink.getvalue().to_pybytes()]
        columns = {PART: pa.array([part], pa.int32()), "table": [table], "rows": cell}
        return pa.table(columns)

    return pack


def unpacked(packed: pa.Table) -> dict[str, pa.Table]:
    """The tables of one part."""
    return {
        table: pa.ipc.open_stream(rows).read_all()
        for table, rows in zip(
            packed["table"].to_pylist(), packed["rows"].to_pylist(), strict=True
        )
    }


def _given_leaves(leaves: pa.Table) -> Callable[..., pa.Table]:
    """Reads what Spark has found; its lines are those of the snapshots."""

    def read(
        snapshots: pa.Table, table: str, names: Mapping[str, TableLeaf]
    ) -> pa.Table:
        row = pa.array(range(snapshots.num_rows), pa.int64())
        columns = {name: leaves[_name(table, k)] for k, name in enumerate(names)}
        return pa.table({ROW: row, **columns})

    return read


def _name(table: str, place: int) -> str:
    return f"leaf_{table}_{place}"


def _part_of(portfolio: SparkPortfolio) -> Any:  # noqa: ANN401 - a Spark column
    from pyspark.sql import functions

    n_parts = functions.lit(portfolio.n_parts)
    return functions.pmod(functions.hash("customer_id"), n_parts).cast("int")


def _spark_types(schema: pa.Schema) -> Any:  # noqa: ANN401 - a Spark type
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)
