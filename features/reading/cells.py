"""One cell's value: what it means in the normal form, or the rule it breaks.

The rules of single cells, stated once. JSON rows call these functions per cell;
tables call them per distinct value and have quick ways for the plain cases.
A missing cell is `None`, and so is an empty text, whatever the source.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from features.contract import ColumnSpec
from features.moments import (
    EARLIEST,
    EPOCH,
    LATEST,
    MomentError,
    microseconds,
    parse_moment,
)
from features.money import UNITS, ten_thousandths

Parser = Callable[[object], object]

# Ids are far shorter, and a longer integer takes quadratic time to write
LARGEST_ID = 10**38
EXACT_FLOAT = 2**53  # above it a float is no longer one whole number
# Below this many ten-thousandths the error of a float product is under 0.002, so
# a product farther than that from a tie rounds as the exact decimal would
QUICK_LIMIT = float(2**43)
QUICK_MARGIN = 0.49
EARLIEST_S, LATEST_S = EARLIEST // 1_000_000, LATEST // 1_000_000
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


class CellError(ValueError):
    """A cell that cannot stand; `rule` is the name of the row rule it breaks."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def cell_parser(
    column: ColumnSpec, zone: ZoneInfo, clock: ZoneInfo | None = None
) -> Parser:
    """The function that reads one cell of `column`.

    `zone` is where a plain date lies; `clock` where a time without offset was written,
    which is an error unless a table declares it.

    It returns None for a missing cell, else text, bool, float (numbers), or int
    (money in ten-thousandths, moments in microseconds), and raises `CellError`.
    """
    if column.kind in ("moment", "day"):
        return _moment_parser(zone, clock)
    if column.kind == "choice":
        return _choice_parser(column)
    if column.kind == "money":
        return read_money if column.may_be_negative else read_amount
    return _PARSERS[column.kind]


def read_text(value: object) -> str | None:
    """Text as it stands; whole numbers become their digits (ids are often numbers)."""
    if type(value) is str:
        if "\0" in value:  # databases cut text there, so two ids could become one
            raise CellError("bad_text")
        return value or None
    if value is None or value != value:  # NaN stands for missing in data frames
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise CellError("bad_text")
    largest = EXACT_FLOAT if isinstance(value, float) else LARGEST_ID
    if not -largest <= value <= largest or value != int(value):
        raise CellError("bad_text")
    return str(int(value))


def read_number(value: object) -> float | None:
    """A finite number, or its text; NaN is missing."""
    if type(value) is int or (type(value) is float and value == value):
        pass
    elif isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        # `float` reads digits of any script and 1_000 too
        if not text.isascii() or "_" in text:
            raise CellError("bad_number")
        value = text
    elif value is None or value != value:
        return None
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise CellError("bad_number")
    try:
        number = float(value) + 0.0  # no negative zero
    except (ValueError, OverflowError) as error:
        raise CellError("bad_number") from error
    if number - number != 0.0:  # infinite, or the text "nan"
        raise CellError("bad_number")
    return number


def read_money(value: object) -> int | None:
    """An amount in major units → ten-thousandths, rounded half-even."""
    if type(value) is float and value - value == 0.0:  # finite: no need to look closer
        number: float | None = value
    else:
        number = read_number(value)
    if number is None:
        return None
    product = number * UNITS
    if -QUICK_LIMIT < product < QUICK_LIMIT:
        whole = round(product)
        if -QUICK_MARGIN < product - whole < QUICK_MARGIN:
            return whole
    try:
        return ten_thousandths(value.strip() if isinstance(value, str) else value)  # type: ignore[arg-type]
    except ValueError as error:
        raise CellError("amount_too_large") from error


def read_amount(value: object) -> int | None:
    """`read_money` where a negative amount cannot be."""
    money = read_money(value)
    if money is not None and money < 0:
        raise CellError("negative_amount")
    return money


def read_boolean(value: object) -> bool | None:
    """true/false as boolean, as text in any case, or as 0 and 1."""
    if type(value) is bool or value is None:
        return value
    if isinstance(value, str):
        text = value.strip().lower()
        if not text:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
    elif isinstance(value, int | float | Decimal):
        if value != value:
            return None
        if value in (0, 1):
            return bool(value)
    raise CellError("bad_boolean")


def _choice_parser(column: ColumnSpec) -> Parser:
    choices = frozenset(column.choices)

    def read_choice(value: object) -> str | None:
        """One of the column's words; None for an empty cell."""
        if type(value) is str and value in choices:
            return value
        text = value.strip() if isinstance(value, str) else read_text(value)
        if not text or text in choices:
            return text or None
        if column.is_open:
            return "other"
        raise CellError("unknown_choice")

    return read_choice


def _moment_parser(zone: ZoneInfo, clock: ZoneInfo | None) -> Parser:
    """Reads moments; without an offset they are of `clock`, or refused."""

    def read_moment(value: object) -> int | None:
        """Microseconds since 1970 UTC; None for an empty cell."""
        if type(value) is str and len(value) > 10 and value[4] == value[7] == "-":
            try:  # the usual case without a call: API rows have two moments each
                since = datetime.fromisoformat(value) - EPOCH
            except (ValueError, TypeError):
                pass  # the parser names the rule
            else:
                seconds = since.days * 86_400 + since.seconds
                if EARLIEST_S <= seconds < LATEST_S:
                    return seconds * 1_000_000 + since.microseconds
        try:
            try:
                return parse_moment(value, zone)
            except MomentError as error:
                if error.rule != "naive_time" or clock is None:
                    raise
            local = datetime.fromisoformat(str(value).strip())
            return microseconds(local.replace(tzinfo=clock))
        except MomentError as error:
            raise CellError(error.rule) from error

    return read_moment


_PARSERS: dict[str, Parser] = {
    "text": read_text,
    "number": read_number,
    "integer": read_number,
    "boolean": read_boolean,
}
