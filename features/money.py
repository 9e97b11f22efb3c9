"""Exact money: integers of ten-thousandths of a currency's major unit.

Sums of integers do not depend on order, so both compilers and any engine agree
to the last bit (CONTRACT section 1).
"""

from decimal import ROUND_HALF_EVEN, Decimal

UNITS = 10_000  # ten-thousandths per major unit of a currency
LARGEST = 10**15  # 100 billion major units; larger is a row error, never an overflow
# ten-thousandths: what converting rows one by one, each rounded to four places, may
# leave of an invoice or a credit that was used to the last coin of its own currency
ROUNDING = 5

# ISO 4217, digits after the point; all others have two
_BY_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
CURRENCY_PLACES = {
    code: places for places, codes in _BY_PLACES.items() for code in codes.split()
}


def currency_places(currency: str) -> int:
    """Digits after the point of a currency, by ISO 4217.

    What people write without cents although they exist (the dinar of Serbia, say)
    keeps them: nobody's money is rounded away.

    >>> currency_places("JPY"), currency_places("RSD"), currency_places("KWD")
    (0, 2, 3)
    """
    return CURRENCY_PLACES.get(currency, 2)


def ten_thousandths(amount: Decimal | float | int | str) -> int:
    """Major units → ten-thousandths, rounded half-even.

    Raises:
        ValueError: if `amount` is not a finite number within ±`LARGEST`.

    >>> ten_thousandths("19.99"), ten_thousandths(0.1), ten_thousandths("0.00005")
    (199900, 1000, 0)
    """
    try:
        exact = Decimal(str(amount)) * UNITS
        is_too_large = abs(exact) > LARGEST  # before 1e999999 becomes an integer
    except (ArithmeticError, ValueError) as error:
        raise ValueError("not an amount of money") from error
    if is_too_large:
        raise ValueError(f"amount beyond ±{LARGEST // UNITS}")
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def convert(money: int, rate: Decimal) -> int:
    """Ten-thousandths of another currency → of the portfolio's, half-even.

    Raises:
        ValueError: if the result is beyond ±`LARGEST`.

    >>> convert(12_345, Decimal("0.5"))
    6172
    """
    numerator, denominator = rate.as_integer_ratio()
    whole, rest = divmod(money * numerator, denominator)
    doubled = 2 * rest
    if doubled > denominator or (doubled == denominator and whole % 2):
        whole += 1
    if abs(whole) > LARGEST:
        raise ValueError(f"amount beyond ±{LARGEST // UNITS}")
    return whole


def whole_money(product: float) -> int:
    """A product of money and a factor → ten-thousandths, never beyond `LARGEST`.

    >>> whole_money(12.5), whole_money(1e308 * 10) == LARGEST
    (12, True)
    """
    return round(min(max(product, -LARGEST), LARGEST))


def major_units(money: int) -> float:
    """Ten-thousandths → major units, for costs and for display.

    >>> major_units(199900)
    19.99
    """
    return money / UNITS
