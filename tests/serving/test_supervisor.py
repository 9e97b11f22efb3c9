"""Signals and deaths while workers are still starting."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.slow_workers import START_S

SOON_S = START_S / 2
pytestmark = pytest.mark.slow


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.serving.slow_workers", str(tmp_path)]
    process = subprocess.Popen(command)
    try:
        wait_for_starting(tmp_path, 2)
        yield process
    finally:
        process.kill()
        process.wait()
        for worker in starting(tmp_path):
            _kill(worker)


def starting(folder: Path) -> set[int]:
    return {int(file.name) for file in folder.iterdir()}


def wait_for_starting(folder: Path, n: int) -> set[int]:
    """The process ids of the first `n` workers that began."""
    ends = time.monotonic() + SOON_S
    while len(starting(folder)) < n:
        assert time.monotonic() < ends
        time.sleep(0.05)
    return starting(folder)


def _kill(process_id: int) -> None:
    try:
        os.kill(process_id, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_service_whose_workers_still_start(
    supervisor: subprocess.Popen[bytes], ending: signal.Signals
) -> None:
    time.sleep(1)  # until the supervisor waits for an answer
    supervisor.send_signal(ending)
    assert supervisor.wait(SOON_S) == 0


def test_a_worker_that_dies_while_it_starts_is_started_anew(
    supervisor: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    time.sleep(1)
    _kill(min(starting(tmp_path)))
    wait_for_starting(tmp_path, 3)
    assert supervisor.poll() is None
