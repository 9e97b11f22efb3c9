"""The numbers of all workers of a service, whichever of them is asked.

Each keeps its own in files of a folder that they share. What a worker that ended has
counted stays; what it said of its state goes.
"""

import os
import re
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# read by prometheus_client when it is imported
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_OF_A_WORKER = re.compile(r"_(\d+)\.db$")


def page_of_all(folder: Path) -> bytes:
    """The text Prometheus scrapes."""
    for pid in _pids(folder):
        if not _lives(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _pids(folder: Path) -> set[int]:
    found = (_OF_A_WORKER.search(file.name) for file in folder.glob("gauge_live*.db"))
    return {int(one[1]) for one in found if one is not None}


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
