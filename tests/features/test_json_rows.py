"""What the kernel reads of a body it reads as `rows.py` does, or it leaves it alone."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from features.contract import TABLES, ColumnSpec
from features.events import Events
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.reading import json_rows
from features.reading.json_rows import read_body
from features.reading.rows import read_rows
from features.settings import Attribute, PortfolioSettings
from serving.request_rows import request_body
from tests.sanitizers import under_sanitizers

pytestmark = pytest.mark.skipif(
    not json_rows.is_built(), reason="installed without a C compiler"
)
SOURCE = Path(json_rows.__file__).with_name("json_kernel.c")
LUMEN = Path(__file__).parents[2] / "data" / "samples" / "lumen"
SETTINGS = PortfolioSettings(
    currency="EUR",
    timezone="Europe/Brussels",
    attributes={
        "headcount": Attribute(type="number"),
        "deposit": Attribute(type="money"),
        "sector": Attribute(type="category"),
        "is_audited": Attribute(type="boolean"),
    },
)
NAMES = tuple(sorted(frozenset(TABLES) - {"snapshots"}))
MOMENTS = (
    *(f"2026-03-{day:02d}T0{day % 7}:00:00Z" for day in range(1, 29)),
    "2026-03-29T02:30:00+01:00",
    "2025-10-26T02:30:00.250+02:00",
    "2024-02-29T23:59:59.999999-11:30",
    "2026-06-30",
    "1999-12-31",
    "1970-01-01T00:00:00Z",
    "2044-12-31",
)
ODD_MOMENTS = (
    "2026-03-01 00:00:00Z",
    "2026-03-01T00:00:00",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-03-01T24:00:00Z",
    "9999-12-31",
    "0001-01-01",
    "1969-12-31T23:59:59Z",
    "2026-03-01T00:00:00.1234567Z",
    " 2026-03-01",
    20260301,
)
PLAIN: dict[str, tuple[object, ...]] = {
    "text": ("a", "b", "c-1", "société", "☃", "a/b", "\U0001f600", 4711, 0, None, ""),
    "moment": MOMENTS,
    "day": MOMENTS,
    "money": (0, 1, 12.5, 0.1, 89192.539999999994, "19.99", 1e3, 0.00005, None, ""),
    "number": (0, 3, -2.5, 1e-7, 123456789012345678, "7", 0.1 + 0.2, -0.0, None),
    "integer": (0, 3, 30.0, "30", None),
    "boolean": (True, False, None),
}
ODD: dict[str, tuple[object, ...]] = {
    "text": (
        " ",
        "\u00a0",
        "\u2003 \u3000",
        "tab\t",
        'quo"te',
        1.5,
        -3,
        True,
        ["a"],
        "\0",
        "x" * 50,
    ),
    "moment": ODD_MOMENTS,
    "day": ODD_MOMENTS,
    "money": (-1, "1e400", "12,5", 1e12, True, "-0", 0.99995, 1e308),
    "number": ("nan", "1_000", "٣", 1e308, {}, 10**400),
    "integer": ("1.5", "", []),
    "boolean": (1, 0, "true", "no", 2),
    "choice": ("other", "unknown", " active", 3, None, ""),
}


UNKNOWN_VALUES = (
    None,
    True,
    -1.5e3,
    12345678901234567890,
    "",
    'two\nlines of "société" \\ \U0001f600\b\f\t\r',
)


def cell(column: ColumnSpec, dice: random.Random, oddness: float) -> object:
    if column.name == "retracted":
        return dice.random() < oddness
    if column.name == "currency":
        return "USD" if dice.random() < oddness else dice.choice(("EUR", None))
    if column.name == "customer_id":
        return "eve" if dice.random() < oddness else "ann"
    if dice.random() < oddness:
        return dice.choice(ODD[column.kind])
    if column.kind == "choice":
        return dice.choice(column.choices)
    found = dice.choice(PLAIN[column.kind])
    return "x" if column.is_required and found in (None, "") else found


def row(table: str, dice: random.Random, oddness: float) -> dict[str, object]:
    columns = list(SETTINGS.columns[table])
    if dice.random() < 0.1:
        dice.shuffle(columns)
    made = {
        column.name: cell(column, dice, oddness)
        for column in columns
        if dice.random() < (0.98 if column.is_required else 0.6)
    }
    if dice.random() > oddness:  # mostly known as it happens
        made.pop("known_at", None)
        made.pop("retracted", None)
    if dice.random() < 0.05:
        name = dice.choice(("nobody_knows", "note", "numéro", ""))
        made[name] = dice.choice(UNKNOWN_VALUES)
    return made


def body(dice: random.Random, oddness: float) -> bytes:
    tables = dice.sample(NAMES, dice.randint(1, 4))
    events = {
        name: [row(name, dice, oddness) for _ in range(dice.randint(0, 5))]
        for name in tables
    }
    for rows in events.values():
        if rows and dice.random() < 0.05:  # sent twice
            rows.insert(dice.randint(0, len(rows)), dice.choice(rows))
    content: dict[str, Any] = {"customer_id": "ann", "events": events}
    if dice.random() < 0.5:
        content = {"as_of": "2026-07-01T00:00:00Z", **content, "observed": {"x": [1]}}
    style: dict[str, Any] = {"indent": 1} if dice.random() < 0.1 else {}
    is_plain = dice.random() < 0.5
    text = json.dumps(content, ensure_ascii=not is_plain, **style)
    return (text if is_plain else text.replace("/", "\\/")).encode()


def same(one: Events, other: Events) -> bool:
    for name, columns in one.tables.items():
        theirs = other.tables[name]
        assert columns.keys() == theirs.keys()
        for column, values in columns.items():
            assert values.dtype == theirs[column].dtype, (name, column)
            is_same = (
                values.tolist() == theirs[column].tolist()
                if values.dtype == object
                else values.tobytes() == theirs[column].tobytes()
            )
            assert is_same, (name, column, values, theirs[column])
    return one.rejected == other.rejected


def agrees(text: bytes, settings: PortfolioSettings = SETTINGS) -> bool:
    """Whether the kernel read the body; if so, then as `rows.py` does."""
    found = read_body(text, settings)
    if found is None:
        return False
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError:  # then what is wrong stands in the rest, which is read as well
        with pytest.raises(ValueError, match="line"):
            from_json(found.rest, allow_inf_nan=False)
        return False
    rest = from_json(found.rest, allow_inf_nan=False)
    assert rest == content | {"events": {}}
    assert sorted(found.tables) == sorted(content["events"])
    customer_id = content.get("customer_id")
    if not isinstance(customer_id, str) or not customer_id.strip():
        return False
    if found.named not in (None, customer_id):
        return False
    slow, broken, warnings = read_rows(customer_id, content["events"], settings)
    assert not broken
    assert not warnings
    unknown = {
        (name, column)
        for name, rows in content["events"].items()
        for column in set().union(*rows) - {c.name for c in settings.columns[name]}
    }
    assert set(found.unknown) == unknown
    assert len(found.unknown) == len(unknown)
    assert same(slow, found.events(customer_id))
    return True


def bodies(portfolio: Portfolio) -> list[bytes]:
    """As a portfolio knows its customers, one body each."""
    moment = to_datetime(portfolio.observed_until)
    return [
        json.dumps(request_body(events, moment, portfolio.settings)).encode()
        for events in portfolio.iter_events(portfolio.customer_ids[:300])
    ]


def test_a_sample_is_read_whole() -> None:
    portfolio = Portfolio.open(LUMEN)
    read = [agrees(text, portfolio.settings) for text in bodies(portfolio)]
    assert all(read)  # corrections too


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.0, 0.01, 0.05]))
def test_whatever_is_read_is_read_alike(seed: int, oddness: float) -> None:
    agrees(body(random.Random(seed), oddness))


def test_plain_rows_are_mostly_read() -> None:
    dice = random.Random(1)
    assert sum(agrees(body(dice, 0.0)) for _ in range(300)) > 100


@pytest.mark.long
def test_a_hundred_thousand_rows_are_read_alike() -> None:
    dice, n_rows, n_read = random.Random(2), 0, 0
    while n_rows < 100_000:
        text = body(dice, dice.choice((0.0, 0.0, 0.02)))
        n_rows += sum(map(len, json.loads(text)["events"].values()))
        n_read += agrees(text)
    assert n_read > 5_000


def mangled(text: bytes, dice: random.Random) -> bytes:
    """The body with a few bytes changed, lost, doubled or cut off."""
    content = bytearray(text)
    for _ in range(dice.randint(1, 3)):
        if len(content) < 2:
            break
        at = dice.randrange(len(content))
        match dice.randrange(5):
            case 0:
                content[at] = dice.randrange(256)
            case 1:
                del content[at]
            case 2:
                content[at:at] = dice.choice(
                    (b'"', b"{", b"]", b",", b"\\", b"0", b"\xff")
                )
            case 3:
                content[at : at + 20] = content[at : at + 40]
            case _:
                del content[at : at + dice.randint(1, 60)]
    return bytes(content)


@pytest.mark.parametrize(
    "n", [2_000, pytest.param(100_000, marks=pytest.mark.long, id="many")]
)
def test_damaged_bodies_are_left_alone_or_read_alike(n: int) -> None:
    """What is no JSON within the rows is never read."""
    dice = random.Random(3)
    for _ in range(n):
        agrees(mangled(body(dice, 0.0), dice))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"customer_id": "ann"}', id="no events"),
        pytest.param(b'{"events": {}, "events": {}}', id="events twice"),
        pytest.param(b'{"events": {"holds": [], "holds": []}}', id="a table twice"),
        pytest.param(b'{"events": {"nothing": []}}', id="an unknown table"),
        pytest.param(b'{"events": {"holds": null}}', id="no list"),
        pytest.param(b'{"events": {}} {}', id="something behind"),
        pytest.param(
            b'{"events": {"customers": [{"segment": "a", "segment": "b"}]}}',
            id="a column twice",
        ),
        pytest.param(
            b'{"events": {"customers": [{"segment": "\xff"}]}}', id="not UTF-8"
        ),
        *(
            pytest.param(
                b'{"events": {"customers": [{"segment": "%s"}]}}' % text, id=name
            )
            for text, name in (
                (b"a\\u0000b", "a zero"),
                (b"a\\nb", "a control character"),
                (b"\\ud83d", "half a character"),
                (b"\\ud83d\\u0041", "half a character and another"),
                (b"\\u12g4", "no hexadecimal digit"),
                (b"\\x", "no escape"),
                (b"cut off\\", "an escaped quote at the end"),
            )
        ),
        pytest.param(
            b'{"events": {"customers": [{"customer_id": "a"}, {"customer_id": "b"}]}}',
            id="two customers",
        ),
    ],
)
def test_what_is_odd_is_left_alone(text: bytes) -> None:
    assert read_body(text, SETTINGS) is None


def test_texts_may_be_escaped() -> None:
    text = json.dumps(
        {
            "customer_id": "ann",
            "events": {"customers": [{"segment": 'é/"\\ \U0001f600'}]},
        }
    )
    assert "\\u00e9" in text
    assert agrees(text.replace("/", "\\/").encode())


def test_corrections_follow_one_another() -> None:
    costs = [(3, 30.0), (1, 10.0), (2, 20.0)]
    rows = [
        {
            "event_at": "2026-03-01T00:00:00Z",
            "known_at": f"2026-03-0{day}T00:00:00Z",
            "cost": cost,
        }
        for day, cost in costs
    ]
    text = json.dumps({"customer_id": "ann", "events": {"usage": rows}}).encode()
    assert agrees(text)


def test_columns_nobody_knows_are_left_out_and_named() -> None:
    rows = [
        {"event_at": "2026-03-01", "reason": "a", "kind": "legal", "memo": "é\n"},
        {"event_at": "2026-03-02", "reason": "a", "kind": "legal", "n": 1, "memo": ""},
    ]
    text = json.dumps({"customer_id": "ann", "events": {"holds": rows}}).encode()
    assert agrees(text)
    found = read_body(text, SETTINGS)
    assert found is not None
    assert sorted(found.unknown) == [("holds", "memo"), ("holds", "n")]


@pytest.mark.parametrize(
    "value",
    [b"[]", b"{}", b"1e999", b"01", b'"\\ud800"', b'"\\x"', b'"\xff"', b'"\x01"'],
)
def test_values_of_unknown_columns_are_json(value: bytes) -> None:
    row = b'{"segment": "a", "nobody_knows": %s}' % value
    text = b'{"customer_id": "ann", "events": {"customers": [%s]}}' % row
    assert read_body(text, SETTINGS) is None


def test_a_row_that_is_sent_twice_counts_once() -> None:
    row = {"event_at": "2026-03-01T00:00:00Z", "cost": 30.0}
    later = {**row, "known_at": "2026-03-02T00:00:00Z", "cost": 20.0}
    usage = [row, later, row, later, {**row, "event_at": "2026-03-03T00:00:00Z"}]
    text = json.dumps({"customer_id": "ann", "events": {"usage": usage}}).encode()
    assert agrees(text)


def test_rows_of_one_moment_that_differ_are_left_alone() -> None:
    row = {"event_at": "2026-03-01T00:00:00Z", "cost": 30.0}
    usage = [row, {**row, "cost": 20.0}]
    text = json.dumps({"customer_id": "ann", "events": {"usage": usage}}).encode()
    assert read_body(text, SETTINGS) is None


SANITIZED = """
import ctypes
import sys
from features.reading import json_rows
library = ctypes.CDLL("./kernel.so")
library.reader_new.restype = ctypes.c_void_p
json_rows._library = lambda: library
from pathlib import Path
from features.reading.json_rows import read_body
from features.settings import PortfolioSettings
settings = PortfolioSettings(currency="EUR", timezone="Europe/Brussels")
lines = Path("bodies").read_bytes().split(b"\\xfe\\xfe")
print(sum(read_body(line, settings) is not None for line in lines))
"""


@pytest.mark.slow
def test_the_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    """Under AddressSanitizer and UndefinedBehaviorSanitizer, every finding fatal."""
    dice = random.Random(4)
    made = [body(dice, dice.choice((0.0, 0.02))) for _ in range(1_000)]
    made += [mangled(text, dice) for text in made for _ in range(3)]
    (tmp_path / "bodies").write_bytes(b"\xfe\xfe".join(made))
    assert int(under_sanitizers(tmp_path, SOURCE, SANITIZED)) > 100
