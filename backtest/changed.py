"""`dataclasses.replace` in a third of its time, for facts moved on day by day."""

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

_Value = TypeVar("_Value")


def changed(value: _Value, **changes: Any) -> _Value:  # noqa: ANN401
    """A copy of a value with slots and without a `__post_init__`, parts changed.

    >>> from features.facts import Evidence
    >>> from datetime import datetime
    >>> sign = Evidence("spam", datetime(2026, 1, 1), confidence="low")
    >>> changed(sign, confidence="high").confidence, sign.confidence
    ('high', 'low')
    """
    kind: Any = type(value)
    parts, put = _slots(kind)
    made: _Value = object.__new__(kind)
    for set_part, part in zip(put, parts(value), strict=True):
        set_part(made, part)
    for name, part in changes.items():
        object.__setattr__(made, name, part)
    return made


@cache
def _slots(kind: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - any class
    """What reads all slots of a class at once, and what writes each of them."""
    names = [field.name for field in fields(kind)]
    return attrgetter(*names), [getattr(kind, name).__set__ for name in names]
