"""Numbers of the list as people read them; Parquet keeps them exact."""

from decimal import Decimal

from babel.numbers import get_currency_precision

_SIGNIFICANT = 6  # digits of a probability
# ISO 4217; what people write without cents although they exist keeps them
_WITHOUT_CENTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"


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
    exact = Decimal(str(value))
    if currency in _WITHOUT_CENTS:
        return round(exact)
    return float(round(exact, max(2, get_currency_precision(currency))))


def as_probability(p: float | None) -> float | None:
    """A probability to six significant digits.

    >>> as_probability(0.12345678901234567)
    0.123457
    """
    return None if p is None else float(f"{p:.{_SIGNIFICANT}g}")
