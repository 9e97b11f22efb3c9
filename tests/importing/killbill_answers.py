"""Answers of Kill Bill's API for tests, each checked against its own description."""

import json
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema

SCHEMA = json.loads(
    (Path(__file__).parent / "data" / "killbill_api.json").read_text("utf-8")
)
ACCOUNT = str(UUID(int=1001))
Thing = dict[str, Any]
_numbers = count(9000)


def checked(kind: str, **values: object) -> Thing:
    """A thing of that kind, if its fields are those of the API's description."""
    definition = SCHEMA["definitions"][kind]
    extra = values.keys() - definition["properties"].keys()
    assert not extra, f"{kind} has no {extra}"
    schema = {**definition, "definitions": SCHEMA["definitions"]}
    jsonschema.validate(values, schema)
    return values


def new_id() -> str:
    return str(UUID(int=next(_numbers)))


def audit(*moments: str, last: str = "UPDATE") -> list[Thing]:
    """The log of a thing that was made and then changed."""
    kinds = ["INSERT", *["UPDATE"] * (len(moments) - 2), last][: len(moments)]
    return [
        checked("AuditLog", changeType=kind, changeDate=moment)
        for kind, moment in zip(kinds, moments, strict=True)
    ]


def account(id_: str = ACCOUNT, **values: object) -> Thing:
    usual: Thing = {
        "accountId": id_,
        "currency": "EUR",
        "timeZone": "Europe/Brussels",
        "country": "BE",
        "referenceTime": "2026-01-01T00:00:00.000Z",
        "auditLogs": [],
    }
    return checked("Account", **(usual | values))


def item(kind: str, amount: float, at: str, **values: object) -> Thing:
    usual: Thing = {
        "invoiceItemId": new_id(),
        "accountId": ACCOUNT,
        "itemType": kind,
        "amount": amount,
        "currency": "EUR",
        "auditLogs": audit(at),
    }
    return checked("InvoiceItem", **(usual | values))


def invoice(id_: str, day: str, *items: Thing, **values: object) -> Thing:
    """A committed invoice, made at five past midnight UTC."""
    usual: Thing = {
        "invoiceId": id_,
        "accountId": ACCOUNT,
        "invoiceDate": day,
        "currency": "EUR",
        "status": "COMMITTED",
        "items": [{**i, "invoiceId": id_} for i in items],
        "auditLogs": audit(f"{day}T00:05:00.000Z"),
    }
    return checked("Invoice", **(usual | values))


def payment(id_: str, invoice_id: str, *transactions: Thing) -> Thing:
    return checked(
        "InvoicePayment",
        paymentId=id_,
        targetInvoiceId=invoice_id,
        accountId=ACCOUNT,
        currency="EUR",
        transactions=[{**t, "paymentId": id_} for t in transactions],
        paymentAttempts=[],
        auditLogs=audit("2026-03-02T08:00:00.000Z"),
    )


def transaction(kind: str, at: str, amount: float, **values: object) -> Thing:
    usual: Thing = {
        "transactionId": new_id(),
        "transactionExternalKey": new_id(),
        "transactionType": kind,
        "effectiveDate": at,
        "amount": amount,
        "currency": "EUR",
        "processedAmount": amount,
        "processedCurrency": "EUR",
        "status": "SUCCESS",
        "auditLogs": audit(at),
    }
    return checked("PaymentTransaction", **(usual | values))


def tag(definition: int, object_id: str, kind: str, log: list[Thing]) -> Thing:
    return checked(
        "Tag",
        tagId=new_id(),
        tagDefinitionId=str(UUID(int=definition)),
        objectId=object_id,
        objectType=kind,
        auditLogs=log,
    )


def bundle(*subscriptions: Thing) -> Thing:
    return checked(
        "Bundle",
        accountId=ACCOUNT,
        bundleId=new_id(),
        subscriptions=list(subscriptions),
        auditLogs=audit("2026-01-10T00:00:00.000Z"),
    )


def blocking(state: str, at: str, *, is_blocked: bool) -> Thing:
    return checked(
        "BlockingState",
        blockedId=ACCOUNT,
        stateName=state,
        service="overdue-service",
        isBlockEntitlement=is_blocked,
        effectiveDate=at,
        type="ACCOUNT",
        auditLogs=audit(at),
    )


def write(path: Path, *things: Thing) -> Path:
    """As the API answers: one array."""
    path.write_text(json.dumps(list(things)), encoding="utf-8")
    return path
