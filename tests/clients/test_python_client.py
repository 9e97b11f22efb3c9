"""The Python client against a live service, and against what can go wrong between."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from forbear_client import Client, RefusedError, UnavailableError

from serving.openapi import EXAMPLE
from store.opening import open_key_store
from tests.serving.processes import Service, running

AT = datetime(2026, 5, 1, 6, tzinfo=UTC)
AS_OF = datetime(2026, 6, 30, 22, tzinfo=UTC)
CUSTOMER = {"event_at": "2024-03-01T09:00:00Z", "subject_kind": "legal_person"}
INVOICE = {
    "invoice_id": "1",
    "event_at": AT,
    "due_at": date(2026, 5, 31),
    "amount": 100,
}


def events_of(name: str) -> dict[str, list[dict[str, Any]]]:
    """Rows with an invoice number that no other customer has."""
    return {"customers": [CUSTOMER], "invoices": [{**INVOICE, "invoice_id": name}]}


OBSERVED = dict.fromkeys(
    ("customers", "invoices", "payments", "disputes", "contacts", "holds"), AS_OF
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Service]:
    with running(home) as service:
        yield service


Connect = Callable[..., Client]


@pytest.fixture
def connect(service: Service, home: Path) -> Iterator[Connect]:
    """A client with a key of a scope, over a transport."""
    opened = []

    def connected(scope: str = "score", **changes: Any) -> Client:  # noqa: ANN401
        keys = open_key_store(home)
        _, text = keys.create("Alice", scope)
        keys.close()
        client = Client(f"http://127.0.0.1:{service.port}", text, **changes)
        opened.append(client)
        return client

    yield connected
    for client in opened:
        client.close()


def test_events_are_sent_and_scored(connect: Connect) -> None:
    with connect() as client:
        sent = client.send(events_of("sent"), customer_id="sent", observed=OBSERVED)
        assert (sent["accepted"], sent["rejected"]) == (2, 0)
        stored = client.score("sent", as_of=AS_OF)
        events = {table: events_of("sent").get(table, []) for table in OBSERVED}
        told = client.score(
            "told", events=events, as_of=AS_OF, observed_until=OBSERVED, language="de"
        )
    assert stored["exposure"]["open"] == told["exposure"]["open"] == 100
    assert stored["action"] == told["action"]
    assert (stored["language"], told["language"]) == ("en", "de")


def test_what_was_decided_is_found_again(connect: Connect) -> None:
    client = connect()
    client.send(events_of("a/b"), customer_id="a/b", observed=OBSERVED)
    made = [client.score("a/b", as_of=AS_OF) for _ in range(3)]
    listed = [one["decision_id"] for one in client.decisions("a/b")]
    assert listed == sorted((one["decision_id"] for one in made), reverse=True)
    assert client.decision(listed[0]) in made
    assert client.reasons(listed[0])["decision_id"] == listed[0]
    tables = [entry["table"] for entry in client.timeline("a/b")]
    assert tables == [None, None, None, "invoices", "customers"]


def test_many_are_asked_about_at_once(connect: Connect) -> None:
    client = connect()
    client.send(events_of("many"), customer_id="many", observed=OBSERVED)
    known, unknown = client.score_batch(
        [{"customer_id": "many", "as_of": AS_OF}, {"customer_id": "nobody"}]
    )
    assert (known["status"], unknown["status"]) == (200, 404)
    names = [item["customer_id"] for item in client.score_portfolio(as_of=AS_OF)]
    assert "many" in names
    assert names == sorted(str(name) for name in names)


def test_people_say_what_they_decided(connect: Connect) -> None:
    client, person, admin = connect(), connect("review"), connect("admin")
    client.send(events_of("people"), customer_id="people", observed=OBSERVED)
    made = client.score("people", as_of=AS_OF)
    person.override(
        "people",
        "none",
        reason="spoke with them",
        until=date(2100, 12, 31),
        event_at=AT,
        decision_id=made["decision_id"],
    )
    person.outcome("people", "fraud_cleared", strength="analyst", event_at=AT)
    after = client.score("people", as_of=AS_OF)
    assert "override" in {hold["kind"] for hold in after["permission"]["holds"]}
    bad = {"invoices": [{**INVOICE, "invoice_id": "2", "amount": -1}]}
    [error] = client.send(bad, customer_id="people")["errors"]
    assert error["reject_id"] is not None
    person.dismiss("people", [error["reject_id"]])
    assert client.score("people", as_of=AS_OF)["no_decision"] is None
    with pytest.raises(RefusedError) as refused:
        person.erase("people")
    assert (refused.value.status, refused.value.code) == (403, "scope_missing")
    client.send(events_of("gone"), customer_id="gone")
    assert admin.erase("gone")["n_events"] == 2


def test_a_refusal_says_what_is_wrong(connect: Connect) -> None:
    with pytest.raises(RefusedError) as refused:
        connect().score("c", events={"invoices": [{**INVOICE, "amount": -1}]})
    assert refused.value.code == "invalid_rows"
    assert refused.value.errors[0]["rule"] == "negative_amount"


def test_a_moment_needs_its_offset(connect: Connect) -> None:
    with pytest.raises(ValueError, match="offset"):
        connect().score("c", as_of=datetime(2026, 6, 30))  # noqa: DTZ001


class Lossy(httpx.BaseTransport):
    """Sends every request on, and loses the first answers."""

    def __init__(self, n_lost: int) -> None:
        self._onward = httpx.HTTPTransport()
        self._n_lost = n_lost
        self.answers: list[httpx.Response] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._onward.handle_request(request)
        self.answers.append(answer)
        if len(self.answers) <= self._n_lost:
            answer.read()
            answer.close()
            raise httpx.ReadError("lost")
        return answer

    def close(self) -> None:
        self._onward.close()


def test_what_was_recorded_and_not_heard_is_answered_once(connect: Connect) -> None:
    lossy = Lossy(2)
    client = connect(transport=lossy)
    answer = client.score("lossy", events=EXAMPLE["events"])
    assert len(lossy.answers) == 3
    assert [one["decision_id"] for one in client.decisions("lossy")] == [
        answer["decision_id"]
    ]
    assert lossy.answers[2].headers["Idempotent-Replay"] == "true"


def test_who_never_answers_is_given_up(connect: Connect) -> None:
    with pytest.raises(UnavailableError) as given_up:
        connect(transport=Lossy(9), tries=2).score("c", events=EXAMPLE["events"])
    assert given_up.value.tries == 2
    assert "ReadError" in str(given_up.value)


def test_a_service_that_asks_to_wait_is_asked_again() -> None:
    asked: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("Idempotency-Key"))
        if len(asked) == 1:
            problem = {"code": "overloaded", "detail": "later"}
            return httpx.Response(503, json=problem, headers={"Retry-After": "0"})
        if len(asked) == 2:
            return httpx.Response(502, text="<html>")
        return httpx.Response(200, json={"accepted": 0})

    client = Client("http://forbear", "fb_k", transport=httpx.MockTransport(handle))
    assert client.send({})["accepted"] == 0
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert asked[0]


class Cut(httpx.BaseTransport):
    """Cuts the first stream after some lines."""

    def __init__(self, n_lines: int) -> None:
        self._onward = httpx.HTTPTransport()
        self._n_lines = n_lines
        self.bodies: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        answer = self._onward.handle_request(request)
        if len(self.bodies) > 1:
            return answer
        lines = answer.read().splitlines(keepends=True)
        whole = b"".join(lines[: self._n_lines])
        return httpx.Response(200, stream=_Broken(whole + lines[self._n_lines][:40]))

    def close(self) -> None:
        self._onward.close()


class _Broken(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise httpx.ReadError("cut")


def test_a_portfolio_that_breaks_off_is_taken_up_again(connect: Connect) -> None:
    sender = connect()
    for name in ("p1", "p2", "p3"):
        sender.send(events_of(name), customer_id=name, observed=OBSERVED)
    whole = [item["customer_id"] for item in sender.score_portfolio(after="p")]
    cut = Cut(1)
    items = list(connect(transport=cut).score_portfolio(after="p"))
    assert [item["customer_id"] for item in items] == whole
    decisions = [item.get("decision") for item in items]
    moments = {one["as_of"] for one in decisions if one is not None}
    assert len(cut.bodies) == 2
    assert len(moments) == 1


def answering(*answers: httpx.Response) -> tuple[Client, list[httpx.Request]]:
    """A client of a service that gives these answers, the last one for ever."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers[min(len(asked), len(answers)) - 1]

    transport = httpx.MockTransport(handle)
    return Client("http://forbear", "fb_k", transport=transport, tries=3), asked


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the client waited, in no time."""
    waits: list[float] = []
    monkeypatch.setattr("forbear_client.transport.time.sleep", waits.append)
    return waits


STRANGE = [
    httpx.Response(200, text="<html>sign in</html>"),
    httpx.Response(200, text=""),
    httpx.Response(204),
    httpx.Response(200, text='{"action":'),
    httpx.Response(200, content=b'{"action": "\xe9"}'),
    httpx.Response(200, json=["suspend"]),
]


@pytest.mark.parametrize("strange", STRANGE)
def test_what_no_service_says_is_no_answer(
    strange: httpx.Response, waited: list[float]
) -> None:
    client, asked = answering(strange)
    with pytest.raises(UnavailableError):
        client.score("c")
    with pytest.raises(UnavailableError):
        next(client.score_portfolio())
    assert len(asked) == 6
    assert len(waited) == 4
    client, _ = answering(strange, httpx.Response(200, json={"action": "none"}))
    assert client.score("c")["action"] == "none"


def test_an_answer_that_cannot_be_unpacked_is_none(waited: list[float]) -> None:
    """Such as one that a proxy cut off."""

    def handle(_: httpx.Request) -> httpx.Response:
        packed = httpx.ByteStream(b"no gzip")
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=packed)

    transport = httpx.MockTransport(handle)
    client = Client("http://forbear", "fb_k", transport=transport, tries=3)
    with pytest.raises(UnavailableError, match="DecodingError"):
        client.score("c")
    with pytest.raises(UnavailableError, match="DecodingError"):
        next(client.score_portfolio())
    assert len(waited) == 4


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_fault_of_the_service_is_no_refusal(status: int, waited: list[float]) -> None:
    problem = {"code": "internal_error", "detail": "a bug"}
    client, asked = answering(httpx.Response(status, json=problem))
    with pytest.raises(UnavailableError, match="internal_error"):
        client.score("c")
    assert len({one.headers["Idempotency-Key"] for one in asked}) == 1
    assert len(asked) == len(waited) + 1 == 3


@pytest.mark.parametrize(
    ("stated", "least_s", "most_s"),
    [
        pytest.param("30", 30.0, 45.0, id="no sooner than asked"),
        pytest.param("3600", 60.0, 90.0, id="an hour is not waited for"),
        pytest.param("0", 0.0, 0.4, id="at once"),
        pytest.param("²", 0.0, 0.4, id="no number"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", 0.0, 0.4, id="a date"),
    ],
)
def test_it_waits_as_long_as_it_is_asked_to(
    stated: str, least_s: float, most_s: float, waited: list[float]
) -> None:
    headers = httpx.Headers({"Retry-After": stated}, encoding="utf-8")
    client, _ = answering(httpx.Response(429, headers=headers))
    with pytest.raises(UnavailableError):
        client.score("c")
    assert len(waited) == 2
    assert all(least_s <= wait <= most_s for wait in waited)


def test_a_portfolio_waits_for_a_service_that_starts(waited: list[float]) -> None:
    """Each time longer, or as long as it asks; a new line begins the count anew."""
    problem = {"code": "overloaded", "detail": "later"}
    busy = httpx.Response(503, json=problem, headers={"Retry-After": "8"})
    cut = httpx.Response(200, text='{"customer_id": "a", "status": 404}\n')
    whole = httpx.Response(200, text='{"customer_id": "b"}\n{"end": true}\n')
    client, asked = answering(busy, busy, cut, busy, whole)
    items = list(client.score_portfolio(as_of=AS_OF))
    assert [item["customer_id"] for item in items] == ["a", "b"]
    assert len({one.headers["Idempotency-Key"] for one in asked}) == 1
    assert [b'"after":"a"' in one.content for one in asked] == [False] * 3 + [True] * 2
    assert [wait >= 8 for wait in waited] == [True, True, False, True]
    client, asked = answering(busy)
    with pytest.raises(UnavailableError, match=r"overloaded.*behind 'x'"):
        next(client.score_portfolio(after="x"))
    assert len(asked) == 3


def test_a_portfolio_that_breaks_off_decides_about_nobody_twice(
    connect: Connect,
) -> None:
    sender = connect()
    for name in ("t1", "t2"):
        sender.send(events_of(name), customer_id=name, observed=OBSERVED)
    list(connect(transport=Cut(1)).score_portfolio(after="t"))
    assert len(list(sender.decisions("t2"))) == 1
