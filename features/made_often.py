"""Frozen dataclasses of which every score makes many: `dataclass` for those.

An ordinary frozen one sets each field by a call of `object.__setattr__`. A score sets
five hundred fields, which took a twentieth of its instructions. mypy refuses whoever
assigns to a field of these; at run time nothing does.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    _Class = TypeVar("_Class")

    def dataclass(
        *, frozen: bool, slots: bool, kw_only: bool = False
    ) -> Callable[[type[_Class]], type[_Class]]:
        """As `dataclasses.dataclass`; `frozen` gives a hash over the fields."""
        return dataclasses.dataclass(unsafe_hash=frozen, slots=slots, kw_only=kw_only)
