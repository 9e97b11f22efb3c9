"""What it costs to start: CPU time from the command to the first ready answer.

Yardstick: a process that imports FastAPI, LightGBM and NumPy and ends, without pandas,
scikit-learn and the like, which LightGBM would import where they are installed. Both
with compiled bytecode, as pip installs it.

    python -m benchmarks.start_up [--rounds 7] [--home FOLDER]
"""

import argparse
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.serving_home import prepare

YARDSTICK = """
import sys
for name in ("pandas", "sklearn", "pyarrow", "dask", "matplotlib", "cffi", "graphviz"):
    sys.modules[name] = None
import fastapi, lightgbm, numpy
"""
IMPORTS = "import serving.server"


def cpu_s(command: list[str], home: Path, port: int | None = None) -> float:
    """CPU seconds of a process: until it ends, or until it is ready and told to end."""
    environment = {**os.environ, "FORBEAR_HOME": str(home), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = _of_children()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    if port is not None:
        _wait(port)
        process.send_signal(signal.SIGTERM)
    process.wait()
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("not ready within a minute")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main() -> None:
    """Measure how long the service takes to start."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--home", type=Path, help="kept, and used again if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, port = prepare(options.home or Path(folder)), _free_port()
        python = sys.executable
        serve = [python, "-m", "cli.main", "serve", "--port", str(port)]
        measured: dict[str, list[float]] = {}
        for number in range(options.rounds + 1):
            for name, command, at in (
                (
                    "imports of FastAPI, LightGBM and NumPy",
                    [python, "-c", YARDSTICK],
                    None,
                ),
                ("imports of the service", [python, "-c", IMPORTS], None),
                ("forbear serve until it is ready", serve, port),
            ):
                one = cpu_s(command, home, at)
                if number:  # the first round compiles what was not compiled
                    measured.setdefault(name, []).append(one)
    base = next(iter(measured.values()))
    for name, each in measured.items():
        ratio = statistics.median(x / y for x, y in zip(each, base, strict=True))
        print(f"{name:<40}{statistics.median(each):6.2f} s{ratio:6.2f}")


if __name__ == "__main__":
    main()
