"""CPU time of each stage of a score over HTTP, of one service process.

Each stage is a function of the service, measured by the CPU clock of its thread while
`benchmarks.serving`'s bodies are asked for, with the events in the body or sent before.
Measuring itself costs some 10 µs a request. What the stages leave of the thread that
answers is HTTP, the event loop and the hand-over to the thread that commits.

    python -m benchmarks.serving_stages [--home FOLDER] [--requests 1000]
"""

import argparse
import importlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.serving import Server
from benchmarks.serving_home import prepare

CONNECTIONS = 8
STAGES = (
    ("API key", "serving.access:key_of"),
    ("JSON to columns, form of the request", "serving.request:parse_request"),
    (
        "warnings, or the customer kept in memory",
        "serving.stored_customers:question_of",
    ),
    ("what was decided before", "serving.answering:_prior_decisions"),
    ("account and its facts", "features.account.accounts:KeptAccount.look"),
    ("features", "features.online.compiler:KeptRows.row"),
    ("probabilities", "advice.advisor:Advisor._probabilities"),
    ("recommendation", "decisions.engine:recommend"),
    ("contributions and reasons", "advice.advisor:Advisor._reasons"),
    ("break-evens", "decisions.money.thresholds:thresholds_of"),
    ("sentences", "wording.answer:answer_in_words"),
    ("facts and features to record", "serving.recorded_inputs:recorded_inputs"),
    ("JSON of the answer, hash of the body", "serving.decide:decision_of"),
    ("counts for Prometheus", "serving.metrics:Metrics.count_decision"),
    ("(all of the answer from its question)", "serving.decide:decide"),
    (
        "(thread that commits: all of a commit)",
        "store.sql_decisions:SqlDecisionStore._commit",
    ),
    ("(thread that commits: sealing)", "store.sql_decisions:seal"),
)


def watched(port: int) -> None:
    """Serve; SIGUSR1 begins to measure, SIGUSR2 writes what each stage took."""
    server = importlib.import_module("serving.server")
    took: dict[str, list[float]] = {label: [] for label, _ in STAGES}
    for label, place in STAGES:
        _watch(place, took[label])
    began = [0.0]

    def begin(*_: object) -> None:
        for seconds in took.values():
            seconds.clear()
        began[0] = time.thread_time()

    def end(*_: object) -> None:
        main_thread = [time.thread_time() - began[0]]
        content = json.dumps({**took, "(thread that answers: all)": main_thread})
        file = Path(os.environ["STAGES_FILE"])
        file.with_suffix(".new").write_text(content)
        file.with_suffix(".new").rename(file)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    server.run("127.0.0.1", port)


def _watch(place: str, took: list[float]) -> None:
    """Measure every call of a function, wherever it was imported."""
    name, _, path = place.partition(":")
    module = owner = importlib.import_module(name)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    function: Callable[..., Any] = getattr(owner, last)

    def measured(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        started = time.thread_time()
        try:
            return function(*args, **named)
        finally:
            took.append(time.thread_time() - started)

    setattr(owner, last, measured)
    for other in [*sys.modules.values()] if owner is module else ():
        if getattr(other, last, None) is function:
            setattr(other, last, measured)


def stages(home: Path, bodies: list[bytes], n_requests: int) -> dict[str, float]:
    """Microseconds of CPU per request, by label."""
    code = "from benchmarks.serving_stages import watched; watched(PORT)"
    key = {"Authorization": f"Bearer {(home / 'key').read_text()}"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stages.json"
        environment = {"STAGES_FILE": str(file)}
        there = str(home)
        server = Server("", code, bodies, there, headers=key, environment=environment)
        try:
            server.wait()
            server.measure(2 * len(bodies), 1)
            server.process.send_signal(signal.SIGUSR1)
            time.sleep(0.2)
            done = server.measure(n_requests, CONNECTIONS)
            server.process.send_signal(signal.SIGUSR2)
            _wait_for(file)
        finally:
            server.close()
        took: dict[str, list[float]] = json.loads(file.read_text())
    per_request = {label: sum(each) / n_requests for label, each in took.items()}
    per_request["(all of the process)"] = done.cpu_s
    return {label: 1e6 * seconds for label, seconds in per_request.items()}


def _wait_for(file: Path) -> None:
    for _ in range(300):
        if file.exists():
            return
        time.sleep(0.1)
    raise TimeoutError("the service wrote no times within 30 seconds")


def main() -> None:
    """Print both ways side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="kept, and used again if it is there")
    parser.add_argument("--requests", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(options.home or Path(folder))
        one, other = (
            stages(home, (home / name).read_bytes().splitlines(), options.requests)
            for name in ("bodies.ndjson", "stored.ndjson")
        )
    print(f"{'µs of CPU per request':<44}{'events in body':>15}{'sent before':>13}")
    for label, microseconds in one.items():
        print(f"{label:<44}{microseconds:15.0f}{other[label]:13.0f}")


if __name__ == "__main__":
    main()
