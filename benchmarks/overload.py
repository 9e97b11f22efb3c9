"""Four times as many scores as the service can answer: what is shed, what is not lost.

One service with the bodies of `benchmarks.serving`. First one connection (unloaded),
then eight that ask again at once (capacity), then open loops of twice and four times
that rate while `/healthz` is asked every 50 ms. What an answer and a refusal cost,
follows from the two loops. Every decision that was answered is read again.

    python -m benchmarks.overload [--home DIR] [--accepted 4] [--seconds 10]
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.serving import OURS, Server
from benchmarks.serving_home import prepare
from serving.settings import ServingSettings

MOST_CONNECTIONS = 500
Answer = tuple[int, bytes]


class Connection:
    """Keep-alive HTTP/1.1, just enough for answers with a Content-Length."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        [length] = [int(ln[15:]) for ln in lines if ln.startswith(b"content-length:")]
        body = await reader.readexactly(length)
        return int(head.split(None, 2)[1]), body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


@dataclass
class Seen:
    """Answers by status, with seconds each; `ids` of recorded decisions."""

    seconds_by_status: dict[int, list[float]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)

    async def ask(self, connection: Connection, request: bytes) -> None:
        began = time.perf_counter()
        status, body = await connection.ask(request)
        seconds = time.perf_counter() - began
        self.seconds_by_status.setdefault(status, []).append(seconds)
        if status == 200:
            self.ids.append(json.loads(body)["decision_id"])

    def n(self, status: int) -> int:
        return len(self.seconds_by_status.get(status, []))

    def at(self, percent: int, status: int = 200) -> float:
        """A percentile of the time answers of a status took, in milliseconds."""
        cuts = statistics.quantiles(self.seconds_by_status[status], n=100)
        return cuts[percent - 1] * 1e3


class Client:
    """Asks one service for scores."""

    def __init__(self, port: int, key: str, bodies: list[bytes]) -> None:
        self.port = port
        self._key = key
        self._requests = [self._post(body) for body in bodies]
        self._turn = count()

    def _post(self, body: bytes) -> bytes:
        head = (
            f"POST /v1/score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._key}"
        )
        head += f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body

    def _next(self) -> bytes:
        return self._requests[next(self._turn) % len(self._requests)]

    async def closed_loop(self, n_connections: int, seconds: float) -> Seen:
        """Each connection asks again as soon as it is answered."""
        seen, ends = Seen(), time.perf_counter() + seconds

        async def one() -> None:
            connection = Connection(self.port)
            while time.perf_counter() < ends:
                await seen.ask(connection, self._next())
            connection.close()

        await asyncio.gather(*(one() for _ in range(n_connections)))
        return seen

    async def open_loop(self, per_second: float, seconds: float) -> Seen:
        """At a rate of its own, whatever the service does."""
        seen, idle, tasks = Seen(), list[Connection](), set[asyncio.Task[None]]()
        began = time.perf_counter()

        async def one() -> None:
            connection = idle.pop() if idle else Connection(self.port)
            await seen.ask(connection, self._next())
            idle.append(connection)

        for n in range(int(per_second * seconds)):
            wait = began + n / per_second - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            if len(tasks) < MOST_CONNECTIONS:
                task = asyncio.create_task(one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        for connection in idle:
            connection.close()
        return seen

    async def health(self, seen: Seen) -> None:
        connection, request = Connection(self.port), b"GET /healthz HTTP/1.1\r\n\r\n"
        while True:
            began = time.perf_counter()
            status, _ = await connection.ask(request)
            seconds = time.perf_counter() - began
            seen.seconds_by_status.setdefault(status, []).append(seconds)
            await asyncio.sleep(0.05)

    async def n_found(self, ids: list[str]) -> int:
        """How many of the decisions can be read again."""
        connection, n = Connection(self.port), 0
        for decision_id in ids:
            head = f"GET /v1/decisions/{decision_id} HTTP/1.1\r\nHost: x\r\n"
            request = f"{head}Authorization: Bearer {self._key}\r\n\r\n".encode()
            status, _ = await connection.ask(request)
            n += status == 200
        return n


async def measure(server: Server, client: Client, seconds: float, factor: float) -> int:
    await client.closed_loop(8, 2)
    alone = await client.closed_loop(1, seconds)
    before = server.cpu_s()
    full = await client.closed_loop(8, seconds)
    cpu_each = (server.cpu_s() - before) / full.n(200)
    capacity = full.n(200) / seconds
    health = Seen()
    asking = asyncio.create_task(client.health(health))
    marks, loops = [server.cpu_s()], []
    for rate in (factor / 2, factor):
        loops.append(await client.open_loop(rate * capacity, seconds))
        marks.append(server.cpu_s())
    asking.cancel()
    over, n_shed = loops[-1], loops[-1].n(503)
    # answers in an overload come in larger commits than those of eight connections
    n_answers = [[seen.n(200), seen.n(503)] for seen in loops]
    cpu_accepted, cpu_shed = np.linalg.solve(n_answers, np.diff(marks))
    print(f"capacity: {capacity:.0f} scores a second, {cpu_each * 1e3:.1f} ms CPU")
    for name, seen in (("1 connection", alone), ("8 connections", full)):
        print(f"{name}: p50 {seen.at(50):.1f} ms, p99 {seen.at(99):.1f} ms")
    offered = sum(map(len, over.seconds_by_status.values()))
    print(f"offered {offered / seconds:.0f} a second: {over.n(200)} answered, {n_shed}")
    print(f"  shed, {offered - over.n(200) - n_shed} failed; answered p50 ", end="")
    print(f"{over.at(50):.1f} ms, p99 {over.at(99):.1f} ms")
    print(f"  p99 over p99 of one connection: {over.at(99) / alone.at(99):.2f}")
    print(
        f"  CPU of one that is answered {cpu_accepted * 1e3:.2f} ms, of one that is",
        end="",
    )
    print(f" shed {cpu_shed * 1e3:.2f} ms: {cpu_shed / cpu_accepted:.3f}")
    print(f"  /healthz p50 {health.at(50):.1f} ms, p99 {health.at(99):.1f} ms")
    ids = [*alone.ids, *full.ids, *(name for seen in loops for name in seen.ids)]
    lost = len(ids) - await client.n_found(ids)
    print(f"answered decisions that cannot be read again: {lost} of {len(ids)}")
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="keep what is prepared here")
    usual = ServingSettings.model_fields["max_accepted"].default
    parser.add_argument("--accepted", type=int, default=usual, help="at once")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--factor", type=float, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(options.home or Path(folder) / "home")
        bodies = (home / "bodies.ndjson").read_bytes().splitlines()
        limit = {"FORBEAR_MAX_ACCEPTED": str(options.accepted)}
        server = Server("Forbear", OURS, bodies, str(home), environment=limit)
        try:
            server.wait()
            client = Client(server.port, (home / "key").read_text(), bodies)
            lost = asyncio.run(measure(server, client, options.seconds, options.factor))
        finally:
            server.close()
    assert lost == 0


if __name__ == "__main__":
    main()
