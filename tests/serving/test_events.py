"""Batches of events: what is kept, what is rejected, and what the sender is told."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zstandard
from httpx import Client, Response
from jsonschema import Draft202012Validator

from serving.openapi import EVENTS_EXAMPLE
from serving.settings import ServingSettings
from store.events import EventReader
from store.opening import open_event_reader

AT = "2026-05-01T06:00:00Z"
INVOICE = {"customer_id": "acme", "invoice_id": "1", "event_at": AT}
INVOICE |= {"due_at": "2026-05-31", "amount": "10.01"}
REFUND = {"customer_id": "acme", "payment_id": "p", "status": "refunded"}
REFUND |= {"event_at": AT, "amount": "5"}
ALL = 100_000

Send = Callable[..., Response]


@pytest.fixture
def send(service: Client) -> Send:
    """Sends a batch to a service of one test's own."""

    def send(body: object, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return service.post("/v1/events", json=body, headers=named)

    return send


@pytest.fixture
def kept(service: Client, settings: ServingSettings) -> Iterator[EventReader]:
    """Reads what was kept as another process would; nothing of it is in memory."""
    reader = open_event_reader(settings.home)
    yield reader
    reader.close()


def contents(reader: EventReader, customer_id: str) -> list[Any]:
    rows = reader.rows(customer_id, reader.last_sequence(), ALL)
    return [json.loads(row.content) for row in rows]


def invoices(n: int, **cells: object) -> list[dict[str, object]]:
    return [{**INVOICE, "invoice_id": str(i), **cells} for i in range(n)]


def test_a_batch_is_durable_when_it_is_answered(send: Send, kept: EventReader) -> None:
    answer = send(EVENTS_EXAMPLE)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["accepted"], said["rejected"], said["repeated"]) == (2, 0, 0)
    assert said["sequence"] == kept.last_sequence()
    [customer, invoice] = contents(kept, "acme")
    assert customer == {"event_at": "2024-03-01T09:00:00Z"} | {
        "subject_kind": "legal_person"
    }
    assert invoice["amount"] == 234.0
    observed = kept.observed("", said["sequence"])
    assert set(observed) == set(EVENTS_EXAMPLE["observed"])


def test_good_rows_of_a_bad_batch_are_kept(send: Send, kept: EventReader) -> None:
    rows = [INVOICE, {**INVOICE, "invoice_id": "2", "amount": -1}]
    rows.append({**INVOICE, "customer_id": "other"})
    said = send({"events": {"invoices": rows}}).json()
    assert (said["accepted"], said["rejected"]) == (2, 1)
    [error] = said["errors"]
    assert error["pointer"] == "/events/invoices/1/amount"
    assert (error["table"], error["row"], error["column"]) == ("invoices", 1, "amount")
    assert error["rule"] == "negative_amount"
    assert "credit note" in error["message"]
    assert error["reject_id"] in {
        row.digest.hex() for row in kept.rows("acme", ALL, ALL)
    }
    assert len(contents(kept, "other")) == 1


def test_a_row_sent_again_is_kept_once(send: Send, kept: EventReader) -> None:
    body = {"events": {"invoices": [INVOICE, {**INVOICE, "applies_to": None}]}}
    assert send(body).json()["repeated"] == 1
    backwards = dict(reversed(INVOICE.items()))
    again = send({"customer_id": "acme", "events": {"invoices": [backwards]}}).json()
    assert (again["accepted"], again["repeated"]) == (1, 1)
    assert len(contents(kept, "acme")) == 1


def test_equal_refunds_of_one_batch_are_several(send: Send, kept: EventReader) -> None:
    body = {"events": {"payments": [REFUND, REFUND]}}
    for _ in range(2):
        assert send(body).status_code == 200
    assert len(contents(kept, "acme")) == 2


