"""No parser may cost more than linear time in its input, however odd that is.

Python's own steps are counted (opcodes, with `sys.settrace`), which no other job on the
machine changes. What happens within one call of a C library is not seen by that, so the
CPU time is compared as well: sixteen times the input may take 64 times as long, where
linear work takes 16 times and quadratic work 256 times.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contract import ColumnKind, ColumnSpec
from features.reading.cells import CellError, cell_parser
from features.reading.columns import read_column
from features.reading.csv_file import header
from features.reading.rejects import RejectCounter
from features.reading.settings_yaml import SettingsYamlError, plain_texts, read_mapping
from features.reading.spelling import Spelling, date_format

Parse: TypeAlias = Callable[[str], object]

UTC = ZoneInfo("UTC")
KINDS: tuple[ColumnKind, ...] = ("text", "moment", "money", "number", "boolean")
SPELLINGS = {
    "money": Spelling(decimal=",", thousands="."),
    "moment": Spelling(format="DD.MM.YYYY hh:mm", zone=UTC),
    "text": Spelling(values={"paid": "succeeded"}),
}


def _spec(kind: ColumnKind) -> ColumnSpec:
    return ColumnSpec("cell", kind, may_be_negative=True)


def _column(kind: ColumnKind, spelling: Spelling | None = None) -> Parse:
    def parse(text: str) -> object:
        return read_column(pa.chunked_array([[text]]), _spec(kind), UTC, spelling)

    return parse


def _reject(text: str) -> object:
    counter = RejectCounter()
    counter.add("payments", "bad_number", "amount", "row 1", text)
    return counter.rejects()


PARSERS: dict[str, Parse] = {
    **{f"cell of {kind}": cell_parser(_spec(kind), UTC, UTC) for kind in KINDS},
    "cell of choice": cell_parser(ColumnSpec("cell", "choice"), UTC),
    **{f"column of {kind}": _column(kind) for kind in KINDS},
    **{
        f"column of {kind} as spelt": _column(kind, SPELLINGS[kind])
        for kind in ("money", "moment", "text")
    },
    "date format": date_format,
    "example of a reject": _reject,
}
# Pieces whose repetition has caught parsers out; the end makes the whole fail late
PIECES = ["1", "12", " ", "-", ".", "1.", "1,", ".123", "e1", "_", "D", "\u00a0", "é"]
STARTS = ["", "1", "-", "1.", "1e", "2026-01-01T00:00:00.", "0.", "1.", '"']
ENDS = ["", "x", "1", ".", " x", "Z", "\n"]


def steps(parse: Parse, text: str) -> int:
    """Opcodes of Python that reading `text` takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:  # noqa: ANN401
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(ValueError):
            parse(text)
    finally:
        sys.settrace(before)
    return count


def seconds(parse: Parse, text: str) -> float:
    """CPU seconds, the least of three."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        with contextlib.suppress(ValueError):
            parse(text)
        spent.append(time.process_time() - start)
    return min(spent)


@pytest.mark.parametrize("name", PARSERS)
@given(
    start=st.sampled_from(STARTS),
    piece=st.sampled_from(PIECES),
    end=st.sampled_from(ENDS),
)
@settings(max_examples=25)
def test_a_cell_takes_linear_time(name: str, start: str, piece: str, end: str) -> None:
    parse = PARSERS[name]
    parse_twice = [start + piece * n + end for n in (4_000, 64_000)]
    short, long = (steps(parse, text) for text in parse_twice)
    assert long <= 20 * short
    short_s, long_s = (seconds(parse, text) for text in parse_twice)
    assert long_s <= max(64 * short_s, 0.02)


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        ("a: ", "9", ""),
        ("a: ", "9", "x"),
        ("a: 1", ":1", ""),
        ("a: ", "1_", "."),
        ("a: '", "x", "'"),
        ("a: [", "x, ", "]"),
        ("", "\n", "a: 1"),
        ("a: ", "[", ""),
        ("", "- ", "a"),
        ("a: ", "? ", "a"),
        ("a: ", "&b ", "c"),
        ("a: [", "{b: c}, ", "]"),
    ],
)
@pytest.mark.parametrize("read", [read_mapping, plain_texts])
def test_a_settings_file_takes_linear_time(
    read: Parse, start: str, piece: str, end: str
) -> None:
    short, long = (steps(read, start + piece * n + end) for n in (100, 800))
    assert long <= 10 * short


@pytest.mark.parametrize("piece", ["a,", '"', "a;b\n", '""', "\r", '"a\n",', "a"])
def test_a_csv_header_takes_linear_time(piece: str, tmp_path: Path) -> None:
    def read(text: str) -> object:
        file = tmp_path / "customers.csv"
        file.write_text(text, newline="")
        return header(file)

    def parse(text: str) -> object:
        with contextlib.suppress(Exception):
            read(text)
        return None

    short, long = (steps(parse, piece * n) for n in (2_000, 16_000))
    assert long <= 10 * short
    assert seconds(parse, piece * 256_000) <= max(
        64 * seconds(parse, piece * 16_000), 1
    )


def test_the_count_sees_quadratic_work() -> None:
    """The measure itself: a parser that looks at every rest of its text."""

    def quadratic(text: str) -> object:
        return [character for n in range(len(text)) for character in text[n:]]

    assert steps(quadratic, "1" * 400) > 12 * steps(quadratic, "1" * 100)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(10**5_000, id="5,000 digits"),
        pytest.param(Decimal("1e999999"), id="a million zeros"),
        pytest.param(1e300, id="a float without its units"),
        pytest.param(float("inf"), id="infinite"),
    ],
)
def test_a_number_that_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(CellError, match="bad_text"):
        cell_parser(_spec("text"), UTC)(value)


@pytest.mark.parametrize(
    "said",
    [
        "materiality: " + "9" * 5_000,
        "observed_until: 2026-13-45",
        "a: " + "[" * 3_000,
        "a: &x [1]\nb: *x",
        "currency: EUR\ncurrency: USD",
        "a: 1" + ":1" * 5_000,
        "- a list",
        "a: [1",
        "a: \x00",
    ],
)
def test_an_impossible_settings_file_is_refused(said: str) -> None:
    with pytest.raises(SettingsYamlError):
        read_mapping(said)
