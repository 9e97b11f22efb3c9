"""Iceberg tables of a catalogue, read by PyIceberg; deleted rows stay out."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import ResolveError, RESTError, SignError, ValidationError
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.table import Table

from features.errors import LakeError
from features.reading.lake_place import Lake, LakeTable
from features.reading.source_url import without_secret

# what reading the rows of a table raises where its files or their store are at fault
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    pa.ArrowException,
    RESTError,
    ResolveError,
    SignError,
    ValidationError,
)


def iceberg_tables(lake: Lake, names: Collection[str]) -> dict[str, LakeTable]:
    """Those of the names that are tables of the namespace.

    The catalogue is one of PyIceberg's own configuration (`.pyiceberg.yaml`, or
    `PYICEBERG_CATALOG__NAME__URI` and others in the environment).

    Raises:
        LakeError: if the catalogue or a table cannot be read, or a table has no
            snapshot as old as the moment.
    """
    name, _, namespace = lake.place.partition("/")
    with _reading(lake, f"namespace {namespace}"):
        catalogue = load_catalog(name, **lake.options)
        there = {table[-1] for table in catalogue.list_tables(namespace)}
    tables: dict[str, LakeTable] = {}
    for table in names:
        if table in there:
            with _reading(lake, table):
                found = catalogue.load_table(f"{namespace}.{table}")
            tables[table] = _IcebergTable(lake, table, found)
    return tables


class _IcebergTable:
    def __init__(self, lake: Lake, name: str, table: Table) -> None:
        self._lake, self._name, self._table = lake, name, table
        self._snapshot_id = _snapshot_id(lake, name, table)
        schema = table.scan(snapshot_id=self._snapshot_id).projection()
        self.columns = tuple(field.name for field in schema.fields)

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Its rows, one data file after the other.

        PyIceberg 0.12 holds all batches of what it is asked to scan in memory, so it
        is asked for one file at a time.
        """
        with _reading(self._lake, self._name, _UNREADABLE):
            scan = self._table.scan(
                selected_fields=tuple(columns), snapshot_id=self._snapshot_id
            )
            projected = scan.projection()
            schema = schema_to_pyarrow(projected, include_field_ids=False)
            yield pa.RecordBatch.from_pylist([], schema)
            rows = ArrowScan(
                self._table.metadata, self._table.io, projected, AlwaysTrue()
            )
            for task in sorted(scan.plan_files(), key=lambda task: task.file.file_path):
                for batch in rows.to_record_batches([task]):
                    yield batch.cast(schema)


def _snapshot_id(lake: Lake, name: str, table: Table) -> int | None:
    """The snapshot that is read from now on; None: the table never had a row."""
    if lake.at is None:
        current = table.current_snapshot()
        return None if current is None else current.snapshot_id
    snapshot = table.snapshot_as_of_timestamp(int(lake.at.timestamp() * 1000))
    if snapshot is None:
        raise LakeError(
            "lake_moment_unknown",
            f"source {lake.stated}: {name} has no snapshot as old as "
            f"{lake.at.isoformat()}",
        )
    return snapshot.snapshot_id


@contextmanager
def _reading(
    lake: Lake, what: str, errors: tuple[type[Exception], ...] = (Exception,)
) -> Iterator[None]:
    """What a library raises becomes an error of ours; each catalogue has its own."""
    try:
        yield
    except errors as error:
        reason = without_secret(str(error), lake.url, lake.stated)
        raise LakeError(
            "lake_unusable", f"source {lake.stated}: {what} cannot be read: {reason}"
        ) from None
