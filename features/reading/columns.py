"""One column of a table as found → its normal form and the rules its cells break.

Any plain Arrow type is read. Common cases are vectorised; the rest goes through
the parser of `features.reading.cells`, once per distinct value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from features.arrays import BoolArray, FloatArray
from features.contract import MOMENT_KINDS, ColumnSpec
from features.events import FLOAT_KINDS, INT64_KINDS
from features.moments import DAY_ZERO, EARLIEST, LATEST, ends_of_days
from features.money import UNITS
from features.reading.cells import (
    QUICK_LIMIT,
    QUICK_MARGIN,
    CellError,
    Parser,
    cell_parser,
)
from features.reading.spelling import Spelling, microseconds_of

Codes: TypeAlias = npt.NDArray[np.int16]

# Short enough that text → float64 → ten-thousandths keeps the quick margin
_PLAIN_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"
_INSTANT = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?"
    "(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_DATE_BYTES = len("2026-06-30")
_FIRST_DAY = date(2, 1, 1).toordinal() - DAY_ZERO
_LAST_DAY = date(9998, 12, 31).toordinal() - DAY_ZERO


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """Values with nulls for missing and broken cells, shape (n,).

    `broken[row]` is 0, or 1 + the place in `rules` of the rule the cell breaks.
    """

    values: pa.Array
    broken: Codes
    rules: Sequence[str] = ()


def arrow_type(column: ColumnSpec) -> pa.DataType:
    """The type of a column of this kind in normal form."""
    if column.kind in INT64_KINDS:
        return pa.int64()
    if column.kind == "boolean":
        return pa.bool_()
    return pa.float64() if column.kind in FLOAT_KINDS else pa.string()


def read_column(
    cells: pa.ChunkedArray,
    column: ColumnSpec,
    zone: ZoneInfo,
    spelling: Spelling | None = None,
) -> ReadColumn:
    """Read every cell of `column`; see `ReadColumn`."""
    array = _plain(cells)
    if spelling is None or not (_is_readable(array.type) or _is_moment(array.type)):
        return _read(array, column, cell_parser(column, zone), zone)
    array, misfits = spelling.in_contract(array, column.kind)
    parse = cell_parser(column, zone, spelling.zone)
    read = _read(array, column, parse, zone)
    if misfits is None or not misfits.any():
        return read
    rules = (*read.rules, "bad_time" if column.kind in MOMENT_KINDS else "bad_number")
    broken = np.where(misfits, np.int16(len(rules)), read.broken)
    return ReadColumn(read.values, broken, rules)


def _read(
    array: pa.Array, column: ColumnSpec, parse: Parser, zone: ZoneInfo
) -> ReadColumn:
    kind = column.kind
    if types.is_null(array.type):
        return _fine(pa.nulls(len(array), arrow_type(column)))
    if kind in MOMENT_KINDS:
        return _moments(array, parse, zone)
    if kind == "boolean" and types.is_boolean(array.type):
        return _fine(array)
    if kind == "text" and types.is_string(array.type):
        return _texts(array)
    if kind == "text" and types.is_integer(array.type):
        return _fine(array.cast(pa.string()))
    if not _is_readable(array.type):
        return _wrong(array, parse, arrow_type(column))
    if kind == "money":
        return _money(array, parse, may_be_negative=column.may_be_negative)
    if kind == "number" and not types.is_decimal(array.type):
        return _numbers(array, parse)
    return _by_distinct(array, parse, arrow_type(column))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array without dictionaries, views or large offsets."""
    type_ = column.type
    if types.is_dictionary(type_):
        column, type_ = column.cast(type_.value_type), type_.value_type
    if types.is_large_string(type_) or types.is_string_view(type_):
        column = column.cast(pa.string())
    elif types.is_binary(type_) or types.is_large_binary(type_):
        column = _as_text(column)
    elif types.is_date64(type_):
        column = column.cast(pa.date32())
    return (
        pa.concat_arrays(column.chunks)
        if column.num_chunks
        else pa.array([], column.type)
    )


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Old writers store text as bytes."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8: left as it is, and refused as no text
        return column


def _is_moment(type_: pa.DataType) -> bool:
    return bool(types.is_timestamp(type_) or types.is_null(type_))


def _is_readable(type_: pa.DataType) -> bool:
    return bool(
        types.is_string(type_)
        or types.is_integer(type_)
        or types.is_floating(type_)
        or types.is_decimal(type_)
        or types.is_boolean(type_)
        or types.is_date(type_)
    )


def _fine(values: pa.Array) -> ReadColumn:
    return ReadColumn(values, np.zeros(len(values), np.int16))


def _texts(array: pa.Array) -> ReadColumn:
    if not _may_hold_empty(array) and not _may_hold_nul(array):
        return _fine(array)
    values = pc.if_else(pc.equal(array, ""), None, array)
    has_nul = _mask(pc.match_substring(values, "\0").fill_null(False))
    if not has_nul.any():
        return _fine(values)
    values = pc.if_else(pa.array(has_nul), None, values)
    return ReadColumn(values, has_nul.astype(np.int16), ("bad_text",))


def _may_hold_empty(array: pa.Array) -> bool:
    """Whether a text is empty; by the lengths, which takes no look at the texts."""
    return bool(pc.min(pc.binary_length(array)).as_py() == 0)


def _may_hold_nul(array: pa.Array) -> bool:
    """Whether NUL stands in any text, or where a missing one had been."""
    _, _, texts = array.buffers()
    if texts is None or not texts.size:
        return False
    return int(np.frombuffer(texts, np.uint8).min()) == 0


