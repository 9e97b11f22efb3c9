"""What a client sends too slowly, without end or not at all never stays for ever."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.serving.processes import Service, read_to_end, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("state")
    bounds: dict[str, Any] = {
        "header_timeout_s": 1,
        "body_timeout_s": 2,
        "keep_alive_s": 1,
        "max_header_bytes": 4_000,
        "max_body_bytes": 50_000,
        "max_connections": 50,
    }
    with running(home, **bounds) as service:
        yield service


def told(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["code"]


HALF_HEAD = b"POST /v1/score HTTP/1.1\r\nHost: x\r\n"


def half_body(service: Service) -> bytes:
    head = HALF_HEAD + f"Authorization: Bearer {service.key}\r\n".encode()
    return head + b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a'


def test_half_a_head_is_refused_in_time(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(HALF_HEAD)
        assert told(read_to_end(connection)) == (408, "request_timeout")


def test_half_a_body_is_refused_in_time(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(half_body(service))
        assert told(read_to_end(connection)) == (408, "request_timeout")


def test_what_is_not_done_when_the_service_stops_is_told_so(tmp_path: Path) -> None:
    with running(tmp_path, shutdown_timeout_s=1) as service:
        with service.connect() as connection:
            connection.sendall(half_body(service))
            time.sleep(0.5)
            service.terminate()
            assert told(read_to_end(connection)) == (503, "stopping")
        service.process.wait(30)
        assert "Traceback" not in service.log.read_text()


def test_a_body_nobody_asked_for_ends_in_time(service: Service) -> None:
    """Answered at once; what is still to come would hold the connection."""
    with service.connect() as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        )
        began = time.monotonic()
        with suppress(OSError):
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.5)
                if not connection.recv(65_536):
                    break
        assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "sent", [pytest.param(b"", id="nothing"), pytest.param(b"\r\n", id="a blank line")]
)
def test_a_connection_without_a_request_is_closed(
    service: Service, sent: bytes
) -> None:
    with service.connect() as connection:
        connection.sendall(sent)
        assert read_to_end(connection) == b""


def test_blank_lines_after_an_answer_do_not_hold_a_connection(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        read_to_end(connection)  # raises TimeoutError if it stays open


ENDLESS = [
    pytest.param(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2_000, id="many headers"),
    pytest.param(b"GET / HTTP/1.1\r\na: " + b"b" * 9_000, id="one long header"),
    pytest.param(b"GET /" + b"a" * 9_000, id="a long address"),
    pytest.param(
        b"GET / HTTP/1.1\r\na: " + b"b" * 9_000 + b"\r\n\r\n",
        id="complete, and too long",
    ),
]


@pytest.mark.parametrize("sent", ENDLESS)
def test_headers_have_a_largest_size(service: Service, sent: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(sent)
        assert told(read_to_end(connection)) == (431, "headers_too_large")


TRAILERS = [
    pytest.param(b"a: b\r\n" * 2_000, id="many"),
    pytest.param(b"a: " + b"b" * 200_000, id="one without end"),
]


@pytest.mark.parametrize("trailers", TRAILERS)
def test_trailers_have_a_largest_size(service: Service, trailers: bytes) -> None:
    head = half_body(service).partition(b"Content-Length")[0]
    with service.connect() as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        with suppress(ConnectionError):  # closed while it was still sent
            connection.sendall(trailers)
            assert told(read_to_end(connection))[0] in (413, 431)


def test_what_is_no_http_is_told_so(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert told(read_to_end(connection)) == (400, "malformed_http")


HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def test_every_answer_tells_a_browser_what_it_may_do(service: Service) -> None:
    with service.client() as client:
        for address in ("/healthz", "/v1/policy", "/nowhere", "/docs"):
            answer = client.get(address)
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            assert "server" not in answer.headers
    with service.connect() as connection:
        connection.sendall(b"no HTTP\r\n\r\n")
        assert b"nosniff" in read_to_end(connection)


def test_there_is_a_largest_number_of_connections(service: Service) -> None:
    opened = [service.connect() for _ in range(60)]
    try:
        refused = [told(read_to_end(one)) for one in opened[50:]]
        assert set(refused) == {(503, "too_many_connections")}
    finally:
        for one in opened:
            one.close()
    ends = time.monotonic() + 20.0  # until it has seen that they are gone
    with service.client() as client:
        while client.get("/healthz").status_code != 200:
            assert time.monotonic() < ends
            time.sleep(0.05)


def test_one_who_sends_slowly_but_in_time_is_answered(
    service: Service, asked: dict[str, Any]
) -> None:
    body = json.dumps(asked).encode()

    def parts() -> Iterator[bytes]:
        for begin in range(0, len(body), 1_000):
            time.sleep(0.1)
            yield body[begin : begin + 1_000]

    with service.client() as client:
        headers = {"Content-Type": "application/json"}
        said = client.post("/v1/score", content=parts(), headers=headers)
        assert said.status_code == 200


def test_told_to_end_it_ends_in_time_and_answers_what_it_accepted(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    body = json.dumps(asked).encode()
    with running(tmp_path, shutdown_timeout_s=2, body_timeout_s=60) as service:
        head = half_body(service).partition(b"Content-Length")[0]
        whole = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        with service.connect() as half, service.connect() as accepted:
            half.sendall(half_body(service))
            accepted.sendall(whole)
            with service.client() as later:  # so what came before is accepted
                assert later.get("/healthz").status_code == 200
            service.terminate()
            assert b"HTTP/1.1 200 OK" in read_to_end(accepted)
            began = time.monotonic()
            service.process.wait(timeout=30)
            assert time.monotonic() - began < 10
