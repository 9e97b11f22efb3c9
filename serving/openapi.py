"""What OpenAPI says beyond the models: the contract's tables, problems, examples."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from serving.contract_schema import events_schema
from serving.errors import KINDS, MEDIA_TYPE
from serving.events_request import EventsRequest
from serving.incoming import PACKED_ENCODINGS
from serving.request import ScoreRequest


class RowProblem(BaseModel):
    """One place that is wrong; rows count from 0."""

    pointer: str
    rule: str
    table: str | None = None
    row: int | None = None
    column: str | None = None
    message: str | None = None


class Problem(BaseModel):
    """RFC 9457, with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[RowProblem] | None = None


EXAMPLE: dict[str, Any] = {
    "customer_id": "acme",
    "as_of": "2026-06-30T22:00:00Z",
    "events": {
        "customers": [
            {
                "event_at": "2024-03-01T09:00:00Z",
                "created_at": "2024-03-01T09:00:00Z",
                "subject_kind": "legal_person",
                "email_kind": "corporate",
                "payment_terms_days": 30,
            }
        ],
        "subscriptions": [
            {
                "subscription_id": "s-1",
                "kind": "started",
                "event_at": "2024-03-01T09:05:00Z",
                "product": "office-licences",
                "billing": "license",
                "quantity": 20,
                "unit_price": 11.70,
            }
        ],
        "invoices": [
            {
                "invoice_id": "4711",
                "event_at": "2026-05-01T06:00:00Z",
                "due_at": "2026-05-31",
                "amount": 234.00,
                "subscription_id": "s-1",
            },
            {
                "invoice_id": "4802",
                "event_at": "2026-06-01T06:00:00Z",
                "due_at": "2026-07-01",
                "amount": 234.00,
                "subscription_id": "s-1",
            },
        ],
        "payments": [
            {
                "payment_id": "p-1",
                "status": "failed",
                "event_at": "2026-05-31T04:00:00Z",
                "amount": 234.00,
                "method": "direct_debit",
                "failure_code": "insufficient_funds",
                "invoice_id": "4711",
            }
        ],
        "usage": [],
        "access": [],
        "alerts": [],
        "disputes": [],
        "contacts": [],
        "holds": [],
        "actions": [],
    },
}


def _body_schema() -> dict[str, Any]:
    schema = ScoreRequest.model_json_schema()
    schema["properties"]["events"] = events_schema()
    return schema


SCORE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _body_schema(),
                "examples": {
                    "late_payer": {
                        "summary": "a licence customer with a failed direct debit",
                        "value": EXAMPLE,
                    }
                },
            }
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            "description": "the same key and body give the same answer again",
        },
        {
            "name": "Accept-Language",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "of the answer's sentences, where the body says no language",
        },
    ],
}


IDEMPOTENCY_KEY: dict[str, Any] = SCORE_BODY["parameters"][0]
CONTENT_ENCODING: dict[str, Any] = {
    "name": "Content-Encoding",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "enum": list(PACKED_ENCODINGS)},
    "description": "how the body is packed",
}

EVENTS_EXAMPLE: dict[str, Any] = {
    "events": {
        "customers": [
            {
                "customer_id": "acme",
                "event_at": "2024-03-01T09:00:00Z",
                "subject_kind": "legal_person",
            }
        ],
        "invoices": [
            {
                "customer_id": "acme",
                "invoice_id": "4711",
                "event_at": "2026-05-01T06:00:00Z",
                "due_at": "2026-05-31",
                "amount": 234.00,
            }
        ],
    },
    "observed": {
        "customers": "2026-06-30T22:00:00Z",
        "invoices": "2026-06-30T22:00:00Z",
        "payments": "2026-06-30T22:00:00Z",
    },
}


def _events_schema() -> dict[str, Any]:
    schema = EventsRequest.model_json_schema()
    schema["properties"]["events"] = events_schema()
    return schema


EVENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _events_schema(),
                "examples": {
                    "first_batch": {
                        "summary": "a customer, an invoice, no payment so far",
                        "value": EVENTS_EXAMPLE,
                    }
                },
            }
        },
    },
    "parameters": [
        IDEMPOTENCY_KEY,
        CONTENT_ENCODING,
    ],
}


def json_body(schema: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    """A body that FastAPI does not read itself, and headers."""
    content = {"application/json": {"schema": schema}}
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": list(parameters),
    }


ACCEPT_LANGUAGE: dict[str, Any] = SCORE_BODY["parameters"][1]
MOST_REQUESTS = 1_000  # of one batch
BATCH_SCHEMA: dict[str, Any] = {
    "title": "BatchRequest",
    "type": "object",
    "properties": {
        "requests": {
            "type": "array",
            "items": _body_schema(),
            "minItems": 1,
            "maxItems": MOST_REQUESTS,
            "description": "bodies of POST /v1/score; what is wrong with one of them"
            " concerns that one",
        }
    },
    "required": ["requests"],
    "additionalProperties": False,
}


OPEN: dict[str, Any] = {"security": []}  # of an address that asks for no key


_COMPONENT = "#/components/schemas/"


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem answers of a route, by status, each with its codes.

    A reference and no model, for which FastAPI would build a validator a hundred times.
    """
    schema = {"$ref": _COMPONENT + Problem.__name__}
    return {
        status: {
            "description": ", ".join(
                code for code, kind in KINDS.items() if kind.status == status
            ),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in (*statuses, *([429] if 401 in statuses else []))
    }


def name_schemas(document: dict[str, Any]) -> None:
    """Bodies become components.

    So a client generator makes one type of each, under the name we gave it.
    """
    components = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            body = operation.get("requestBody", {}).get("content", {})
            for media in body.values():
                media["schema"] = _named(media["schema"], components)


def _named(schema: Mapping[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A reference to `schema`, which becomes a component if it was none."""
    if "$ref" in schema:
        return dict(schema)
    properties = {
        name: {**part, "items": _named(part["items"], components)}
        if "title" in part.get("items", {})
        else part
        for name, part in schema["properties"].items()
    }
    name = schema["title"]
    components[name] = {**schema, "properties": properties}
    return {"$ref": _COMPONENT + name}
