"""Versions of rows: corrections, duplicates, retractions, ties; API rows and tables."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest

from features.events import FOREVER, MISSING
from features.moments import parse_moment
from features.portfolio import Portfolio
from features.reading.rows import read_events
from features.settings import PortfolioSettings

Row = Mapping[str, object]
SETTINGS = PortfolioSettings(timezone="Europe/Brussels")


def _at(day: int) -> str:
    return f"2026-03-{day:02d}T12:00:00Z"


def _us(day: int) -> int:
    moment = parse_moment(_at(day), SETTINGS.zone)
    assert moment is not None
    return moment


def _invoice(**changes: object) -> dict[str, object]:
    return {
        "customer_id": "c",
        "event_at": _at(1),
        "invoice_id": "i",
        "due_at": "2026-03-31",
        "amount": "10",
    } | changes


def _table(rows: Sequence[Row]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    cells = {
        name: [None if row.get(name) is None else str(row[name]) for row in rows]
        for name in names
    }
    return pa.table({name: pa.array(c, pa.string()) for name, c in cells.items()})


def standing(table: str, rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows that ever stand, by both ways, which must agree."""
    events, rejects = read_events("c", {table: rows}, SETTINGS)
    assert not rejects
    tables = {table: _table(rows)}
    tables.setdefault("customers", pa.table({"customer_id": ["c"]}))
    bulk = Portfolio.from_tables(tables, SETTINGS).events("c")
    for name, column in events.tables[table].items():
        assert str(column.tolist()) == str(bulk.tables[table][name].tolist())
    columns = events.tables[table]
    return [
        {name: columns[name][i] for name in columns}
        for i in range(len(columns["known_at"]))
    ]


def _spans(rows: Sequence[Row], value: str) -> list[tuple[object, ...]]:
    return [(r[value], r["known_at"], r["superseded_at"]) for r in rows]


def test_a_correction_ends_the_version_before() -> None:
    rows = [
        _invoice(known_at=_at(2)),
        _invoice(known_at=_at(9), amount="12"),
        _invoice(known_at=_at(5), amount="11"),
    ]
    assert _spans(standing("invoices", rows), "amount") == [
        (100_000, _us(2), _us(5)),
        (110_000, _us(5), _us(9)),
        (120_000, _us(9), FOREVER),
    ]


def test_exact_duplicates_count_once() -> None:
    [row] = standing("invoices", [_invoice(), _invoice(), _invoice(amount="10.00")])
    assert row["superseded_at"] == FOREVER


def test_on_a_tie_the_row_stands_that_sorts_last() -> None:
    rows = [
        _invoice(amount="9", subscription_id="z"),
        _invoice(amount="10", subscription_id=None),
        _invoice(amount="10", subscription_id="a"),
    ]
    [row] = standing("invoices", rows)
    assert (row["amount"], row["subscription_id"]) == (100_000, "a")


def test_text_sorts_by_code_point_on_a_tie() -> None:
    [row] = standing("invoices", [_invoice(applies_to=t) for t in ("é", "z", "Z")])
    assert row["applies_to"] == "é"


def test_an_earlier_event_of_a_key_may_be_the_later_version() -> None:
    rows = [_invoice(), _invoice(event_at="2026-02-01T00:00:00Z", known_at=_at(3))]
    [earlier, later] = standing("invoices", rows)
    assert (earlier["superseded_at"], later["superseded_at"]) == (FOREVER, _us(3))


def test_a_retraction_ends_a_row_from_its_own_known_at() -> None:
    rows = [_invoice(), _invoice(known_at=_at(4), retracted=True)]
    assert _spans(standing("invoices", rows), "amount") == [(100_000, _us(1), _us(4))]


def test_a_row_may_come_back_after_its_retraction() -> None:
    rows = [
        _invoice(),
        _invoice(known_at=_at(4), retracted=True),
        _invoice(known_at=_at(6), amount="7"),
    ]
    assert _spans(standing("invoices", rows), "amount") == [
        (100_000, _us(1), _us(4)),
        (70_000, _us(6), FOREVER),
    ]


def test_a_retraction_at_the_same_moment_wins() -> None:
    assert standing("invoices", [_invoice(), _invoice(retracted=True)]) == []


def test_a_retraction_of_nothing_is_nothing() -> None:
    assert standing("invoices", [_invoice(retracted=True)]) == []


def test_missing_key_columns_are_equal() -> None:
    usage = {"customer_id": "c", "event_at": "2026-03-01"}
    rows = [
        {**usage, "cost": 1},
        {**usage, "cost": 2, "known_at": "2026-03-05"},
        {**usage, "cost": 4, "subscription_id": "s"},
    ]
    found = standing("usage", rows)
    assert [(r["subscription_id"], r["cost"]) for r in found] == [
        (None, 10_000),
        ("s", 40_000),
        (None, 20_000),
    ]


def test_a_log_keeps_one_row_per_status() -> None:
    payment = {"customer_id": "c", "payment_id": "p", "amount": 5}
    rows = [
        {**payment, "event_at": _at(3), "status": "succeeded"},
        {**payment, "event_at": _at(1), "status": "pending"},
    ]
    found = standing("payments", rows)
    assert [r["status"] for r in found] == ["pending", "succeeded"]
    assert {r["superseded_at"] for r in found} == {FOREVER}


def test_late_rows_are_known_late() -> None:
    rows = [_invoice(known_at=_at(20)), _invoice(invoice_id="j", event_at=_at(2))]
    found = standing("invoices", rows)
    assert [(r["invoice_id"], r["known_at"]) for r in found] == [
        ("i", _us(20)),
        ("j", _us(2)),
    ]


