"""A recorded decision over HTTP against what others do with the same body or model.

Every server is one process, asked in turn over the loopback by an asyncio client in
this one. **Read the CPU column**: the server's own CPU time per request, which does
not depend on how busy the machine is, in units of yardstick (a).

(a) validates the very same body with typed pydantic models of the portfolio contract
    and echoes it: what any FastAPI service pays before it has done anything;
(b) scores a ready row of features: FastAPI, pandas and `LGBMClassifier`, as tutorials
    have it;
(c) the same row by MLflow's own server (`mlflow models serve`), booster and signature.

Ours is asked twice: with the events in the body, and by customer about the same events
sent before, which it keeps in memory.

    python -m benchmarks.serving [--rounds 5] [--requests 200] [--home FOLDER]
"""

import argparse
import asyncio
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.serving_home import prepare

CONNECTIONS = (1, 8, 32)
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # all are accepted: what a refusal costs is measured by `benchmarks.overload`
    "FORBEAR_MAX_ACCEPTED": "64",
}
OURS = """
from serving.server import run
run("127.0.0.1", PORT)
"""
TYPED_ECHO = """
import uvicorn
from fastapi import FastAPI
from benchmarks.typed_contract import TypedRequest
app = FastAPI()
@app.post("/v1/score")
async def echo(body: TypedRequest) -> TypedRequest:
    return body
uvicorn.run(app, port=PORT, http="httptools", access_log=False, log_level="error")
"""
TUTORIAL = """
import json, os, pandas, uvicorn
from pathlib import Path
from fastapi import FastAPI
from lightgbm import LGBMClassifier
from pydantic import BaseModel
home = Path(os.environ["FORBEAR_HOME"])
rows = pandas.read_parquet(home / "training.parquet")
model = LGBMClassifier(**json.loads((home / "parameters.json").read_text()))
model.fit(rows.drop(columns="label"), rows["label"])
class Row(BaseModel):
    features: dict[str, float | None]
app = FastAPI()
@app.post("/v1/score")
def score(row: Row) -> dict[str, float]:
    frame = pandas.DataFrame([row.features], dtype=float)
    return {"probability": float(model.predict_proba(frame)[0, 1])}
uvicorn.run(app, port=PORT, http="httptools", access_log=False, log_level="error")
"""
MLFLOW = """
import os, uvicorn
from pathlib import Path
from mlflow.pyfunc import load_model
from mlflow.pyfunc.scoring_server import init
app = init(load_model(str(Path(os.environ["FORBEAR_HOME"]) / "mlflow")))
uvicorn.run(app, port=PORT, access_log=False, log_level="error")
"""


@dataclass(frozen=True)
class Round:
    """What one server did with one round of requests."""

    cpu_s: float  # of the server, per request
    waits_s: Sequence[float]  # of the client, each from first byte to last
    n_failed: int


