"""Values that a score makes by the hundred behave as frozen ones do."""

import pytest

from features.made_often import dataclass


@dataclass(frozen=True, slots=True)
class _Amount:
    currency: str
    units: int = 0


def test_equal_ones_are_one_in_a_set() -> None:
    assert {_Amount("EUR", 3), _Amount("EUR", 3), _Amount("EUR")} == {
        _Amount("EUR", 3),
        _Amount("EUR", 0),
    }


def test_a_field_that_is_none_of_its_own_is_refused() -> None:
    with pytest.raises(AttributeError):
        _Amount("EUR").amount = 3  # type: ignore[attr-defined]
