"""Rows of the API and files of a portfolio: the same rules, the same normal form."""

import csv
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.contract import TABLES, ColumnSpec
from features.events import Events
from features.portfolio import Portfolio
from features.reading.rejects import Reject
from features.reading.rows import read_events
from features.settings import PortfolioSettings

Row = Mapping[str, str]
History = Mapping[str, Sequence[Row]]

SETTINGS = PortfolioSettings.model_validate(
    {
        "timezone": "Europe/Brussels",
        "rates": {"USD": 0.92},
        "attributes": {
            "utilisation": {"type": "number"},
            "plan": {"type": "category"},
            "pledge": {"type": "money", "from": "ageing"},
        },
        "exposure": {"open": "loan_amount", "clv": 100},
    }
)
GOOD = {
    "moment": (
        "2026-03-29",
        "2026-03-28",
        "2026-03-29T00:30:00Z",
        "2026-03-29T00:30:00.000001+00:00",
        "2026-03-29T02:34:00+01:00",
        "2026-03-29T23:00:00-02:30",
    ),
    "money": ("0", "10", "19.99", "0.00005", "0.00015", "1e3", " 7. ", "+.5", "1E-2"),
    "number": ("3", "-1.5", "0", "-0", "2e2", "0.1"),
    "boolean": ("true", "FALSE", "1", "0"),
    "text": ("x", "y", "é", " z", "12"),
}
BAD = {
    "moment": ("2026-03-29T02:30:00", "29/03/2026", "2026-02-30", "1", "2026-03-29T"),
    "money": ("-5", "ten", "1e12", "nan", "1,5", "inf", "-0.00002", "-0.00008"),
    "number": ("three", "inf", "1_0", "1e999"),
    "boolean": ("maybe", "2"),
    "text": (" ", "\u00a0\u2003"),
}


def _values(column: ColumnSpec, customer_id: str, table: str) -> st.SearchStrategy[str]:
    if column.name == "customer_id":
        return st.just(customer_id)
    if column.name in TABLES[table].key and column.name.endswith("_id"):
        return st.sampled_from([f"{customer_id}-{n}" for n in range(3)])
    good: tuple[str, ...]
    bad: tuple[str, ...]
    if column.name == "currency":
        good, bad = ("EUR", "USD"), ("XXX", "usd")
    elif column.kind == "choice":
        good, bad = column.choices[:3], ("no such",)
    else:
        kind = "moment" if column.kind == "day" else column.kind
        good, bad = GOOD[kind], BAD[kind]
    return st.sampled_from([*(good * 12), *bad, ""])


def _rows(table: str, customer_id: str) -> st.SearchStrategy[list[dict[str, str]]]:
    cells = {c.name: c for c in SETTINGS.columns[table]}
    required = {
        name: _values(c, customer_id, table)
        for name, c in cells.items()
        if c.is_required or name == "due_at"
    }
    optional = {
        name: _values(c, customer_id, table)
        for name, c in cells.items()
        if name not in required
    }
    row = st.fixed_dictionaries(required, optional=optional)
    return st.lists(row, max_size=8)


def histories(customer_id: str) -> st.SearchStrategy[dict[str, list[dict[str, str]]]]:
    return st.fixed_dictionaries({t: _rows(t, customer_id) for t in TABLES})


def _write_csv(folder: Path, table: str, rows: Sequence[Row]) -> None:
    names = [column.name for column in SETTINGS.columns[table]]
    with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _counted(rejects: Sequence[Reject]) -> Counter[tuple[str, str, str]]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for reject in rejects:
        counted[reject.table, reject.rule, reject.column] += reject.n
    return counted


def assert_same_events(one: Events, other: Events) -> None:
    assert one.customer_id == other.customer_id
    assert one.rejected == other.rejected
    assert one.tables.keys() == other.tables.keys()
    for table, columns in one.tables.items():
        assert columns.keys() == other.tables[table].keys()
        for name, values in columns.items():
            theirs = other.tables[table][name]
            assert values.dtype == theirs.dtype, (table, name)
            np.testing.assert_array_equal(values, theirs, f"{table}.{name}")


NO_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]  # it takes minutes


@pytest.mark.slow
@settings(max_examples=15, phases=NO_SHRINKING)
@given(first=histories("a"), second=histories("b"), shuffle=st.randoms())
def test_tables_and_rows_agree_on_good_and_bad_rows(
    first: History, second: History, shuffle: object
) -> None:
    both = {t: [*first[t], *second[t]] for t in TABLES}
    both["customers"] = [
        *both["customers"],
        {"customer_id": "always-there", "event_at": "2026-01-01"},
    ]
    for rows in both.values():
        shuffle.shuffle(rows)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, rows in both.items():
            _write_csv(folder, table, rows)
        as_files = _portfolio_of(folder)
    one, rejects_of_one = read_events("a", first, SETTINGS)
    two, rejects_of_two = read_events("b", second, SETTINGS)
    in_bulk = {e.customer_id: e for e in as_files.iter_events(["a", "b", "nobody"])}
    assert_same_events(in_bulk["a"], one)
    assert_same_events(in_bulk["b"], two)
    assert all(not len(t["known_at"]) for t in in_bulk["nobody"].tables.values())
    assert _counted(as_files.rejects) == _counted([*rejects_of_one, *rejects_of_two])


def _portfolio_of(folder: Path) -> Portfolio:
    said = SETTINGS.model_dump_json(by_alias=True, exclude={"tables"})
    (folder / "portfolio.yaml").write_text(said)  # JSON is YAML
    return Portfolio.open(folder)


@settings(max_examples=10)
@given(history=histories("a"), order=st.randoms())
def test_order_and_duplicates_of_rows_change_nothing(
    history: History, order: object
) -> None:
    again = {t: [*rows, *rows] for t, rows in history.items()}
    for rows in again.values():
        order.shuffle(rows)  # type: ignore[attr-defined]
    assert_same_events(
        read_events("a", history, SETTINGS)[0],
        read_events("a", again, SETTINGS)[0],
    )


def _arrow(table: str, rows: Sequence[Row]) -> pa.Table:
    names = [column.name for column in SETTINGS.columns[table]]
    columns = [pa.array([r.get(n) for r in rows], pa.string()) for n in names]
    return pa.table(columns, names=names)


@pytest.mark.slow
@settings(max_examples=10)
@given(history=histories("a"), order=st.randoms())
def test_content_hash_sees_content_only(history: History, order: object) -> None:
    someone = {"customer_id": "b", "event_at": "2026-01-01"}
    given_ = {**history, "customers": [*history["customers"], someone]}
    shuffled = {t: [*rows, *rows[:2]] for t, rows in given_.items()}
    for rows in shuffled.values():
        order.shuffle(rows)  # type: ignore[attr-defined]
    changed = {
        **given_,
        "customers": [*given_["customers"], {**someone, "segment": "x"}],
    }
    hashes = [
        Portfolio.from_tables(
            {t: _arrow(t, rows) for t, rows in tables.items()}, SETTINGS
        ).content_hash
        for tables in (given_, shuffled, changed)
    ]
    assert hashes[0] == hashes[1] != hashes[2]
