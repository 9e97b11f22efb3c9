"""A receiver of webhooks in a thread: keeps what it gets, answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: str

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """`answer` is asked for each message, in the order they come."""

    answer: Callable[[Received], Answer] = lambda _: (204, {})
    received: list[Received] = field(default_factory=list)
    n_connections: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def names(self) -> list[str]:
        return [one.message_id for one in self.received]


class Server(ThreadingHTTPServer):
    # a connect that finds the queue full is tried again after a second
    request_queue_size = 64
    daemon_threads = True  # a sender may keep its connection


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # a connection serves more than one message

        def setup(self) -> None:
            super().setup()
            with receiver.lock:
                receiver.n_connections += 1

        def do_POST(self) -> None:
            n_bytes = int(self.headers["content-length"])
            body = self.rfile.read(n_bytes).decode()
            if len(body.encode()) < n_bytes:  # the sender died
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.lock:
                got = Received(headers, body)
                receiver.received.append(got)
                status, named = receiver.answer(got)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **named}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as it is declared
            pass

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
