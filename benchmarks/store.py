"""What a recorded decision costs: sealed, chained and durable, in groups.

Yardstick: the same bytes inserted into one table of a SQLite file with the same
settings (WAL, FULL), unsealed, one transaction a group. CPU time of the process; what
the disk takes is not counted, for it differs from machine to machine.

    python -m benchmarks.store
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from store.chain import Tip, link
from store.decisions import Decision
from store.opening import open_decision_store
from store.sealing import new_key, seal, unseal
from store.sqlite import SqliteDatabase

N, ROUNDS = 480, 3
GROUPS = (1, 8, 32)


def a_decision(number: int, body: bytes) -> Decision:
    return Decision(
        decision_id=f"d{number}",
        recorded_at=number,
        as_of=number,
        customer_id=f"c{number % 50}",
        action="remind",
        notices_due=("first",),
        language="en",
        request=body,
        answer=body[:8_000],
        versions="{}",
        prior_decisions="{}",
        policy_hash="p",
        key_id="k",
        idempotency_key=f"i{number}",
        request_sha256=bytes(32),
    )


def a_body() -> bytes:
    """About 40 kB: 300 payments of one customer."""
    chance = Random(1)
    rows = [
        {
            "payment_id": f"p-{chance.randrange(10**9)}",
            "event_at": f"2026-0{1 + n % 9}-1{n % 9}T06:00:00Z",
            "amount": round(chance.random() * 1_000, 2),
            "status": "succeeded",
            "method": "card",
        }
        for n in range(300)
    ]
    return json.dumps({"events": {"payments": rows}}).encode()


def us_of(work: Callable[[], object], n: int = 200) -> float:
    """Microseconds of CPU, the median of some rounds."""
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(n):
            work()
        rounds.append((time.thread_time() - began) / n * 1e6)
    return statistics.median(rounds)


def recorded(folder: Path, decisions: list[Decision], group: int) -> tuple[float, int]:
    """CPU µs and bytes on disk, per decision."""
    store = open_decision_store(folder)

    async def record_all() -> None:
        for begin in range(0, len(decisions), group):
            some = decisions[begin : begin + group]
            await asyncio.gather(*(store.record(one, {}) for one in some))

    began = time.process_time()
    asyncio.run(record_all())
    cpu = time.process_time() - began
    store.close()
    return _each(folder, cpu, len(decisions))


def inserted(folder: Path, decisions: list[Decision], group: int) -> tuple[float, int]:
    """The yardstick: the same bytes, and nothing promised but the flush."""
    database = SqliteDatabase(folder / "plain.sqlite")
    database.run("CREATE TABLE plain (id TEXT PRIMARY KEY, request BLOB, answer BLOB)")
    began = time.process_time()
    for begin in range(0, len(decisions), group):
        rows = [
            (one.decision_id, one.request, one.answer)
            for one in decisions[begin : begin + group]
        ]
        with database.transaction():
            database.insert("plain", ("id", "request", "answer"), rows)
    cpu = time.process_time() - began
    database.close()
    return _each(folder, cpu, len(decisions))


def _each(folder: Path, cpu_s: float, n: int) -> tuple[float, int]:
    size = sum(file.stat().st_size for file in folder.iterdir())
    return cpu_s / n * 1e6, size // n


def main() -> None:
    body, key = a_body(), new_key()
    decision = a_decision(1, body)
    kept = seal(decision, key)
    print(f"a record of {len(body) + 8_000:,} bytes, sealed {len(kept.content):,}")
    print(f"seal {us_of(lambda: seal(decision, key)):.0f} µs")
    print(f"open {us_of(lambda: unseal(kept.content, 'd1', key)):.0f} µs")
    print(f"link {us_of(lambda: link(Tip(), 'd1', 1, kept.commitment)):.1f} µs")
    decisions = [a_decision(number, body) for number in range(N)]
    for group in GROUPS:
        ratios, costs, sizes = [], [], (0, 0)
        for _ in range(ROUNDS):
            with (
                tempfile.TemporaryDirectory() as one,
                tempfile.TemporaryDirectory() as two,
            ):
                ours, size = recorded(Path(one), decisions, group)
                plain, plain_size = inserted(Path(two), decisions, group)
            ratios.append(ours / plain)
            costs.append(ours)
            sizes = size, plain_size
        print(
            f"groups of {group}: {statistics.median(costs):.0f} µs of CPU a decision,"
            f" {statistics.median(ratios):.2f} × plain inserts;"
            f" {sizes[0]:,} bytes on disk, plain {sizes[1]:,}"
        )


if __name__ == "__main__":
    main()
