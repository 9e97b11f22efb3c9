"""Whoever edits, removes, adds or reorders what was recorded is found out."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.acts import Acts
from store.audit import Audit, audit
from store.chain import Tip, tip
from store.database import Database
from store.errors import (
    AlteredDecisionError,
    ErasureRefusedError,
    StoreReplacedError,
)
from store.opening import open_database, open_decision_store
from store.removal import due, expire
from tests.execution.conftest import NOW, an_act
from tests.store.conftest import Place
from tests.store.memory_store import a_decision

N = 20


def record(place: Place, *numbers: int, **changes: object) -> None:
    store = open_decision_store(*place)

    async def all_at_once() -> None:
        decisions = (a_decision(n, customer_id=f"c{n % 4}", **changes) for n in numbers)
        await asyncio.gather(*(store.record(one, {}) for one in decisions))

    asyncio.run(all_at_once())
    store.close()


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    record(place, *range(1, 6))
    record(place, *range(6, N + 1))
    database = open_database(*place)
    yield database
    database.close()


def codes(audited: Audit) -> list[tuple[str, int]]:
    return [(finding.code, finding.position) for finding in audited.findings]


def test_the_chain_has_the_order_of_commits_whenever_it_was_decided(
    place: Place,
) -> None:
    moments = [3_000, 1_000, 2_000]
    for number, moment in enumerate(moments):
        record(place, number, recorded_at=moment)
    database = open_database(*place)
    query = "SELECT recorded_at FROM chain ORDER BY position"
    assert [at for (at,) in database.rows(query)] == moments
    assert audit(database).findings == []
    database.close()


def test_what_nobody_touched_is_as_it_was_recorded(database: Database) -> None:
    audited = audit(database)
    assert audited.findings == []
    assert (audited.n_decisions, audited.tip.position) == (N, N)
    assert audited.tip == tip(database)


Touch = Callable[[Database], object]


def statement(text: str) -> Touch:
    return lambda database: database.run(text)


def flip_a_bit(database: Database) -> None:
    [(sealed,)] = database.rows("SELECT sealed FROM decisions WHERE decision_id = 'd3'")
    changed = sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]
    update = "UPDATE decisions SET sealed = ? WHERE decision_id = 'd3'"
    database.run(update, changed)


def swap(database: Database) -> None:
    """Two entries of the chain change places."""
    for old, new in ((3, -3), (4, 3), (-3, 4)):
        database.run("UPDATE chain SET position = ? WHERE position = ?", new, old)


def exchange_records(database: Database) -> None:
    """One decision's record under another's id: both of one customer."""
    rows = database.rows(
        "SELECT sealed FROM decisions WHERE decision_id IN ('d3', 'd7')"
        " ORDER BY decision_id"
    )
    for name, (sealed,) in zip(("d7", "d3"), rows, strict=True):
        update = "UPDATE decisions SET sealed = ? WHERE decision_id = ?"
        database.run(update, sealed, name)


def remove_everywhere(database: Database) -> None:
    """The record and its entry, and no trace of either."""
    database.run("DELETE FROM decisions WHERE decision_id = 'd3'")
    database.run("DELETE FROM chain WHERE decision_id = 'd3'")


@pytest.mark.parametrize(
    ("touch", "expected"),
    [
        pytest.param(flip_a_bit, [("record_altered", 3)], id="one bit of a record"),
        pytest.param(
            statement("UPDATE decisions SET action = 'none' WHERE decision_id = 'd3'"),
            [("columns_altered", 3)],
            id="a column beside it",
        ),
        pytest.param(
            exchange_records,
            [("record_altered", 3), ("record_altered", 7)],
            id="two records exchanged",
        ),
        pytest.param(
            statement("DELETE FROM decisions WHERE decision_id = 'd3'"),
            [("record_missing", 3)],
            id="a record removed",
        ),
        pytest.param(
            remove_everywhere,
            [("entry_missing", 3), ("entry_altered", 4)],
            id="a record removed with its entry",
        ),
        pytest.param(
            swap, [("entry_altered", n) for n in (3, 4, 5)], id="entries reordered"
        ),
        pytest.param(
            statement("UPDATE chain SET recorded_at = 1 WHERE position = 3"),
            [("entry_altered", 3)],
            id="the moment of an entry",
        ),
        pytest.param(
            statement("DELETE FROM chain WHERE decision_id = 'd20'"),
            [("record_outside_chain", 0)],
            id="the last entry removed",
        ),
        pytest.param(
            statement("DELETE FROM customers WHERE customer_id = 'c3'"),
            [("key_missing", n) for n in (3, 7, 11, 15, 19)],
            id="a key destroyed without an erasure",
        ),
    ],
)
def test_a_touch_is_found_where_it_is(
    database: Database, touch: Touch, expected: list[tuple[str, int]]
) -> None:
    touch(database)
    assert codes(audit(database)) == expected


def test_an_altered_record_is_never_read_as_a_decision(
    database: Database, place: Place
) -> None:
    flip_a_bit(database)
    store = open_decision_store(*place)
    with pytest.raises(AlteredDecisionError, match="d3"):
        store.find("d3")
    store.close()


def test_a_tail_that_was_cut_is_found_against_a_head_kept_outside(
    database: Database,
) -> None:
    head = tip(database)
    database.run("DELETE FROM decisions WHERE recorded_at > 1015")
    database.run("DELETE FROM chain WHERE position > 15")
    assert audit(database).findings == []
    assert codes(audit(database, head)) == [("tail_cut", 16)]


def test_documents_are_looked_at_once_each_by_whoever_can_read_them(
    place: Place,
) -> None:
    store = open_decision_store(*place)
    for n, (policy_hash, versions) in enumerate(
        [("p1", "{}"), ("p1", '{"settings_hash": "s1"}'), ("p2", "{}"), ("p2", "{}")], 1
    ):
        decision = a_decision(n, policy_hash=policy_hash, versions=versions)
        documents = {"p1": "as it was", "s1": "edited"}
        asyncio.run(store.record(decision, documents))
    store.close()
    database, asked = open_database(*place), list[str]()

    def is_as_named(document_hash: str, content: str) -> bool:
        asked.append(document_hash)
        return content == "as it was"

    found = codes(audit(database, None, is_as_named))
    database.close()
    assert found == [("document_altered", 2), ("document_missing", 3)]
    assert asked == ["p1", "s1"]


def test_a_chain_written_anew_is_found_against_a_head_kept_outside(
    database: Database, place: Place
) -> None:
    head = tip(database)
    for table in ("chain", "decisions", "customers"):
        database.run(f"DELETE FROM {table}")  # noqa: S608 - literals
    record(place, *range(1, N + 1))
    assert audit(database).findings == []
    assert codes(audit(database, head)) == [("rewritten", N)]
    assert codes(audit(database, Tip(0))) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("DELETE FROM chain WHERE position > 15", id="some are missing"),
        pytest.param("DELETE FROM chain", id="all are missing"),
        pytest.param("UPDATE chain SET link = commitment", id="they are others"),
    ],
)
def test_a_running_service_that_loses_what_it_acknowledged_goes_on_no_more(
    database: Database, place: Place, change: str
) -> None:
    """As after a failover to a server that had not received it."""
    store = open_decision_store(*place)
    asyncio.run(store.record(a_decision(100), {}))
    record(place, 101)  # another process, behind it
    database.run(change)
    with pytest.raises(StoreReplacedError, match="the chain of decisions"):
        asyncio.run(store.record(a_decision(102), {}))
    with pytest.raises(StoreReplacedError):
        asyncio.run(store.prove_writable())
    store.close()


def erase(place: Place, customer_id: str, now: int = 0) -> int:
    store = open_decision_store(*place)
    try:
        return asyncio.run(store.erase(customer_id, now)).n_decisions
    finally:
        store.close()


def test_after_an_erasure_the_chain_verifies_and_nothing_can_be_read(
    database: Database, place: Place
) -> None:
    assert erase(place, "c3") == 5
    assert erase(place, "c3") == 0
    audited = audit(database)
    assert audited.findings == []
    assert (audited.n_decisions, audited.n_removed) == (15, 5)
    where = "customer_id = 'c3'"
    for table in ("decisions", "customers", "budget_slots"):
        query = f"SELECT 1 FROM {table} WHERE {where}"  # noqa: S608 - literals
        assert database.rows(query) == []
    record(place, 23)  # the customer came back, under a new key
    assert audit(database).findings == []


def test_an_erasure_leaves_nothing_in_the_files(tmp_path: Path) -> None:
    place = tmp_path, None
    record(place, 3)
    database = open_database(*place)
    [(key, sealed)] = database.rows("SELECT data_key, sealed FROM customers, decisions")
    erase(place, "c3")
    database.close()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for gone in (key, sealed[:40], b"c3"):
        assert gone not in content


@pytest.mark.parametrize(
    "changes",
    [
        {"retain_until": 2_000},
        {"erasure_waits_for": ("dispute",)},
        {"erasure_waits_for": ("access_off", "appeal"), "retain_until": 2_000},
    ],
)
def test_an_erasure_is_refused_while_a_record_is_needed(
    place: Place, database: Database, changes: dict[str, object]
) -> None:
    """And nothing is touched then."""
    record(place, 27, as_of=5_000, **changes)
    with pytest.raises(ErasureRefusedError) as refused:
        erase(place, "c3", now=1_000)
    assert refused.value.because == changes.get("erasure_waits_for", ())
    assert refused.value.until == changes.get("retain_until")
    # what it waited for then may have ended since: the last decision is named
    is_said = "last decision, as of 1970-01-01: it may be over" in str(refused.value)
    assert is_said == ("erasure_waits_for" in changes)
    assert (audit(database).findings, audit(database).n_decisions) == ([], N + 1)
    record(place, 31, as_of=6_000)  # it has ended
    assert erase(place, "c3", now=2_000) == 7


def test_a_decision_stays_while_a_stop_that_was_planned_from_it_stands(
    place: Place, database: Database
) -> None:
    record(place, 30, 31, retain_until=2_000)
    acts = Acts(database)
    stop = an_act("c2", decision_id="d30")
    acts.plan([stop])
    [claimed] = acts.claim(stop.provider, NOW, NOW + 1, 1)
    acts.settle(claimed, "done", NOW)
    acts.mark_reported(acts.claim(stop.provider, NOW, NOW + 1, 1)[0])
    assert due(database, 2_001) == (1, 1)
    assert expire(database, 2_001) == 1
    assert acts.stopped_customers(stop.provider) == ["c2"]
    back = an_act("c2", decision_id="d32", kind="restore")
    acts.plan([back])
    [claimed] = acts.claim(stop.provider, NOW, NOW + 1, 1)
    acts.settle(claimed, "done", NOW)
    assert due(database, 2_001) == (1, 1)


def test_what_is_due_expires_and_what_is_needed_stays(
    place: Place, database: Database
) -> None:
    record(place, *range(30, 1_250), retain_until=2_000)
    record(place, 2_001, as_of=5_000, erasure_waits_for=("dispute",))
    assert due(database, 2_000) == (0, 0)
    assert due(database, 2_001) == (915, 3)
    assert expire(database, 2_001) == 915
    audited = audit(database)
    assert (audited.findings, audited.n_removed) == ([], 915)
    assert due(database, 2_001) == (0, 0)
    assert database.rows("SELECT count(*) FROM customers") == [(4,)]
