"""Numbers of the list as people read them; Parquet keeps them exact."""

from decimal import Decimal

from features.money import currency_places

_SIGNIFICANT = 6  # digits of a probability


def as_money(value: float | None, currency: str) -> float | None:
    """A sum with the places of its currency, half-even on its decimal digits.

    Whole numbers, such as days, stay as they are.

    >>> as_money(2.675000000001, "EUR"), as_money(1582.0, "JPY"), as_money(9, "EUR")
    (2.68, 1582, 9)
    >>> as_money(0.4, "RSD"), as_money(1.2345, "KWD")
    (0.4, 1.234)
    """
    if value is None or isinstance(value, int):
        return value
    places, exact = currency_places(currency), Decimal(str(value))
    return float(round(exact, places)) if places else round(exact)


def as_probability(p: float | None) -> float | None:
    """A probability to six significant digits.

    >>> as_probability(0.12345678901234567)
    0.123457
    """
    return None if p is None else float(f"{p:.{_SIGNIFICANT}g}")
