"""Where a portfolio's rows come from and how they are spelt, as portfolio.yaml says."""

import weakref
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from features.reading.database import DatabaseSource, open_database
from features.reading.file_tree import LocalFolder
from features.reading.folder import FolderSource
from features.reading.mapping import ColumnMappings, MappedSource, wanted_columns
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
        "of a bucket (`s3://`, `gs://`, `az://`); `${NAME}` in it stands for an "
        "environment variable; absent: files beside portfolio.yaml",
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
    files = FolderSource(LocalFolder(folder))
    if origin.source is None:
        return MappedSource(files, origin.columns)
    url, stated = with_variables(origin.source), without_login(origin.source)
    if is_in_store(url):
        bucket = BucketFolder(url, stated)
        noticed = _noticed(origin.source, files, "a bucket")
        return MappedSource(FolderSource(bucket), origin.columns, noticed)
    connection = open_database(url, stated, folder)
    wanted = wanted_columns(origin.columns, settings)
    database = DatabaseSource(connection, wanted)
    # rejected rows are read anew when asked for, so it stays open as long as the source
    weakref.finalize(database, connection.disconnect)
    noticed = _noticed(origin.source, files, "a database")
    return MappedSource(database, origin.columns, noticed)


def _noticed(source: str, files: FolderSource, what: str) -> tuple[str, ...]:
    noticed = [password_warning(source)]
    if files.tables:
        tables = ", ".join(sorted(files.tables))
        noticed.append(f"files of {tables} were not read: `source` names {what}")
    return tuple(filter(None, noticed))
