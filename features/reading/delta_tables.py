"""Delta tables, read by delta-rs; deleted rows and old files stay out."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from features.errors import LakeError
from features.reading.lake_place import Lake, LakeTable
from features.reading.source_url import without_secret

# with one partition the files follow one another, so rows have the same order each time
_IN_ORDER = {"datafusion.execution.target_partitions": "1"}
_COLOUR = re.compile(r"\x1b\[\d*m")


def delta_tables(lake: Lake, names: Collection[str]) -> dict[str, LakeTable]:
    """Those of the names that are Delta tables below the place.

    Raises:
        LakeError: if a table cannot be read, or did not yet exist at the moment.
    """
    found = {name: _found(lake, name) for name in names}
    return {name: table for name, table in found.items() if table is not None}


class _DeltaTable:
    def __init__(self, lake: Lake, name: str, table: DeltaTable) -> None:
        self._lake, self._name, self._table = lake, name, table
        self.columns = tuple(field.name for field in table.schema().fields)

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Its rows, file by file."""
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        with _reading(self._lake, self._name):
            reader = pa.RecordBatchReader.from_stream(
                QueryBuilder(_IN_ORDER)
                .register("rows", self._table)
                .execute(f"SELECT {quoted} FROM rows")  # noqa: S608 - names, quoted
            )
            schema = pa.schema([(f.name, _plain(f.type)) for f in reader.schema])
            yield pa.RecordBatch.from_pylist([], schema)
            yield from reader.cast(schema)


def _found(lake: Lake, name: str) -> LakeTable | None:
    place = f"{lake.place}/{name}"
    with _reading(lake, name):
        try:
            table = DeltaTable(place, storage_options=dict(lake.options))
        except TableNotFoundError:
            return None
        if lake.at is not None:
            table.load_as_version(_version_at(table, lake, name, lake.at))
    return _DeltaTable(lake, name, table)


def _version_at(table: DeltaTable, lake: Lake, name: str, at: datetime) -> int:
    """The version by the moments that the table's log states.

    Asked for a moment itself, deltalake 1.6 goes by the times of the log's files,
    which copying changes, and takes a moment before the first version for that.
    """
    at_ms = at.timestamp() * 1000
    stamps: dict[int, float] = {
        int(commit["version"]): commit["timestamp"]
        for commit in table.history()
        if "timestamp" in commit
    }
    version = max((v for v, stamp in stamps.items() if stamp <= at_ms), default=-1)
    following = version + 1
    if following not in stamps and following <= table.version():
        why = (
            f"which version of {name} stood at {at.isoformat()} is not known: its log "
            f"no longer states when version {following} came to be"
        )
    elif not following:
        why = f"{name} has no version as old as {at.isoformat()}"
    else:
        return version
    raise LakeError("lake_moment_unknown", f"source {lake.stated}: {why}")


@contextmanager
def _reading(lake: Lake, name: str) -> Iterator[None]:
    try:
        yield
    except (DeltaError, OSError, pa.ArrowException) as error:
        reason = without_secret(_one_line(str(error)), lake.url, lake.stated)
        raise LakeError(
            "lake_unusable", f"source {lake.stated}: {name} cannot be read: {reason}"
        ) from None


def _one_line(reason: str) -> str:
    """What delta-rs says, without colours, and without the trace that follows."""
    words = " ".join(_COLOUR.sub("", reason).split())
    return words.split(" 0: <unknown>")[0]


def _plain(kind: pa.DataType) -> pa.DataType:
    """DataFusion's views of text, as the text that everything else reads."""
    return pa.string() if pa.types.is_string_view(kind) else kind
