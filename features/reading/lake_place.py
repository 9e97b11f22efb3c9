"""Which lake a `source` of portfolio.yaml names, and what a table of it gives."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from features.errors import LakeError

_FORMATS = ("delta", "iceberg")
_MOMENT = "at"  # the option that names one


class LakeTable(Protocol):
    """One version of a table."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all its columns."""

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Its rows, the same order each time; at least one batch, maybe without any."""


class Lake(NamedTuple):
    """A `source` of portfolio.yaml, taken apart.

    Attributes:
        kind: `delta` or `iceberg`.
        place: a folder or URL; of Iceberg the catalogue and the namespace.
        at: the moment as of which tables are read; None: as they are now.
        options: of the store, for the library that reads.
        url: the whole source.
        stated: the same as it is told to people, without secrets.
    """

    kind: str
    place: str
    at: datetime | None
    options: Mapping[str, str]
    url: str
    stated: str


def is_in_lake(source: str) -> bool:
    """Whether a source of portfolio.yaml names a lake."""
    return urlsplit(source).scheme in _FORMATS


def lake_of(url: str, stated: str, folder: Path) -> Lake:
    """Take a source apart.

    Args:
        url: `delta:PLACE` or `iceberg:CATALOG/NAMESPACE`, with options after a `?`.
        stated: the same as it is told to people, without secrets.
        folder: of portfolio.yaml; a relative place lies there.

    Raises:
        LakeError: if no place is named, or the moment is none.
    """
    kind, _, rest = url.partition(":")
    kind = kind.lower()
    place, _, query = rest.partition("?")
    place = place.rstrip("/") or place
    options = {}
    for option in filter(None, query.split("&")):
        name, _, value = option.partition("=")
        options[unquote(name)] = unquote(value)
    moment = options.pop(_MOMENT, None)
    if not place:
        raise LakeError("lake_unusable", f"source {stated}: name the place")
    if kind == "delta" and "://" not in place:
        place = str(folder.absolute() / place)
    at = None if moment is None else _moment(moment, stated)
    return Lake(kind, place, at, options, url, stated)


def _moment(text: str, stated: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise LakeError(
            "lake_unusable",
            f"source {stated}: write the moment after `{_MOMENT}=` with its offset, "
            "such as 2026-06-30T22:00:00Z",
        )
    return moment
