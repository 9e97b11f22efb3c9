"""Memory that one process of the service takes with the models of a state folder.

Resident megabytes when it is ready, after 600 scores and after 2,000 more, with the
events in the body and by customer about the same events sent before (Linux). The
folder, such as that of `make demo`, is only read.

    python -m benchmarks.serving_memory [--home .forbear]
"""

import argparse
import asyncio
import re
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.serving import OURS, Server
from benchmarks.serving_home import LUMEN, bodies_of, store_events
from features.portfolio import Portfolio
from store.opening import open_key_store

N_SCORES = 600, 2_000
MODELS = "bundles", "promoted", "starters"


def resident_mb(server: Server) -> int:
    """Of the process now, in units of 10⁶ bytes; Linux counts in 1,024."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return round(int(found[1]) * 1024 / 1e6)


def _prepare(home: Path, models: Path) -> str:
    """The models, the requests, and their events in the store; an API key."""
    for name in MODELS:
        if (models / name).exists():
            shutil.copytree(models / name, home / name)
    keys = open_key_store(home)
    key = keys.create("benchmark")[1]
    keys.close()
    portfolio = Portfolio.open(LUMEN)
    bodies = b"\n".join(body for body, _ in bodies_of(portfolio))
    (home / "bodies.ndjson").write_bytes(bodies)
    asyncio.run(store_events(home, portfolio))
    return key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path(".forbear"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        headers = {"Authorization": f"Bearer {_prepare(home, options.home)}"}
        print(f"{'resident MB':<16}{'ready':>8}{'+600':>8}{'+2,000':>8}")
        for name, file in (("events in body", "bodies"), ("sent before", "stored")):
            asked = (home / f"{file}.ndjson").read_bytes().splitlines()
            server = Server(name, OURS, asked, str(home), headers=headers)
            try:
                server.wait()
                time.sleep(2.0)  # models are loaded
                taken = [resident_mb(server)]
                for n in N_SCORES:
                    assert server.measure(n, 8).n_failed == 0
                    taken.append(resident_mb(server))
            finally:
                server.close()
            print(f"{name:<16}" + "".join(f"{mb:8}" for mb in taken))


if __name__ == "__main__":
    main()
