"""The score endpoint against a bare FastAPI echo: ratios, on the loopback only.

Two uvicorn processes with one event loop each, asked in turn by one client with one
connection. Read the ratios: p50 as the client sees it, and the server's own CPU time
per request, which does not depend on how busy the machine is.

    python -m benchmarks.serving [--customers 400] [--rounds 5] [--requests 200]
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from features.moments import to_datetime
from features.portfolio import Portfolio
from scoring.shelf import champion_id
from serving.request_rows import request_body
from store.opening import open_key_store

ECHO = """
import uvicorn
from fastapi import FastAPI
from typing import Any
from pydantic import BaseModel
class Body(BaseModel):
    customer_id: str
    as_of: str
    events: dict[str, list[dict[str, Any]]]
app = FastAPI()
@app.post("/v1/score")
async def echo(body: Body) -> Body:
    return body
uvicorn.run(app, port=PORT, http="httptools", access_log=False, log_level="error")
"""
OURS = """
from serving.server import run
run("127.0.0.1", PORT)
"""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def prepare(home: Path, n_customers: int) -> list[bytes]:
    """Trained champions under `home`, and one request body per customer."""
    run = [sys.executable, "-m", "cli.main"]
    environment = {**os.environ, "FORBEAR_HOME": str(home)}
    folder = home / "portfolio"
    size = ["--customers", str(n_customers), "--months", "24"]
    simulate = ["simulate", *size, "--world", "fraud-wave", "--out", str(folder)]
    for words in (simulate, ["train", str(folder)]):
        subprocess.run([*run, *words], env=environment, check=True, capture_output=True)
    assert champion_id(home, "nonpayment") is not None
    portfolio = Portfolio.open(folder)
    as_of = to_datetime(portfolio.observed_until)
    found = [
        json.dumps(request_body(events, as_of, portfolio.settings)).encode()
        for events in portfolio.iter_events(portfolio.customer_ids[:200])
    ]
    return sorted(found, key=len)


class Server:
    """A process that answers on a port of its own."""

    def __init__(self, code: str, home: Path, key: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {**os.environ, "FORBEAR_HOME": str(home)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code.replace("PORT", str(self.port))],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        self.headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {key}",
        }
        self._wait()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def _wait(self) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError("the server did not start")

    def ask(self, body: bytes) -> float:
        """Seconds from the first byte sent to the last byte read."""
        started = time.perf_counter()
        self.connection.request("POST", "/v1/score", body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return time.perf_counter() - started

    def cpu_s(self) -> float:
        """CPU seconds of the process so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / TICKS_PER_S

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def measure(server: Server, bodies: list[bytes], n: int) -> tuple[float, float]:
    """Median seconds and CPU seconds per request."""
    server.connection.close()  # it was idle while the other one was asked
    before = server.cpu_s()
    seconds = [server.ask(bodies[i % len(bodies)]) for i in range(n)]
    return statistics.median(seconds), (server.cpu_s() - before) / n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        bodies = prepare(home, asked.customers)
        keys = open_key_store(home)
        _, key = keys.create("benchmark")
        keys.close()
        n_rows = [sum(map(len, json.loads(b)["events"].values())) for b in bodies]
        print(f"{len(bodies)} bodies, {statistics.median(n_rows):.0f} events at median")
        ours, echo = Server(OURS, home, key), Server(ECHO, home, key)
        try:
            for server in (ours, echo):
                measure(server, bodies, 50)
            pairs = [
                (
                    measure(echo, bodies, asked.requests),
                    measure(ours, bodies, asked.requests),
                )
                for _ in range(asked.rounds)
            ]
        finally:
            ours.close()
            echo.close()
    for i, what in enumerate(("p50", "server CPU")):
        own = statistics.median(mine[i] for _, mine in pairs) * 1e3
        ratio = statistics.median(mine[i] / base[i] for base, mine in pairs)
        print(f"{what}: {own:.2f} ms per decision, {ratio:.1f} x a bare FastAPI echo")
    print("A decision here: rows checked, facts, features, probability, reasons,")
    print("recommendation, and a commit flushed to the disk before the answer.")


if __name__ == "__main__":
    main()
