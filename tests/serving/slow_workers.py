"""Two workers that take a minute to start, as on a machine that is busy elsewhere.

Run as a module with a folder, where each worker that begins leaves a file named by its
process id.
"""

import os
import socket
import sys
import time
from pathlib import Path

import uvicorn

from serving.supervisor import Supervisor

START_S = 60

if __name__ == "__mp_main__":  # imported anew in a worker
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(START_S)


def app() -> None:
    raise AssertionError("nobody waits so long")


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, factory=True, workers=2, timeout_worker_healthcheck=START_S
    )
    Supervisor(config, [listener]).run()
