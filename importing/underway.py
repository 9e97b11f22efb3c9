"""What an import was asked, and what it works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.source import Source

PROCESS_MB = 180  # beside what DuckDB counts: the interpreter, and buffers of files


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What the files do not say.

    Attributes:
        exported_at: the moment whose state the files show; None: the latest in them.
        currency: of the portfolio; None: the one of most invoices.
        rates: of other currencies to it.
        timezone: IANA name; where a day begins and ends.
        now: no export can be of later than this; None: not compared.
        memory_mb: megabytes of the process; what needs more is kept on disk, beside
            the portfolio.
    """

    exported_at: datetime | None = None
    currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    timezone: str = "UTC"
    now: datetime | None = None
    memory_mb: int = 500

    def __post_init__(self) -> None:
        if self.memory_mb <= PROCESS_MB:
            raise ValueError(
                f"memory_mb is {self.memory_mb}: an import needs more than {PROCESS_MB}"
            )


@dataclass(frozen=True)
class ImportRun:
    """An import under way."""

    connection: Any
    source: Source
    portfolio: Path
    folder: Path
    options: ImportSettings


def escaped(path: Path) -> str:
    """A path within a quoted text of SQL."""
    return str(path).replace("'", "''")


def quoted(text: str | None) -> str:
    """A text as SQL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