def test_nobodys_row_is_not_kept_and_its_table_not_vouched_for(
    send: Send, kept: EventReader
) -> None:
    nobodys = [{**INVOICE, "customer_id": c} for c in (None, "  ", "a\0b", "x" * 201)]
    observed = {"invoices": AT, "payments": AT}
    said = send({"events": {"invoices": nobodys}, "observed": observed}).json()
    assert said["rejected"] == 4
    assert [e["rule"] for e in said["errors"]] == [
        "empty_customer_id",
        "empty_customer_id",
        "bad_text",
        "customer_id_too_long",
    ]
    assert "at most 200 characters" in said["errors"][3]["message"]
    assert {e["reject_id"] for e in said["errors"]} == {None}
    assert kept.customer_ids("", ALL) == []
    assert set(kept.observed("", ALL)) == {"payments"}
    assert said["warnings"][0].startswith("not_vouched:invoices: 4 rows")


def test_a_row_is_of_the_customer_whom_it_names(send: Send, kept: EventReader) -> None:
    """The customer at the top is for rows that name none; theirs stay complete."""
    named: list[dict[str, object]] = [{"customer_id": "other"}, {"customer_id": 77}]
    named += [{}, {"customer_id": " "}, {"customer_id": []}]
    plain = {name: INVOICE[name] for name in INVOICE if name != "customer_id"}
    rows = [{**plain, "invoice_id": str(n), **one} for n, one in enumerate(named)]
    said = send({"customer_id": "acme", "events": {"invoices": rows}}).json()
    assert (said["accepted"], said["rejected"]) == (3, 2)
    assert [error["row"] for error in said["errors"]] == [3, 4]
    assert [len(contents(kept, c)) for c in ("other", "77", "acme")] == [1, 1, 3]


def test_what_is_said_of_one_customer_is_of_this_one(
    send: Send, kept: EventReader
) -> None:
    send({"customer_id": "acme", "observed": {"payments": AT}})
    assert kept.observed("", ALL) == {}
    assert set(kept.observed("acme", ALL)) == {"payments"}


def test_the_rejected_rows_named_are_bounded(send: Send) -> None:
    said = send({"events": {"invoices": invoices(1_200, amount=-1)}}).json()
    assert said["rejected"] == 1_200
    assert len(said["errors"]) == 1_000


def test_columns_of_nobodys_contract_are_not_kept(
    send: Send, kept: EventReader
) -> None:
    row = {**INVOICE, "iban": "BE68 5390 0754 7034"}
    said = send({"events": {"invoices": [row]}}).json()
    assert said["warnings"] == ["ignored_column:invoices.iban"]
    assert "iban" not in contents(kept, "acme")[0]


def test_what_cannot_have_happened_yet_is_warned_of(send: Send) -> None:
    """An invoice may be written in advance; nobody pays next month."""
    later = {"event_at": (datetime.now(UTC) + timedelta(days=30)).isoformat()}
    paid = {"customer_id": "acme", "payment_id": "p", "amount": 1, **later}
    payments = [{**paid, "status": "succeeded"}, {**paid, "payment_id": 7}]
    invoice = {**INVOICE, **later, "due_at": "2100-01-01"}
    said = send({"events": {"payments": payments, "invoices": [invoice]}}).json()
    assert (said["accepted"], said["rejected"]) == (2, 1)  # one says no status
    [warning] = said["warnings"]
    assert warning.startswith("dated_ahead:payments: 1; they count from")
    back = {**payments[0], "known_at": "2100-01-01T00:00:00Z", "retracted": True}
    assert send({"events": {"payments": [back]}}).json()["warnings"] == []


