"""Where the rows of Kill Bill's tables are in its API's answers, and their columns.

The API's names: Kill Bill's own description of it (Swagger, 0.24.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass

# a thing is known by a field that only it has
KINDS = {
    "account": "timeZone",
    "bundle": "subscriptions",
    "invoice": "invoiceDate",
    "payment": "transactions",
    "tag": "tagDefinitionId",
    "block": "blockedId",
    "payment_method": "pluginName",
    "overdue": "isClearState",
}
AUDITED = ("invoice", "tag")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where the rows of a table are in the answers, and what each column is.

    Attributes:
        kind: of thing that has them.
        inner: lists to go down, from the thing on.
        cells: SQL over `data`, the row's JSON, by column. Of what it lies in: `outer`.
    """

    kind: str
    inner: tuple[str, ...] = ()
    cells: Mapping[str, str]


def _of(name: str, outer: str = "data") -> str:
    return f"json_extract_string({outer}, '$.{name}')"


_CHANGES = "json_extract_string(data, '$.auditLogs[*].changeDate')"
_MADE, _CHANGED = f"list_min({_CHANGES})", f"list_max({_CHANGES})"
_DATES = {"created_date": _MADE, "updated_date": _CHANGED}
_AT = _of("effectiveDate")
_MONEY_BACK = (
    "CASE data->>'$.transactionType' WHEN 'PURCHASE' THEN 'ATTEMPT' WHEN 'CAPTURE' "
    "THEN 'ATTEMPT' WHEN 'CHARGEBACK' THEN 'CHARGED_BACK' ELSE 'REFUND' END"
)

ROWS = {
    "accounts": Rows(
        kind="account",
        cells={
            "id": _of("accountId"),
            "currency": _of("currency"),
            "parent_account_id": _of("parentAccountId"),
            "is_payment_delegated_to_parent": _of("isPaymentDelegatedToParent"),
            "payment_method_id": _of("paymentMethodId"),
            "time_zone": _of("timeZone"),
            "country": _of("country"),
            "created_date": f"coalesce({_MADE}, {_of('referenceTime')})",
            "updated_date": _CHANGED,
        },
    ),
    "bundles": Rows(
        kind="bundle",
        cells={"id": _of("bundleId"), "account_id": _of("accountId"), **_DATES},
    ),
    "subscriptions": Rows(
        kind="bundle",
        inner=("subscriptions",),
        cells={
            "id": _of("subscriptionId"),
            "bundle_id": _of("bundleId"),
            "category": _of("productCategory"),
            "start_date": _of("startDate"),
            "created_date": f"coalesce({_MADE}, {_of('startDate')})",
            "updated_date": _CHANGED,
        },
    ),
    "subscription_events": Rows(
        kind="bundle",
        inner=("subscriptions", "events"),
        cells={
            "id": _of("eventId"),
            "event_type": "'API_USER'",
            "user_type": f"event_type({_of('eventType')})",
            "effective_date": _AT,
            "subscription_id": _of("subscriptionId", "outer_data"),
            "plan_name": _of("plan"),
            "quantity": _of("quantity", "outer_data"),
            "is_active": "'true'",
            "created_date": f"coalesce({_MADE}, {_AT})",
            "updated_date": _CHANGED,
        },
    ),
    "invoices": Rows(
        kind="invoice",
        cells={
            "id": _of("invoiceId"),
            "account_id": _of("accountId"),
            "invoice_date": _of("invoiceDate"),
            "currency": _of("currency"),
            "status": _of("status"),
            "created_date": _MADE,
        },
    ),
    "invoice_items": Rows(
        kind="invoice",
        inner=("items",),
        cells={
            "id": _of("invoiceItemId"),
            "type": _of("itemType"),
            "invoice_id": _of("invoiceId"),
            "subscription_id": _of("subscriptionId"),
            "start_date": _of("startDate"),
            "end_date": _of("endDate"),
            "amount": _of("amount"),
            "rate": _of("rate"),
            "currency": _of("currency"),
            "created_date": _MADE,
        },
    ),
    "payments": Rows(
        kind="payment",
        cells={
            "id": _of("paymentId"),
            "account_id": _of("accountId"),
            "payment_method_id": _of("paymentMethodId"),
            **_DATES,
        },
    ),
    "payment_transactions": Rows(
        kind="payment",
        inner=("transactions",),
        cells={
            "id": _of("transactionId"),
            "transaction_external_key": _of("transactionExternalKey"),
            "transaction_type": _of("transactionType"),
            "effective_date": _AT,
            "transaction_status": _of("status"),
            "amount": _of("amount"),
            "currency": _of("currency"),
            "processed_amount": _of("processedAmount"),
            "processed_currency": _of("processedCurrency"),
            "payment_id": _of("paymentId"),
            "gateway_error_code": _of("gatewayErrorCode"),
            "created_date": f"coalesce({_MADE}, {_AT})",
            "updated_date": f"coalesce({_CHANGED}, {_AT})",
        },
    ),
    "invoice_payments": Rows(
        kind="payment",
        inner=("transactions",),
        cells={
            "id": _of("transactionId"),
            "type": _MONEY_BACK,
            "invoice_id": _of("targetInvoiceId", "outer_data"),
            "payment_id": _of("paymentId"),
            "amount": f"CASE {_MONEY_BACK} WHEN 'ATTEMPT' THEN {_of('amount')} "
            f"ELSE '-' || {_of('amount')} END",
            "status": f"CASE {_of('status')} WHEN 'SUCCESS' THEN 'SUCCESS' "
            "ELSE 'INIT' END",
            "created_date": f"coalesce({_MADE}, {_AT})",
        },
    ),
    "payment_methods": Rows(
        kind="payment_method",
        cells={"id": _of("paymentMethodId"), "plugin_name": _of("pluginName")},
    ),
    "tags": Rows(
        kind="tag",
        cells={
            "id": _of("tagId"),
            "tag_definition_id": _of("tagDefinitionId"),
            "object_id": _of("objectId"),
            "object_type": _of("objectType"),
            "is_active": "NOT list_contains(json_extract_string(data, "
            "'$.auditLogs[*].changeType'), 'DELETE')",
            **_DATES,
        },
    ),
    "blocking_states": Rows(
        kind="block",
        cells={
            "id": "md5(data::VARCHAR)",
            "blockable_id": _of("blockedId"),
            "type": _of("type"),
            "state": _of("stateName"),
            "service": _of("service"),
            "block_entitlement": _of("isBlockEntitlement"),
            "effective_date": _AT,
            "is_active": "'true'",
            "created_date": f"coalesce({_MADE}, {_AT})",
        },
    ),
}
# how its events are called, against the database's; others move nothing here
EVENT_TYPE = """CREATE OR REPLACE MACRO event_type(word) AS CASE word
    WHEN 'START_ENTITLEMENT' THEN 'CREATE' WHEN 'CHANGE' THEN 'CHANGE'
    WHEN 'STOP_ENTITLEMENT' THEN 'CANCEL' END"""
# an empty list says by the name of its file what was asked for
ASKED = {
    "account": "accounts",
    "bundle": "bundles",
    "invoice": "invoices",
    "payment": "payments",
    "tag": "tags",
    "block": "blocking_states",
}
