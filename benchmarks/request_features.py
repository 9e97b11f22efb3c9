"""Features of score requests: by the kernel in C and by Python, in turns.

One process reads the bodies of `benchmarks.serving`, finds how each customer stands,
and then measures features alone: CPU of the thread, the least of some rounds.

    python -m benchmarks.request_features [--home FOLDER] [--rounds 12]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.serving_home import prepare
from features.account import Accounts
from features.account.standing import Standing
from features.events import Events
from features.moments import microseconds
from features.online import OnlineCompiler
from features.settings import PortfolioSettings
from scoring.bundle import Bundle
from scoring.shelf import champion_path
from serving.request import parse_request, read_events


class Asked(NamedTuple):
    """A request as it was read."""

    events: Events
    as_of: int
    standing: Standing


def asked(bodies: Sequence[bytes], settings: PortfolioSettings) -> list[Asked]:
    accounts, read = Accounts(settings), []
    for body in bodies:
        events, _ = read_events(parse_request(body, settings), settings)
        as_of = microseconds(datetime.fromisoformat(json.loads(body)["as_of"]))
        read.append(Asked(events, as_of, accounts.standing(events, as_of)))
    return read


def microseconds_each(compiled: OnlineCompiler, requests: Sequence[Asked]) -> float:
    started = time.thread_time()
    for one in requests:
        compiled(*one)
    return 1e6 * (time.thread_time() - started) / len(requests)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="kept, and used again if it is there")
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(options.home or Path(folder))
        path = champion_path(home, "nonpayment")
        assert path is not None
        bundle = Bundle.load(path)
        requests = asked(
            (home / "bodies.ndjson").read_bytes().splitlines(), bundle.settings
        )
    ways = [OnlineCompiler(bundle.feature_set, bundle.settings) for _ in range(2)]
    in_c, in_python = ways
    assert in_c.kernel is not None, "installed without a C compiler"
    in_python.kernel = in_python.finish = None
    for one in requests:
        assert in_c(*one).tobytes() == in_python(*one).tobytes()
    rounds = [
        [microseconds_each(way, requests) for way in ways]
        for _ in range(options.rounds)
    ]
    c, python = (min(each) for each in zip(*rounds, strict=True))
    print(f"features of a request: {c:.0f} µs in C, {python:.0f} in Python")


if __name__ == "__main__":
    main()