def test_rows_of_one_key_and_moment_that_differ_are_warned_of(send: Send) -> None:
    """As a request to score and files are; the other customer's rows are its own."""
    corrected = {**INVOICE, "amount": 9, "known_at": "2026-06-30T00:00:00Z"}
    rows = [INVOICE, {**INVOICE}, corrected]
    assert send({"events": {"invoices": rows}}).json()["warnings"] == []
    rows.append({**INVOICE, "amount": 7})
    [warning] = send({"events": {"invoices": rows}}).json()["warnings"]
    named = f"same_key:invoices: 1, such as invoice_id {INVOICE['invoice_id']}"
    assert warning.startswith(named)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param([], "invalid_request", id="no object"),
        pytest.param({"events": {"bills": []}}, "invalid_request", id="no such table"),
        pytest.param({"events": {"invoices": [1]}}, "invalid_request", id="no row"),
        pytest.param({"observed": {"bills": AT}}, "invalid_request", id="no table"),
        pytest.param(
            {"observed": {"payments": "2090-01-01T00:00:00Z"}},
            "invalid_request",
            id="looked at in the future",
        ),
        pytest.param({"customer_id": " "}, "invalid_request", id="a blank customer"),
        pytest.param({"customer_id": "a\0b"}, "invalid_request", id="a NUL"),
        pytest.param(
            {"events": {"invoices": invoices(10_001)}}, "too_many_rows", id="too many"
        ),
    ],
)
def test_a_body_of_another_form_is_refused_whole(
    send: Send, kept: EventReader, body: object, code: str
) -> None:
    answer = send(body)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert kept.last_sequence() == 0


def test_the_same_idempotency_key_gives_the_same_answer(
    send: Send, kept: EventReader
) -> None:
    body = {"events": {"invoices": [INVOICE, {**INVOICE, "amount": -1}]}}
    first = send(body, idempotency_key="i")
    again = send(body, idempotency_key="i")
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert kept.last_sequence() == first.json()["sequence"]
    other = send({"events": {"invoices": [INVOICE]}}, idempotency_key="i")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("zstd", zstd)])
class TestPacked:
    def post(self, service: Client, name: str, content: bytes) -> Response:
        headers = {"Content-Encoding": name, "Content-Type": "application/json"}
        return service.post("/v1/events", content=content, headers=headers)

    def test_a_body_may_come_packed(
        self, service: Client, name: str, pack: Callable[[bytes], bytes]
    ) -> None:
        text = json.dumps({"events": {"invoices": invoices(5_000)}}).encode()
        half = len(text) // 2
        for packed in (pack(text), pack(text[:half]) + pack(text[half:])):
            answer = self.post(service, name, packed)
            assert answer.json()["accepted"] == 5_000

    def test_a_small_body_cannot_become_a_huge_one(
        self, service: Client, name: str, pack: Callable[[bytes], bytes]
    ) -> None:
        answer = self.post(service, name, pack(b" " * 16_000_001))
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"
        assert "after unpacking" in answer.json()["detail"]
        # what is as large as it may be is read: it only is no JSON
        answer = self.post(service, name, pack(b" " * 16_000_000))
        assert answer.json()["code"] == "malformed_json"

    def test_what_is_not_packed_as_it_says_is_refused(
        self, service: Client, name: str, pack: Callable[[bytes], bytes]
    ) -> None:
        assert self.post(service, name, b"{}").json()["code"] == "malformed_encoding"
        packed = pack(json.dumps(EVENTS_EXAMPLE).encode())
        assert self.post(service, name, packed[:-20]).status_code == 422
        assert self.post(service, name, b"").status_code == 422


def test_other_encodings_are_named_and_refused(service: Client) -> None:
    headers = {"Content-Encoding": "br", "Content-Type": "application/json"}
    answer = service.post("/v1/events", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (
        415,
        "unsupported_media_type",
    )


def test_the_answer_is_of_the_documented_form(service: Client, send: Send) -> None:
    document = service.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/EventsAnswer"} | {
        "components": document["components"]
    }
    checker = Draft202012Validator(schema)
    for rows in ([INVOICE], [{**INVOICE, "amount": -1, "customer_id": 7, "x": 1}]):
        checker.validate(send({"events": {"invoices": rows}}).json())
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    schema = body["application/json"]["schema"]
    Draft202012Validator(schema | {"components": document["components"]}).validate(
        EVENTS_EXAMPLE
    )


def test_a_key_is_needed(service: Client) -> None:
    headers = {"Authorization": "Bearer fb_no_no"}
    assert service.post("/v1/events", json={}, headers=headers).status_code == 401