def _wrong(array: pa.Array, parse: Parser, type_: pa.DataType) -> ReadColumn:
    """A type in which no cell can be read: the parser names the rule."""
    try:
        parse(object())
    except CellError as error:
        return _all_break(array, error.rule, type_)
    raise AssertionError("no parser accepts an arbitrary object")


def _all_break(array: pa.Array, rule: str, type_: pa.DataType) -> ReadColumn:
    broken = _mask(array.is_valid()).astype(np.int16)
    return ReadColumn(pa.nulls(len(array), type_), broken, (rule,))


def _by_distinct(array: pa.Array, parse: Parser, type_: pa.DataType) -> ReadColumn:
    encoded = array.dictionary_encode()
    values: list[object] = []
    codes: list[int] = []
    rules: list[str] = []
    for cell in encoded.dictionary.to_pylist():
        try:
            values.append(parse(cell))
            codes.append(0)
        except CellError as error:
            if error.rule not in rules:
                rules.append(error.rule)
            values.append(None)
            codes.append(1 + rules.index(error.rule))
    codes.append(0)  # a null cell breaks nothing here
    places = encoded.indices.fill_null(len(values)).to_numpy()
    broken = np.array(codes, np.int16)[places]
    return ReadColumn(pa.array(values, type_).take(encoded.indices), broken, rules)


def _moments(array: pa.Array, parse: Parser, zone: ZoneInfo) -> ReadColumn:
    if types.is_timestamp(array.type):
        return _timestamps(array)
    if types.is_date(array.type):
        return _dates(array, zone)
    if types.is_string(array.type):
        return _moment_texts(array, parse)
    return _wrong(array, parse, pa.int64())


def _timestamps(array: pa.Array) -> ReadColumn:
    if array.type.tz is None:
        return _all_break(array, "naive_time", pa.int64())
    moments, is_fine = microseconds_of(array)
    return _fine(pa.array(moments, mask=~is_fine))


def _moment_texts(array: pa.Array, parse: Parser) -> ReadColumn:
    """Instants are mostly distinct and read at once, plain dates by distinct day."""
    if pc.max(pc.binary_length(array)).as_py() in (None, _DATE_BYTES):
        return _by_distinct(array, parse, pa.int64())
    moments = _instants(array)
    if moments is None:  # some cells are no instants
        is_instant = pc.match_substring_regex(array, _INSTANT).fill_null(False)
        moments = _instants(pc.if_else(is_instant, array, pa.scalar(None, pa.string())))
    if moments is None:  # some day is not in the calendar
        return _by_distinct(array, parse, pa.int64())
    raw = moments.fill_null(LATEST).to_numpy()
    is_fine = (raw >= EARLIEST) & (raw < LATEST)
    return _mixed(array, pa.array(raw, mask=~is_fine), is_fine, parse)


def _instants(array: pa.Array) -> pa.Array | None:
    """Microseconds since 1970 UTC; None where a text is no instant of the calendar."""
    try:
        return array.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _dates(array: pa.Array, zone: ZoneInfo) -> ReadColumn:
    days = array.cast(pa.int32()).fill_null(0).to_numpy().astype(np.int64)
    is_valid = _mask(array.is_valid())
    moments = ends_of_days(np.clip(days, _FIRST_DAY, _LAST_DAY), zone)
    moments[days < _FIRST_DAY], moments[days > _LAST_DAY] = EARLIEST, LATEST
    return _fine(pa.array(moments, mask=~is_valid))


def _floats(array: pa.Array) -> FloatArray:
    """Numbers and plain texts of numbers as float64; everything else NaN."""
    if types.is_string(array.type):
        is_number = pc.match_substring_regex(array, _PLAIN_NUMBER)
        array = pc.if_else(is_number, array, pa.scalar(None, pa.string()))
    elif not (
        types.is_integer(array.type)
        or types.is_floating(array.type)
        or types.is_decimal(array.type)
    ):
        return np.full(len(array), np.nan)
    floats = array.cast(pa.float64(), safe=False)
    return np.asarray(floats.to_numpy(zero_copy_only=False), np.float64)


def _numbers(array: pa.Array, parse: Parser) -> ReadColumn:
    numbers = _floats(array)
    is_fine = np.isfinite(numbers)
    return _mixed(array, pa.array(numbers + 0.0, mask=~is_fine), is_fine, parse)


def _money(array: pa.Array, parse: Parser, *, may_be_negative: bool) -> ReadColumn:
    product = _floats(array) * UNITS
    with np.errstate(invalid="ignore"):
        whole = np.rint(product)
        is_fine = np.abs(product) < QUICK_LIMIT
        is_fine &= np.abs(product - whole) < QUICK_MARGIN
        if not may_be_negative:
            is_fine &= whole >= 0  # the parser names the rule
    money = np.where(is_fine, whole, 0.0).astype(np.int64)
    return _mixed(array, pa.array(money, mask=~is_fine), is_fine, parse)


def _mixed(
    array: pa.Array, quick: pa.Array, is_fine: BoolArray, parse: Parser
) -> ReadColumn:
    """The quick values, and the parser's for the cells that are not fine."""
    rest = np.flatnonzero(_mask(array.is_valid()) & ~is_fine)
    if not len(rest):
        return _fine(quick)
    slow = _by_distinct(array.take(pa.array(rest)), parse, quick.type)
    broken = np.zeros(len(array), np.int16)
    broken[rest] = slow.broken
    is_rest = np.zeros(len(array), np.bool_)
    is_rest[rest] = True
    values = pc.replace_with_mask(quick, pa.array(is_rest), slow.values)
    return ReadColumn(values, broken, slow.rules)


def _mask(array: pa.Array) -> BoolArray:
    return np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)
