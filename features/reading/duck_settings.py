"""Where the tables of a portfolio are kept while they are worked on."""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis


@dataclass(frozen=True, slots=True)
class DuckSettings:
    """A place for tables and the memory that DuckDB may take for them.

    Args:
        memory_mb: megabytes before tables and sorts spill to disk; None: 80 % of the
            machine's.
        file: a database that other processes can read as well; None: in memory.
        threads: None: one per core.
    """

    memory_mb: int | None = None
    file: Path | None = None
    threads: int | None = None


IN_MEMORY = DuckSettings()


def connect(duck: DuckSettings, *, read_only: bool = False) -> Any:  # noqa: ANN401 - Ibis has no types
    """An Ibis connection to a DuckDB; what exceeds its memory spills into a folder.

    Nobody else may read that folder or know its name before; it goes when the
    connection does.
    """
    spill = tempfile.mkdtemp(prefix="forbear-")
    stated: dict[str, object] = {"temp_directory": spill}
    if duck.memory_mb is not None:
        stated["memory_limit"] = f"{duck.memory_mb}MB"
    if duck.threads is not None:
        stated["threads"] = duck.threads
    place = ":memory:" if duck.file is None else str(duck.file)
    connection = ibis.duckdb.connect(place, read_only=read_only, **stated)
    weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
    return connection