@dataclass
class Server:
    """A process that answers on a port of its own."""

    name: str
    code: str
    bodies: list[bytes]
    home: str
    path: str = "/v1/score"
    headers: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    under: Sequence[str] = ()  # the command that runs it, such as a profiler

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [
                *self.under,
                sys.executable,
                "-c",
                self.code.replace("PORT", str(self.port)),
            ],
            env={
                **os.environ,
                **ENVIRONMENT,
                **self.environment,
                "FORBEAR_HOME": self.home,
            },
            stderr=subprocess.DEVNULL,
        )
        stated = "".join(f"{k}: {v}\r\n" for k, v in self.headers.items())
        self._head = (
            f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\n{stated}"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._turn = itertools.count()

    def wait(self, most_s: int = 120) -> None:
        for _ in range(10 * most_s):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"{self.name} did not start")

    def cpu_s(self) -> float:
        """CPU seconds of all threads so far, by the process's own clock (Linux)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def measure(self, n_requests: int, n_connections: int) -> Round:
        before = self.cpu_s()
        waits, n_failed = asyncio.run(self._ask(n_requests, n_connections))
        return Round((self.cpu_s() - before) / n_requests, waits, n_failed)

    async def _ask(self, n: int, n_connections: int) -> tuple[list[float], int]:
        waits: list[float] = []
        n_failed, todo = 0, iter(range(n))

        async def worker() -> None:
            nonlocal n_failed
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            for _ in todo:
                body = self.bodies[next(self._turn) % len(self.bodies)]
                started = time.perf_counter()
                writer.write(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().split(b"content-length: ")[1].split(b"\r")[0]
                await reader.readexactly(int(length))
                waits.append(time.perf_counter() - started)
                n_failed += not head.startswith(b"HTTP/1.1 200")
            writer.close()

        await asyncio.gather(*(worker() for _ in range(n_connections)))
        return waits, n_failed

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def servers(home: Path) -> list[Server]:
    """Ours last, with its kernels and without; all on the same customers."""
    bodies = (home / "bodies.ndjson").read_bytes().splitlines()
    stored = (home / "stored.ndjson").read_bytes().splitlines()
    rows: list[dict[str, Any]] = json.loads((home / "rows.json").read_text())
    ready = [json.dumps({"features": row}).encode() for row in rows]
    split = [
        json.dumps({"dataframe_split": {"columns": [*row], "data": [[*row.values()]]}})
        for row in rows
    ]
    key = {"Authorization": f"Bearer {(home / 'key').read_text()}"}
    invoked = [text.encode() for text in split]
    there = str(home)
    return [
        Server("(a) typed echo", TYPED_ECHO, bodies, there),
        Server("(b) pandas tutorial, ready row", TUTORIAL, ready, there),
        Server("(c) MLflow's server", MLFLOW, invoked, there, "/invocations"),
        Server("Forbear", OURS, bodies, there, headers=key),
        Server(
            "Forbear, without its kernels",
            OURS,
            bodies,
            there,
            headers=key,
            environment={"FORBEAR_KERNEL": "numpy"},
        ),
        Server("Forbear, events sent before", OURS, stored, there, headers=key),
    ]


def report(rounds: dict[str, list[Round]]) -> None:
    base = rounds["(a) typed echo"]
    print(f"{'':<32}{'CPU/request':>12}{'x (a)':>7}{'p50':>9}{'p99':>9} failed")
    for name, measured in rounds.items():
        ratio = statistics.median(
            mine.cpu_s / its.cpu_s for mine, its in zip(measured, base, strict=True)
        )
        cpu_ms = statistics.median(one.cpu_s for one in measured) * 1e3
        waits = sorted(1e3 * wait for one in measured for wait in one.waits_s)
        p50, p99 = waits[len(waits) // 2], waits[int(0.99 * len(waits))]
        n_failed = sum(one.n_failed for one in measured)
        print(
            f"{name:<32}{cpu_ms:9.2f} ms{ratio:7.2f}{p50:6.1f} ms{p99:6.1f} ms"
            f"{n_failed:7}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--home", type=Path, help="kept, and used again if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(options.home or Path(folder))
        servers_of_run = servers(home)
        try:
            for server in servers_of_run:
                server.wait()
                server.measure(60, 1)
            for n_connections in CONNECTIONS:
                rounds: dict[str, list[Round]] = {s.name: [] for s in servers_of_run}
                for _ in range(options.rounds):
                    for server in servers_of_run:
                        # MLflow's takes a tenth of a second
                        n = options.requests // (10 if "MLflow" in server.name else 1)
                        rounds[server.name].append(server.measure(n, n_connections))
                print(f"\n{n_connections} connections")
                report(rounds)
        finally:
            for server in servers_of_run:
                server.close()
    print("\nA decision here: rows checked, facts, features, probabilities, reasons,")
    print("recommendation, and a commit flushed to the disk before the answer.")


if __name__ == "__main__":
    main()
