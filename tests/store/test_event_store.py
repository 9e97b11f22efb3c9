"""What a store of events promises."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.errors import (
    IdempotencyConflictError,
    OlderSchemaError,
)
from store.events import (
    EVERYBODY,
    ArrivedRow,
    Changes,
    DismissedRow,
    Erasure,
    EventBatch,
    EventStore,
    ObservedTable,
)
from store.opening import open_event_reader, open_event_store
from tests.store.conftest import Place

MOST = 1_000


def a_row(customer_id: str, n: int = 0) -> ArrivedRow:
    return ArrivedRow(customer_id, "invoices", bytes([n]) * 16, f'{{"n":{n}}}')


def a_batch(*rows: ArrivedRow, **changes: Any) -> EventBatch:  # noqa: ANN401 - fields
    fields: dict[str, Any] = {
        "arrived_at": 1,
        "key_id": "k",
        "idempotency_key": None,
        "request_sha256": b"1",
        "summary": "{}",
        "rows": rows,
    }
    return EventBatch(**(fields | changes))


@pytest.fixture
def events(place: Place) -> Iterator[EventStore]:
    store = open_event_store(*place)
    yield store
    store.close()


def record(store: EventStore, *batches: EventBatch) -> list[int]:
    async def all_at_once() -> list[int]:
        receipts = await asyncio.gather(*map(store.record, batches))
        return [receipt.sequence for receipt in receipts]

    return asyncio.run(all_at_once())


def numbers(store: EventStore, customer_id: str, until: int) -> list[int]:
    return [row.digest[0] for row in store.rows(customer_id, until, MOST)]


def test_what_was_known_at_a_sequence_stays_what_it_was(events: EventStore) -> None:
    [first] = record(events, a_batch(a_row("a", 1), a_row("b", 1)))
    [second] = record(events, a_batch(a_row("a", 2), a_row("a", 1)))
    assert second > first
    assert numbers(events, "a", first) == [1]
    assert numbers(events, "a", second) == [1, 2]
    assert numbers(events, "b", second) == [1]
    assert events.last_sequence() == second


def test_a_row_is_kept_once_and_the_sender_is_told(events: EventStore) -> None:
    record(events, a_batch(a_row("a", 1)))
    receipt = asyncio.run(events.record(a_batch(a_row("a", 1), a_row("a", 2))))
    assert receipt.n_known == 1
    assert numbers(events, "a", receipt.sequence) == [1, 2]


def test_a_batch_of_the_same_idempotency_key_is_recorded_once(
    events: EventStore,
) -> None:
    batch = a_batch(a_row("a", 1), idempotency_key="i", summary="said")
    first, again = record(events, batch, batch)
    assert first == again
    found = events.find_batch("k", "i")
    assert found is not None
    assert (found.sequence, found.summary, found.is_new) == (first, "said", False)
    assert events.find_batch("other", "i") is None
    other = a_batch(a_row("a", 2), idempotency_key="i", request_sha256=b"2")
    with pytest.raises(IdempotencyConflictError):
        record(events, other)
    assert numbers(events, "a", events.last_sequence()) == [1]


def test_the_statement_that_arrived_last_stands(events: EventStore) -> None:
    def observed(customer_id: str, until: int) -> EventBatch:
        return a_batch(observed=[ObservedTable(customer_id, "payments", until)])

    [first] = record(events, observed(EVERYBODY, 20))
    [second] = record(events, observed(EVERYBODY, 10))
    [third] = record(events, observed("a", 30))
    of_all = events.observed(EVERYBODY, third)["payments"]
    assert (of_all.sequence, of_all.until) == (second, 10)
    assert events.observed(EVERYBODY, first)["payments"].until == 20
    assert events.observed("a", third)["payments"].until == 30
    assert events.observed("a", second) == {}


def test_a_dismissed_row_counts_until_it_was_dismissed(events: EventStore) -> None:
    [first] = record(events, a_batch(a_row("a", 1), a_row("b", 1)))
    dismissed = a_batch(dismissed=[DismissedRow("a", a_row("a", 1).digest)])
    [second] = record(events, dismissed, dismissed)[:1]
    assert numbers(events, "a", first) == [1]
    assert numbers(events, "a", second) == []
    assert numbers(events, "b", second) == [1]


def test_another_process_hears_about_whom_something_arrived(
    events: EventStore, place: Place
) -> None:
    other = open_event_reader(*place)
    [first] = record(events, a_batch(a_row("a", 1)))
    assert other.changes(0, MOST) == Changes(first, frozenset({"a"}))
    assert other.changes(first, MOST) == (first, frozenset())
    every = a_batch(observed=[ObservedTable(EVERYBODY, "payments", 1)])
    [second] = record(events, every)
    assert other.changes(first, MOST) == Changes(second, frozenset({EVERYBODY}))
    [third] = record(events, a_batch(*(a_row(f"c{n}") for n in range(11))))
    assert other.changes(second, 11).customer_ids is not None
    assert other.changes(second, 10) == (third, None)
    other.close()


def numbered_row(customer_id: str, n: int, *numbers: bytes) -> ArrivedRow:
    return a_row(customer_id, n)._replace(numbers=numbers)


def test_who_shares_a_number_hears_of_it_as_of_each_sequence(
    events: EventStore,
) -> None:
    [first] = record(events, a_batch(numbered_row("a", 1, b"x"), a_row("c")))
    assert events.shared("a", first) == events.shared_by(first, MOST) == []
    [second] = record(events, a_batch(numbered_row("b", 2, b"x", b"y")))
    assert events.shared("a", first) == []
    assert events.shared("a", second) == events.shared("b", second) == [b"x"]
    assert events.shared_by(second, MOST) == [b"x"]
    assert events.changes(first, MOST).customer_ids == frozenset({"a", "b"})
    bearing = events.numbered([b"x", b"y"], second, MOST)
    assert [(row.customer_id, row.sequence) for row in bearing] == [
        ("a", first),
        ("b", second),
    ]
    assert len(events.numbered([b"x"], first, MOST)) == 1
    assert len(events.numbered([b"x"], second, 1)) == 1
    again = a_batch(numbered_row("b", 2, b"x", b"y"))
    [third] = record(events, again)  # nothing new
    assert events.changes(second, MOST).customer_ids == frozenset()
    dismissed = a_batch(dismissed=[DismissedRow("b", a_row("b", 2).digest)])
    [fourth] = record(events, dismissed)
    assert events.changes(third, MOST).customer_ids == frozenset({"a", "b"})
    assert [row.customer_id for row in events.numbered([b"x"], fourth, MOST)] == ["a"]
    asyncio.run(events.erase(Erasure("a", 2, "k")))
    assert events.shared("a", fourth) == []
    assert events.numbered([b"x"], fourth, MOST) == []


def test_a_number_of_half_the_world_is_told_to_who_brought_it(
    events: EventStore,
) -> None:
    many = [numbered_row(f"c{n}", n % 256, b"N/A") for n in range(300)]
    [first] = record(events, a_batch(*many))
    [second] = record(events, a_batch(numbered_row("new", 1, b"N/A")))
    assert events.changes(first, MOST).customer_ids == frozenset({"new"})
    assert events.shared("new", second) == [b"N/A"]


def test_customers_are_listed_in_order_and_page_by_page(events: EventStore) -> None:
    record(events, a_batch(a_row("b"), a_row("a", 1), a_row("a", 2), a_row("c")))
    assert events.customer_ids("", 2) == ["a", "b"]
    assert events.customer_ids("b", 2) == ["c"]


def test_what_is_erased_is_gone_for_every_process(events: EventStore) -> None:
    record(events, a_batch(a_row("erika", 1), a_row("a", 1)))
    before = events.last_sequence()
    n_rows = asyncio.run(events.erase(Erasure("erika", 2, "k")))
    assert n_rows == 1
    assert events.rows("erika", before, MOST) == []
    assert numbers(events, "a", before) == [1]
    assert events.changes(before, MOST) == (events.last_sequence(), None)


def test_nothing_of_what_is_erased_is_left_in_the_files(tmp_path: Path) -> None:
    events = open_event_store(tmp_path)
    secret = "Erika Mustermann"
    row = ArrivedRow("erika", "customers", b"1" * 16, f'{{"segment":"{secret}"}}')
    record(events, a_batch(row, a_row("a", 1)))
    asyncio.run(events.erase(Erasure("erika", 2, "k")))
    events.close()
    kept = b"".join(f.read_bytes() for f in tmp_path.glob("events.sqlite*"))
    assert b"invoices" in kept
    assert secret.encode() not in kept
    assert b"erika" not in kept


@pytest.mark.slow
def test_two_writers_number_their_batches_in_the_order_of_commits(
    events: EventStore, place: Place
) -> None:
    """Who has read up to a sequence has seen everything up to it."""
    other = open_event_store(*place)
    heard: list[str] = []

    async def write(store: EventStore, name: str) -> None:
        for n in range(40):
            await store.record(a_batch(a_row(f"{name}{n}", n)))

    async def read_on(reader: EventStore) -> None:
        last = 0
        while last < 80:
            changes = reader.changes(last, MOST)
            heard.extend(changes.customer_ids or ())
            last = changes.sequence
            await asyncio.sleep(0.001)

    async def together() -> None:
        await asyncio.gather(write(events, "a"), write(other, "b"), read_on(events))

    asyncio.run(together())
    other.close()
    assert set(heard) == {f"{who}{n}" for who in "ab" for n in range(40)}


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "events.sqlite") as db:
        db.execute("CREATE TABLE event_rows (other TEXT)")
    with pytest.raises(OlderSchemaError):
        open_event_store(tmp_path)
