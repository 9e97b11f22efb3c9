"""Running the application in this process."""

import logging
import os
import socket
import sys

import uvicorn

from serving.app import create_app
from serving.connection import ConnectionLimits, bounded_connection
from serving.headers import OF_EVERY_ANSWER
from serving.settings import ServingSettings, serving_settings
from store.opening import open_decision_store, open_event_store, open_key_store

_UNREAD_ANSWER_MS = 30_000


def run(host: str, port: int, settings: ServingSettings | None = None) -> None:
    """Serve until a signal ends it; one process, one event loop."""
    # a one-row prediction must not wake a thread pool: 6 ms instead of 30 µs when
    # another process keeps a core busy
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # the thread that records needs the interpreter some ten times a commit; by default
    # a busy event loop lets it wait 5 ms each time
    sys.setswitchinterval(0.0005)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    settings = settings or serving_settings()
    os.umask(0o077)  # what is written here is about customers
    with _listening(host, port) as listener:
        # refused here it is one line for people; in the lifespan it is a traceback
        open_key_store(*settings.store).close()
        open_decision_store(*settings.store).close()
        open_event_store(*settings.store).close()
        config = uvicorn.Config(
            create_app(settings),
            http=bounded_connection(ConnectionLimits.of(settings)),
            headers=list(OF_EVERY_ANSWER),
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=settings.keep_alive_s,
            timeout_graceful_shutdown=settings.shutdown_timeout_s,
            access_log=False,  # addresses may hold customer ids; metrics count instead
            log_config=None,
            server_header=False,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """Taken before models are loaded; uvicorn's own exit codes mean other things."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        # a client that reads no answer, or is gone: connections inherit it
        listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_ANSWER_MS
        )
    return listener
