"""Where a portfolio's rows come from and how they are spelt, as portfolio.yaml says."""

import weakref
from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from features.counted import counted
from features.errors import UnreadableTableError
from features.reading.database import DatabaseSource, open_database
from features.reading.file_tree import LocalFolder
from features.reading.folder import FORMATS, FolderSource
from features.reading.lake import LakeSource, open_lake
from features.reading.lake_place import is_in_lake
from features.reading.mapping import (
    ColumnMapping,
    ColumnMappings,
    MappedSource,
    wanted_columns,
)
from features.reading.object_store import BucketFolder, is_in_store
from features.reading.source_url import (
    password_warning,
    with_variables,
    without_login,
)
from features.reading.sources import Source
from features.settings import PortfolioSettings


class Origin(BaseModel):
    """How the tables are read; what they mean is of `PortfolioSettings`."""

    model_config = ConfigDict(frozen=True)

    source: str | None = Field(
        default=None,
        min_length=1,
        description="the database that holds the tables, as an Ibis URL, or the folder "
        "of a bucket (`s3://`, `gs://`, `az://`), or a lake (`delta:PLACE`, "
        "`iceberg:CATALOG/NAMESPACE`); `${NAME}` in it stands for an environment "
        "variable; absent: files beside portfolio.yaml",
        examples=["postgresql://forbear:${DB_PASSWORD}@db.example.org/billing"],
    )
    columns: ColumnMappings = Field(
        default={},
        description="by table and column: your own names, words, numbers and dates → "
        "the contract's. A text renames the column, a mapping of words maps them",
        examples=[{"payments": {"amount": "betrag", "status": {"paid": "succeeded"}}}],
    )


def open_source(folder: Path, origin: Origin, settings: PortfolioSettings) -> Source:
    """The rows that `portfolio.yaml` in `folder` speaks of.

    Raises:
        PortfolioError: if there is no such folder, bucket, database or variable.
    """
    origin = origin.model_copy(update={"columns": _with_attributes(origin, settings)})
    files = FolderSource(LocalFolder(folder))
    if origin.source is None:
        _refuse_lake_tables(files, "delta:.")
        _require_whole_tables(files)
        return MappedSource(files, origin.columns)
    url, stated = with_variables(origin.source), without_login(origin.source)
    if is_in_store(url):
        bucket = FolderSource(BucketFolder(url, stated))
        place, _, _ = stated.partition("?")  # its options are Arrow's, not Delta's
        _refuse_lake_tables(bucket, f"delta:{place}")
        _require_whole_tables(bucket)
        noticed = _noticed(origin.source, files, "a bucket")
        return MappedSource(bucket, origin.columns, noticed)
    wanted = wanted_columns(origin.columns, settings)
    if is_in_lake(url):
        lake = LakeSource(open_lake(url, stated, folder), wanted)
        noticed = _noticed(origin.source, files, "a lake", files.lake_tables)
        return MappedSource(lake, origin.columns, noticed)
    connection = open_database(url, stated, folder)
    database = DatabaseSource(connection, wanted)
    # rejected rows are read anew when asked for, so it stays open as long as the source
    weakref.finalize(database, connection.disconnect)
    noticed = _noticed(origin.source, files, "a database")
    return MappedSource(database, origin.columns, noticed)


def _with_attributes(origin: Origin, settings: PortfolioSettings) -> ColumnMappings:
    """The mappings, where an attribute that serves as another column, too, stays."""
    columns = {table: dict(theirs) for table, theirs in origin.columns.items()}
    for name, attribute in settings.attributes.items():
        theirs = columns.get(attribute.table, {})
        if any(mapping.source == name for mapping in theirs.values()):
            theirs.setdefault(name, ColumnMapping(source=name))
    return columns


def _refuse_lake_tables(files: FolderSource, delta: str) -> None:
    """Their files alone would bring back rows that were deleted or replaced.

    Raises:
        UnreadableTableError: with the `source` to write instead, and the tables that
            it would leave behind.
    """
    for table, kind in sorted(files.lake_tables.items()):
        source = delta if kind == "Delta" else "iceberg:CATALOG/NAMESPACE"
        others = [t for t in files.tables if files.lake_tables.get(t) != kind]
        also = ""
        if others:
            names = ", ".join(sorted(others))
            also = (
                f". All tables are read from there: make {kind} tables of {names} too"
            )
        raise UnreadableTableError(
            f"{table} is a table of {kind}, and its folder also holds rows that were "
            f"deleted or replaced: write `source: {source}` in portfolio.yaml{also}"
        )


def _require_whole_tables(files: FolderSource) -> None:
    """Invoices without half of the payments would make debtors of those who paid.

    Raises:
        UnreadableTableError: with a file that lies among a table's and is not read.
    """
    for table, paths in files.left_out.items():
        raise UnreadableTableError(
            f"{counted(len(paths), 'file')} in the folder of {table} cannot be read, "
            f"the first is {paths[0]}: make it one of {', '.join(FORMATS)}, as the "
            "others are, or move it elsewhere"
        )


def _noticed(
    source: str,
    files: FolderSource,
    what: str,
    read_elsewhere: Collection[str] = (),
) -> tuple[str, ...]:
    noticed = [password_warning(source)]
    if unread := files.tables - set(read_elsewhere):
        tables = ", ".join(sorted(unread))
        noticed.append(f"files of {tables} were not read: `source` names {what}")
    return tuple(filter(None, noticed))
