"""How a table of one's own spells a column: words, numbers and dates → the contract's.

Whole columns at a time, by regular expressions that take linear time (RE2). A cell
that is not spelt as declared breaks a rule; nothing is guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from features.arrays import BoolArray, IntArray
from features.contract import MOMENT_KINDS
from features.moments import DAY_US, EARLIEST, LATEST

NUMBER_KINDS = frozenset({"money", "number", "integer"})
UNITS_US = {"s": 1_000_000, "ms": 1_000, "us": 1}
# Offices write no-break spaces and typographic apostrophes for the plain ones
_GROUP_SIGNS = {" ": "[ \u00a0\u202f]", "'": "['’]"}
_ISO = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$"
_CLOCK = ("hh", "mm", "ss")
_QUARTER_US = 15 * 60 * 1_000_000  # clocks change on a quarter of an hour


@dataclass(frozen=True, slots=True)
class Spelling:
    """What `columns:` of portfolio.yaml says about the cells of one column."""

    values: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."
    thousands: str | None = None
    format: str | None = None
    zone: ZoneInfo | None = None  # of moments without an offset

    def in_contract(
        self, cells: pa.Array, kind: str
    ) -> tuple[pa.Array, BoolArray | None]:
        """Cells as the contract spells them, and which are not spelt as declared."""
        if self.values:
            cells = self._translated(cells)
        if kind in NUMBER_KINDS and types.is_string(cells.type):
            return self._numbers(cells)
        if kind in MOMENT_KINDS and types.is_timestamp(cells.type):
            return self._timestamps(cells)
        is_written = types.is_string(cells.type) or types.is_integer(cells.type)
        if self.format is not None and is_written:
            return self._dates(cells.cast(pa.string()), self.format)
        return cells, None

    def _translated(self, cells: pa.Array) -> pa.Array:
        """Own words → the contract's; a word that is not listed stays."""
        texts = cells.cast(pa.string())
        if "" in self.values:
            texts = texts.fill_null("")
        encoded = texts.dictionary_encode()
        meant = [self.values.get(w, w) for w in encoded.dictionary.to_pylist()]
        words = pa.array([word or None for word in meant], pa.string())
        return words.take(encoded.indices)

    def _numbers(self, cells: pa.Array) -> tuple[pa.Array, BoolArray | None]:
        if self.decimal == "." and self.thousands is None:
            return cells, None
        groups = ""
        if self.thousands is not None:
            sign = _GROUP_SIGNS.get(self.thousands, re.escape(self.thousands))
            groups = rf"[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+|"
        point = re.escape(self.decimal)
        pattern = (
            rf"^\s*[+-]?(?:(?:{groups}[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+)"
            r"(?:[eE][+-]?[0-9]+)?\s*$"
        )
        cells, misfits = _fitting(cells, pattern)
        if self.thousands is not None:
            cells = pc.replace_substring_regex(cells, sign, "")
        return pc.replace_substring(cells, self.decimal, "."), misfits

    def _dates(
        self, cells: pa.Array, format_: str
    ) -> tuple[pa.Array, BoolArray | None]:
        pattern, iso = date_format(format_)
        # ISO 8601 is never in doubt, and what a workbook's true dates become
        cells, misfits = _fitting(cells, rf"^\s*{pattern}\s*$|{_ISO}")
        cells = pc.replace_substring_regex(cells, rf"^\s*{pattern}\s*$", iso)
        # one digit was given a leading zero, two digits one too many
        return pc.replace_substring_regex(cells, "([-T:])0([0-9]{2})", r"\1\2"), misfits

    def _timestamps(self, cells: pa.Array) -> tuple[pa.Array, BoolArray | None]:
        """Instants stay; clock times get the zone; midnights of a date format days."""
        if cells.type.tz is not None:
            return cells, None
        clock, is_fine = microseconds_of(cells)
        if self.format is not None and "hh" not in self.format:
            is_fine = is_fine & (clock % DAY_US == 0)
            days = pa.array((clock // DAY_US).astype(np.int32), mask=~is_fine)
            read = days.cast(pa.date32())
        elif self.zone is not None:
            moments = pa.array(clock - _offsets(clock, self.zone), mask=~is_fine)
            read = moments.cast(pa.timestamp("us", "UTC"))
        else:
            return cells, None
        return read, np.asarray(cells.is_valid()) & ~is_fine


def date_format(format_: str) -> tuple[str, str]:
    r"""The pattern of a date format, and the ISO 8601 text of its groups.

    DD, MM, hh and the others also stand for one digit, unless digits follow at once.

    Raises:
        ValueError: if it does not name a day, or names a part twice.

    >>> date_format("DD.MM.YYYY")
    ('([0-9]{1,2})\\.([0-9]{1,2})\\.([0-9]{4})', '\\3-0\\2-0\\1')
    """
    pieces = re.split("(YYYY|MM|DD|hh|mm|ss)", format_)
    tokens, signs = pieces[1::2], pieces[2:-1:2]
    literals = "".join(pieces[0::2]).replace("T", "")
    if any(map(str.isalnum, literals)) or len(set(tokens)) < len(tokens):
        raise ValueError(f"{format_!r} is no date format: write such as DD.MM.YYYY")
    times = tuple(token for token in _CLOCK if token in tokens)
    if not {"YYYY", "MM", "DD"} <= {*tokens} or times != _CLOCK[: len(times)]:
        raise ValueError(
            f"{format_!r} must have YYYY, MM and DD, and may have hh, mm, ss"
        )
    width = "{1,2}" if all(signs) else "{2}"
    widths = dict.fromkeys(tokens, width) | {"YYYY": "{4}"}
    pattern = "".join(
        f"([0-9]{widths[piece]})" if piece in widths else re.escape(piece)
        for piece in pieces
    )
    place = {token: rf"\{number}" for number, token in enumerate(tokens, start=1)}
    iso = f"{place['YYYY']}-0{place['MM']}-0{place['DD']}"
    if times:
        clock = [f"0{place[token]}" if token in place else "00" for token in _CLOCK]
        iso += "T" + ":".join(clock)
    return pattern, iso


def microseconds_of(stamps: pa.Array) -> tuple[IntArray, BoolArray]:
    """Timestamps of any unit as microseconds, and which are there.

    What lies beyond `EARLIEST` or `LATEST` is read as these.
    """
    raw = np.asarray(stamps.cast(pa.int64()).fill_null(0))
    is_fine = np.asarray(stamps.is_valid())
    if stamps.type.unit == "ns":
        return raw // 1_000, is_fine
    unit = UNITS_US[stamps.type.unit]
    return np.clip(raw, EARLIEST // unit, LATEST // unit) * unit, is_fine


def _fitting(cells: pa.Array, pattern: str) -> tuple[pa.Array, BoolArray]:
    """Cells that match or are blank; the others missing, and which these are."""
    fits = pc.match_substring_regex(cells, rf"{pattern}|^\s*$").fill_null(True)
    return pc.if_else(fits, cells, pa.scalar(None, pa.string())), ~np.asarray(fits)


def _offsets(clock: IntArray, zone: ZoneInfo) -> IntArray:
    """Microseconds that clocks of `zone` are ahead of UTC; of two the summer's."""
    quarters, which = np.unique(clock // _QUARTER_US, return_inverse=True)
    offsets = [_offset(int(quarter) * _QUARTER_US, zone) for quarter in quarters]
    return np.array(offsets, np.int64)[which]


def _offset(clock_us: int, zone: ZoneInfo) -> int:
    naive = datetime(1970, 1, 1) + timedelta(microseconds=clock_us)  # noqa: DTZ001
    local = naive.replace(tzinfo=zone)
    return (naive.replace(tzinfo=UTC) - local) // timedelta(microseconds=1)