def test_created_at_absent_is_the_first_known_at() -> None:
    rows: list[Row] = [
        {"customer_id": "c", "event_at": _at(2), "retracted": True},
        {"customer_id": "c", "event_at": _at(5), "segment": "b"},
        {"customer_id": "c", "event_at": _at(3), "known_at": _at(4)},
        {"customer_id": "c", "event_at": _at(6), "created_at": _at(1)},
    ]
    found = standing("customers", rows)
    assert [r["created_at"] for r in found] == [_us(4), _us(4), _us(1)]


@pytest.mark.parametrize(
    ("due_at", "due_on"),
    [
        pytest.param("2026-03-29", 20_541, id="a plain date is its own day"),
        pytest.param("2026-03-29T21:59:59Z", 20_541, id="before local midnight"),
        pytest.param("2026-03-29T22:00:00Z", 20_542, id="at local midnight"),
    ],
)
def test_due_on_is_the_local_day_of_due_at(due_at: str, due_on: int) -> None:
    [row] = standing("invoices", [_invoice(due_at=due_at)])
    assert row["due_on"] == due_on


def test_due_on_is_missing_without_due_at() -> None:
    [row] = standing("invoices", [_invoice(kind="credit_note", due_at=None)])
    assert row["due_on"] == MISSING


def test_rows_are_read_without_tables_or_databases() -> None:
    """A service that answers for one customer loads no Arrow, Ibis or DuckDB."""
    code = (
        "import sys\n"
        "from features.reading.rows import read_events\n"
        "from features.settings import PortfolioSettings\n"
        "read_events('c', {'usage': []}, PortfolioSettings())\n"
        "print({'pyarrow', 'ibis', 'duckdb', 'pandas'} & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def _contact(**changes: object) -> dict[str, object]:
    return {"customer_id": "c", "event_at": "2026-03-02", "kind": "promise_made"} | (
        changes
    )


@pytest.mark.parametrize(
    ("table", "rows", "n_stand"),
    [
        pytest.param(
            "contacts",
            [_contact(promise_id=p) for p in ("p1", "p2")],
            2,
            id="two promises of one day",
        ),
        pytest.param(
            "contacts",
            [_contact(promise_id="p1", invoice_id=i) for i in ("i1", "i2")],
            1,
            id="one promise whose invoice is corrected",
        ),
        pytest.param(
            "contacts",
            [_contact(kind="notice_sent", notice_id=n, notice="n") for n in "ab"],
            2,
            id="two notices of one name",
        ),
        pytest.param(
            "contacts",
            [_contact(kind="notice_sent", notice_id="a", notice=n) for n in "ab"],
            1,
            id="one notice whose name is corrected",
        ),
        pytest.param(
            "contacts",
            [
                _contact(invoice_id="i"),
                _contact(subscription_id="i"),
                _contact(invoice_id="i", subscription_id="i"),
            ],
            3,
            id="promises without an id are told apart by what they are about",
        ),
        pytest.param(
            "holds",
            [
                {"event_at": "2026-03-02", "kind": "exemption", "subscription_id": s}
                for s in (None, "s1", "s2")
            ],
            3,
            id="holds of two subscriptions",
        ),
        pytest.param(
            "actions",
            [
                {"event_at": "2026-03-02", "action": "suspend", "subscription_id": s}
                for s in ("s1", "s2")
            ],
            2,
            id="two subscriptions suspended in one run",
        ),
        pytest.param(
            "invoices",
            [_invoice(kind=kind) for kind in ("invoice", "credit_note", "write_off")],
            3,
            id="a credit note with its invoice's number",
        ),
    ],
)
def test_what_tells_rows_apart(table: str, rows: Sequence[Row], n_stand: int) -> None:
    found = standing(table, [{"customer_id": "c", **row} for row in rows])
    assert len(found) == n_stand


def _refund(amount: object, **changes: object) -> dict[str, object]:
    return {
        "customer_id": "c",
        "payment_id": "p",
        "status": "refunded",
        "event_at": "2026-03-02",
        "amount": amount,
    } | changes


@pytest.mark.parametrize(
    ("rows", "amounts"),
    [
        pytest.param([_refund(100), _refund(50)], [50, 100], id="on one day"),
        pytest.param([_refund(50), _refund(50)], [50, 50], id="equal, on one day"),
        pytest.param(
            [_refund(100), _refund(50, event_at="2026-03-04")],
            [100, 50],
            id="on two days",
        ),
        pytest.param(
            [_refund(50, refund_id="a"), _refund(50, refund_id="b")],
            [50, 50],
            id="told apart by their ids",
        ),
        pytest.param(
            [_refund(50, refund_id="a"), _refund(50, refund_id="a")],
            [50],
            id="twice the same row with an id",
        ),
        pytest.param(
            [_refund(50), _refund(50, retracted=True)], [], id="retracted at once"
        ),
    ],
)
def test_refunds_add_up(rows: Sequence[Row], amounts: Sequence[int]) -> None:
    found = standing("payments", rows)
    assert [r["amount"] for r in found] == [a * 10_000 for a in amounts]
    assert {r["superseded_at"] for r in found} <= {FOREVER}


def test_a_later_row_corrects_all_refunds_of_its_moment() -> None:
    rows = [_refund(100), _refund(50), _refund(120, known_at=_at(9))]
    found = standing("payments", rows)
    assert [(r["amount"], r["superseded_at"]) for r in found] == [
        (500_000, _us(9)),
        (1_000_000, _us(9)),
        (1_200_000, FOREVER),
    ]
