"""A service in a process of its own, for what only sockets and signals can show."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from store.opening import open_key_store

SERVE = (sys.executable, "-m", "cli.main", "serve")


@dataclass
class Service:
    port: int
    process: subprocess.Popen[bytes]
    key: str
    log: Path
    scheme: str

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.settimeout(30)
        return connection

    def client(self, timeout_s: float = 30.0) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.scheme}://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=timeout_s,
            verify=False,  # noqa: S501 - a certificate of the test's own
        )

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def running(
    home: Path, *arguments: str, scheme: str = "http", **settings: object
) -> Iterator[Service]:
    """`forbear serve` with `arguments`; `settings` are fields of ServingSettings.

    The key may score.
    """
    keys = open_key_store(home)
    _, key = keys.create("tests")
    keys.close()
    port, log = free_port(), home / "service.log"
    stated = {f"FORBEAR_{name.upper()}": str(value) for name, value in settings.items()}
    environment = {**os.environ, "FORBEAR_HOME": str(home), **stated}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "cli.main",
                "serve",
                "--port",
                str(port),
                *arguments,
            ],
            env=environment,
            stderr=file,
        )
    try:
        wait_for(port, scheme=scheme)
        yield Service(port, process, key, log, scheme)
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int, within_s: float = 180.0, scheme: str = "http") -> None:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        try:
            url = f"{scheme}://127.0.0.1:{port}/readyz"
            httpx.get(url, timeout=5, verify=False)  # noqa: S501 - as above
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"the service on {port} did not start")


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = bytearray()
    while chunk := connection.recv(65_536):
        received += chunk
    return bytes(received)
