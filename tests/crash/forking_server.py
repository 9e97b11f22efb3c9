"""Starts the service again and again: each life is a fork, so that a start is cheap.

Reads lines `PORT ROOM` and answers with the process id; says `ended` when it did. ROOM
is the largest size in bytes a file may have in that life, 0 for any.
"""

import os
import resource
import sys

from serving.server import run


def main() -> None:
    for line in sys.stdin:
        port, room = map(int, line.split())
        pid = os.fork()
        if pid == 0:
            if room:
                _, hardest = resource.getrlimit(resource.RLIMIT_FSIZE)
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, hardest))
            run("127.0.0.1", port)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
