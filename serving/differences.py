"""Where two JSON values differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of an answer that came out differently."""

    path: str
    recorded: Any
    replayed: Any


def differences(recorded: Any, replayed: Any, path: str = "") -> Iterator[Difference]:  # noqa: ANN401 - JSON
    """The smallest parts that differ.

    >>> [d.path for d in differences({"a": [1, 2]}, {"a": [1, 3], "b": 4})]
    ['/a/1', '/b']
    """
    for key, one, other in _paired(recorded, replayed):
        yield from differences(one, other, f"{path}/{key}")
    if not _are_paired(recorded, replayed) and (
        recorded != replayed or type(recorded) is not type(replayed)
    ):
        yield Difference(path, recorded, replayed)


def _are_paired(recorded: Any, replayed: Any) -> bool:  # noqa: ANN401 - JSON
    if isinstance(recorded, list) and isinstance(replayed, list):
        return len(recorded) == len(replayed)
    return isinstance(recorded, dict) and isinstance(replayed, dict)


def _paired(recorded: Any, replayed: Any) -> Iterator[tuple[object, Any, Any]]:  # noqa: ANN401 - JSON
    """Parts under the same key or in the same place."""
    if not _are_paired(recorded, replayed):
        return
    if isinstance(recorded, dict):
        for key in sorted(recorded.keys() | replayed.keys()):
            yield key, recorded.get(key), replayed.get(key)
    else:
        for place, (one, other) in enumerate(zip(recorded, replayed, strict=True)):
            yield place, one, other
