"""Exact money: ten-thousandths, half-even, also across a rate."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.account import account_facts
from features.facts import OtherCurrency
from features.moments import microseconds
from features.money import LARGEST, UNITS, convert, ten_thousandths
from features.reading.cells import CellError, read_amount, read_money
from features.reading.rows import read_events
from features.settings import PortfolioSettings

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


@given(
    whole=st.integers(1, 10**8),
    n_places=st.sampled_from([0, 2]),
    rate=st.decimals(Decimal("0.0101"), 2000, places=4),
)
def test_a_converted_amount_is_told_as_it_was_written(
    whole: int, n_places: int, rate: Decimal
) -> None:
    written = Decimal(whole).scaleb(-n_places)
    own = OtherCurrency("XXX", rate)
    assert own.stated(own.counted(written)) == written


def test_an_invoice_of_another_currency_says_which_and_the_rest_of_it() -> None:
    rows = {
        "customers": [{"event_at": "2026-01-01T00:00Z"}],
        "invoices": [
            {"invoice_id": "i-1", "event_at": "2026-01-02T00:00Z", "amount": "150000"}
            | {"due_at": "2026-02-02T00:00Z", "currency": "JPY"},
            # a note that bears its invoice's number says nothing of its currency
            {"invoice_id": "i-2", "event_at": "2026-01-02T00:00Z", "amount": "20"}
            | {"due_at": "2026-02-02T00:00Z"},
            {"invoice_id": "i-2", "event_at": "2026-01-03T00:00Z", "amount": "100"}
            | {"kind": "credit_note", "applies_to": "i-1", "currency": "JPY"},
        ],
        "payments": [
            {"payment_id": "p", "event_at": "2026-01-05T00:00Z", "amount": "49900"}
            | {"status": "succeeded", "invoice_id": "i-1", "currency": "JPY"},
        ],
    }
    settings = PortfolioSettings(
        tables=frozenset(rows), rates={"JPY": Decimal("0.006")}
    )
    events, _, *_ = read_events("acme", rows, settings)
    as_of = microseconds(datetime(2026, 3, 1, tzinfo=UTC))
    yen, euros = account_facts(events, as_of, settings).items
    assert (yen.invoice_id, yen.remainder) == ("i-1", 600 * UNITS)
    assert yen.currency is not None
    assert yen.currency.stated(yen.amount) == 150_000
    assert yen.currency.stated(yen.remainder) == 100_000
    assert euros.currency is None
