"""A number of one customer, or a column of many: the rules do not care which."""

from typing import Any, TypeAlias

# float or int of one customer, or an array of shape (n,). Not a Union: NumPy's and
# Python's operators agree on what the rules use, which no type checker can follow.
Number: TypeAlias = Any
