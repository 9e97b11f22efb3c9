"""Exact money: ten-thousandths, half-even, also across a rate."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.money import LARGEST, UNITS, convert, ten_thousandths
from features.reading.cells import CellError, read_amount, read_money

amounts = st.decimals(-(10**11), 10**11, allow_nan=False, places=7)
rates = st.decimals(Decimal("0.000001"), 2000, places=6)


@given(amount=amounts)
def test_quick_reading_rounds_as_the_decimal_does(amount: Decimal) -> None:
    exact = (amount * UNITS).to_integral_value(ROUND_HALF_EVEN)
    assert ten_thousandths(amount) == exact
    assert read_money(amount) == read_money(f"{amount:f}") == exact


@given(amount=st.floats(-1e11, 1e11, allow_nan=False))
def test_a_float_means_its_shortest_text(amount: float) -> None:
    assert read_money(amount) == ten_thousandths(repr(amount))


@given(money=st.integers(-(10**14), 10**14), rate=rates)
def test_conversion_is_exact_half_even(money: int, rate: Decimal) -> None:
    exact = Fraction(money) * Fraction(rate)
    if abs(exact) <= LARGEST:
        assert convert(money, rate) == round(exact)  # Fraction rounds half-even


def test_limits() -> None:
    largest = LARGEST // UNITS
    assert read_money(largest) == LARGEST
    for beyond in (f"{largest}.0001", "1e300", 10**400):
        with pytest.raises(CellError) as raised:
            read_money(beyond)
        assert raised.value.rule in ("amount_too_large", "bad_number")
    with pytest.raises(ValueError, match="beyond"):
        convert(LARGEST, Decimal("1.1"))
    with pytest.raises(ValueError, match="not an amount"):
        ten_thousandths("ten")


def test_negative_amounts_only_where_they_can_be() -> None:
    assert read_money("-0.0001") == -1
    assert read_amount("-0.00005") == 0  # rounds to zero, half-even
    with pytest.raises(CellError, match="negative_amount"):
        read_amount("-0.0001")
