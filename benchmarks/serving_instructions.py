"""Instructions that a request over HTTP takes, counted by valgrind.

CPU time cannot tell changes below a tenth where other work shares the processor's
caches; instructions tell a hundredth, however busy the machine is. They leave out what
memory and system calls take, so goals are judged by `benchmarks.serving`. The processor
that valgrind imitates has no instructions for SHA-256: of a request with its events
some 2.5 million are two hashes that a real one makes in 80 µs.

    python -m benchmarks.serving_instructions [--home FOLDER] [--requests 50]
"""

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.serving import OURS, TYPED_ECHO, Server
from benchmarks.serving_home import prepare

BASE = "(a) typed echo"
ASKED = {
    BASE: (TYPED_ECHO, "bodies"),
    "Forbear": (OURS, "bodies"),
    "Forbear, events sent before": (OURS, "stored"),
}
N_WARM = 200  # requests before those that are counted: each customer once


def instructions(name: str, home: Path, n_requests: int) -> float:
    """Of all threads, per request; one connection."""
    code, bodies = ASKED[name]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(
            name,
            code,
            (home / f"{bodies}.ndjson").read_bytes().splitlines(),
            str(home),
            headers={"Authorization": f"Bearer {(home / 'key').read_text()}"},
            under=(
                "valgrind",
                "--tool=callgrind",
                "--instr-atstart=no",
                f"--callgrind-out-file={folder}/counted",
            ),
        )
        try:
            server.wait(most_s=900)  # valgrind takes its time
            server.measure(N_WARM, 1)
            _control(server, "--instr=on")
            assert server.measure(n_requests, 1).n_failed == 0
            _control(server, "--dump")
            text = (Path(folder) / "counted.1").read_text()
        finally:
            server.close()
    total = re.search(r"^(?:summary|totals): (\d+)$", text, re.M)
    assert total is not None
    return int(total[1]) / n_requests


def _control(server: Server, what: str) -> None:
    command = ["callgrind_control", what, str(server.process.pid)]
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="kept, and used again if it is there")
    parser.add_argument("--requests", type=int, default=50)
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing is counted")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(options.home or Path(folder))
        counted = {name: instructions(name, home, options.requests) for name in ASKED}
    print(f"{'millions of instructions':<32}{'per request':>12}{'x (a)':>7}")
    for name, each in counted.items():
        print(f"{name:<32}{each / 1e6:12.2f}{each / counted[BASE]:7.2f}")


if __name__ == "__main__":
    main()
