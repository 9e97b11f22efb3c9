"""A service of this machine in a process of its own, for whoever wants to look."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

COMMAND = (sys.executable, "-m", "cli.main")
_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 30.0
_POLL_S = 0.1
_LAST_CHARACTERS = 600  # of its log, which may lie in a folder that is removed


class ServiceNotUpError(Exception):
    """The service ended, or does not answer."""

    code = "service_not_up"

    def __init__(self, log: Path) -> None:
        said = log.read_text("utf-8", errors="replace") if log.is_file() else ""
        last = " ".join(said.split())[-_LAST_CHARACTERS:]
        why = f"the last it said: {last}" if last else "it said nothing yet"
        super().__init__(
            f"the service did not start within two minutes or ended; {why}"
        )


class PortTakenError(Exception):
    """Somebody else answers there."""

    code = "port_taken"

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use: name another one with --port")


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running_service(
    port: int, log: Path, environment: Mapping[str, str] = os.environ
) -> Iterator["subprocess.Popen[bytes]"]:
    """`forbear serve` while the block runs.

    Args:
        port: of this machine.
        log: file that takes what it writes.
        environment: its settings.

    Raises:
        PortTakenError: another program listens there.
        ServiceNotUpError: it ended.
    """
    _require_free(port)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port)],
            env=dict(environment),
            stdout=file,
            stderr=file,
        )
    try:
        _wait_for(port, process, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _require_free(port: int) -> None:
    """Before anything is sent: whoever listens there is not ours."""
    with socket.socket() as wanted:
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind(("127.0.0.1", port))
        except OSError:
            raise PortTakenError(port) from None


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    import httpx

    ends = time.monotonic() + _STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < ends:
        try:
            httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5.0)
        except httpx.TransportError:
            time.sleep(_POLL_S)
        else:
            if process.poll() is None:
                return
    raise ServiceNotUpError(log)
