"""Traces: a span for each request and stage, without a word about a customer."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from serving.app import create_app
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.conftest import a_client

CALLER = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as it is declared
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
    server.shutdown()
    thread.join()
    server.server_close()


def spans(received: list[bytes]) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for content in received:
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            for scope in resource.scope_spans:
                found |= {span.name: span for span in scope.spans}
    return found


def test_a_score_is_traced_without_its_customer(
    tmp_path: Path, collector: tuple[str, list[bytes]], asked: dict[str, Any]
) -> None:
    endpoint, received = collector
    keys = open_key_store(tmp_path)
    _, key = keys.create("tests")
    keys.close()
    asked["customer_id"] = "somebody-special"
    headers = {
        "Authorization": f"Bearer {key}",
        "traceparent": f"00-{CALLER}-b7ad6b7169203331-01",
    }
    settings = ServingSettings(home=tmp_path, traces_endpoint=endpoint)
    with a_client(create_app(settings)) as client:
        client.headers.update(headers)
        name = client.post("/v1/score", json=asked).json()["decision_id"]
        client.get("/v1/decisions", params={"customer_id": "somebody-special"})
        client.get(f"/v1/decisions/{name}")
        client.get("/v1/customers/somebody-special/timeline")
        client.request("SOMEBODY-SPECIAL", "/v1/score")
    found = spans(received)
    assert {"wait", "read", "decide", "record", "POST /v1/score"} <= found.keys()
    assert "GET /v1/decisions/{decision_id}" in found
    assert any(span.startswith("other ") for span in found)
    request, decided = found["POST /v1/score"], found["decide"]
    assert decided.parent_span_id == request.span_id
    assert request.trace_id.hex() == CALLER
    attributes = {one.key for span in found.values() for one in span.attributes}
    assert attributes == {
        "http.route",
        "http.request.method",
        "http.response.status_code",
    }
    everything = b"".join(received)
    for secret in ("somebody-special", "SOMEBODY-SPECIAL", key, name):
        assert secret.encode() not in everything


def test_a_collector_that_is_not_there_changes_nothing(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    keys = open_key_store(tmp_path)
    _, key = keys.create("tests")
    keys.close()
    settings = ServingSettings(
        home=tmp_path, traces_endpoint="http://127.0.0.1:1/v1/traces"
    )
    with a_client(create_app(settings)) as client:
        bearer = {"Authorization": f"Bearer {key}"}
        assert client.post("/v1/score", json=asked, headers=bearer).status_code == 200
