"""A number of one customer, or a column of many: the rules do not care which.

Every rule on numbers is written once, with Python's operators and the functions below.
For one customer they are Python's own, for columns NumPy's, and both agree to the last
bit (a property test compares them).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

# float or int of one customer, or an array of shape (n,). Not a Union: NumPy's and
# Python's operators agree on what the rules use, which no type checker can follow.
Number: TypeAlias = Any
_Column = np.ndarray
Inputs = TypeVar("Inputs", bound=tuple[Any, ...])


def pick(condition: Number, yes: Number, no: Number) -> Number:
    """`yes` where the condition holds, else `no`."""
    if condition is True:  # of one customer, most often
        return yes
    if condition is False:
        return no
    return np.where(condition, yes, no)


def most(a: Number, b: Number) -> Number:
    """The greater of two numbers."""
    if isinstance(a, _Column) or isinstance(b, _Column):
        return np.maximum(a, b)
    return a if a >= b else b


def least(a: Number, b: Number) -> Number:
    """The smaller of two numbers."""
    if isinstance(a, _Column) or isinstance(b, _Column):
        return np.minimum(a, b)
    return a if a <= b else b


def at(by_action: Sequence[Number], action: Number) -> Number:
    """The number of an action, of six that stand in the order of `ACTIONS`."""
    if isinstance(action, _Column):
        return np.choose(action, by_action)
    return by_action[action]


def is_any(condition: Number) -> bool:
    """Whether a condition holds for the customer, or for any of the column."""
    if isinstance(condition, _Column):
        return bool(condition.any())
    return bool(condition)


def where_asked(
    condition: Number,
    rule: Callable[..., tuple[Number, ...]],
    inputs: Inputs,
    also: Number,
    otherwise: tuple[Number, ...],
) -> tuple[Number, ...]:
    """A costly rule, only for those about whom it is asked.

    Args:
        condition: for whom.
        rule: takes inputs and one more number, and gives as many as `otherwise`.
        inputs: a named tuple of numbers or columns.
        also: the number that the rule takes beside them.
        otherwise: what the others get.
    """
    if not isinstance(condition, _Column):
        return rule(inputs, also) if condition else otherwise
    rows = np.flatnonzero(condition)
    if not len(rows):
        return tuple(_spread(value, len(condition)) for value in otherwise)
    few = type(inputs)(*(column[rows] for column in inputs))
    columns = []
    for value, new in zip(otherwise, rule(few, also[rows]), strict=True):
        column = _spread(value, len(condition))
        column[rows] = new
        columns.append(column)
    return tuple(columns)


def _spread(value: Number, n: int) -> Number:
    """A column of its own to write into."""
    return value.copy() if isinstance(value, _Column) else np.full(n, value)
