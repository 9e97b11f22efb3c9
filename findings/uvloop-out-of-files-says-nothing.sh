#!/bin/sh
# uvloop 0.23.0: where files run out, what connects is closed, and nothing is logged.
#
# A server whose process has no file descriptor left cannot take a connection. asyncio's
# own loop logs "socket.accept() out of system resource", leaves the client in the queue
# and takes it a second later, when files are free again. A good engineer expects the
# same of uvloop, said to be a drop-in replacement, and looks into the log when clients
# complain. uvloop keeps a descriptor in reserve to take each of them and close it at
# once: the client connects, reads an empty answer, and the log has not a line; its
# handler of exceptions is not called either.
# Refuse connections yourself before files run out, or raise the limit at the start.
#
# Seen with Python 3.11 on 2026-11-30:
#   asyncio: answered late True, logged 1 | uvloop: answered late False, logged 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import logging
import os
import resource
import subprocess
import sys

import uvloop

CLIENT = """
import socket, sys
one = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
print("connected", flush=True)
try:
    one.sendall(b"x")
    print(len(one.recv(2)))
except OSError:
    print(0)
"""


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"ok")
    await writer.drain()
    writer.close()


async def seen() -> tuple[bool, int]:
    """Whether a client that came while no file was free is answered; lines logged."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: lines.append(context["message"])
    )
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, str(port), stdout=subprocess.PIPE
    )
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass  # no file is left
    await client.stdout.readline()  # it has connected: the queue took it
    await asyncio.sleep(0.5)
    for one in taken:
        os.close(one)
    told, _ = await client.communicate()
    logging.getLogger().removeHandler(handler)
    server.close()
    return told.strip() == b"2", len({line.split(" (")[0] for line in lines})


logging.getLogger("asyncio").setLevel(logging.ERROR)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
found = {"asyncio": asyncio.run(seen()), "uvloop": uvloop.run(seen())}
print(
    " | ".join(
        f"{name}: answered late {is_answered}, logged {n}"
        for name, (is_answered, n) in found.items()
    )
)
assert found == {"asyncio": (True, 1), "uvloop": (False, 0)}, "changed"
PYTHON
