"""What Kill Bill's API answers, into the tables that its database would have.

The API's names: Kill Bill's own description of it (Swagger, 0.24.0). When a thing was
made or changed only its audit log says, so the answers must have it (`audit=FULL`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.killbill.columns import REQUIRED, TABLES
from importing.report import BadRow
from importing.table_files import take_cells

MOST_BYTES = 1 << 28  # of one answer
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


def stage_answers(
    connection: Any, files: Sequence[Path]
) -> tuple[frozenset[str], list[BadRow]]:
    """Add to the tables of Kill Bill's database what the API's answers say.

    Returns:
        The tables that were looked at, and the rows that were left out.

    Raises:
        UnreadableFileError: a file that is no answer, or without its audit log.
    """
    connection.execute(EVENT_TYPE)
    given: set[str] = set()
    bad: list[BadRow] = []
    for file in files:
        kinds = _entries(connection, file)
        for table, rows in ROWS.items():
            if rows.kind in kinds:
                given.add(table)
                bad.extend(_add(connection, file, table, rows))
        connection.execute("DROP TABLE entries")
    return frozenset(given), bad


def _entries(connection: Any, file: Path) -> set[str]:
    """Make `entries` (row, kind, data) of one file; gives the kinds looked at."""
    room = min(max(1 << 24, 2 * file.stat().st_size), MOST_BYTES)
    known = " ".join(
        f"WHEN json_exists(data, '$.{field}') THEN '{kind}'"
        for kind, field in KINDS.items()
    )
    try:
        connection.execute(
            f"CREATE TEMP TABLE entries AS SELECT row, CASE {known} END AS kind, data "
            "FROM (SELECT row_number() OVER () AS row, json AS data FROM "
            f"read_json_objects(?, format = 'auto', maximum_object_size = {room}))",
            [str(file)],
        )
    except duckdb.Error as error:
        line = str(error).splitlines()[0].replace(str(file), file.name)
        raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
    kinds = dict(
        connection.execute(
            "SELECT kind, min(row) FROM entries GROUP BY kind"
        ).fetchall()
    )
    if None in kinds:
        raise UnreadableFileError(
            f"{file.name}, entry {kinds[None]}: none of {', '.join(KINDS)}"
        )
    _must_be_audited(connection, file)
    name = file.name.lower()
    return set(kinds) or {k for k, word in ASKED.items() if word.rstrip("s") in name}


def _must_be_audited(connection: Any, file: Path) -> None:
    audited = ", ".join(f"'{kind}'" for kind in AUDITED)
    (row,) = connection.execute(
        f"SELECT min(row) FROM entries WHERE kind IN ({audited}) "
        "AND coalesce(json_array_length(data, '$.auditLogs'), 0) = 0"
    ).fetchone()
    if row is not None:
        raise UnreadableFileError(
            f"{file.name}, entry {row} has no auditLogs, so nothing says when it was "
            "made: ask again with audit=FULL"
        )


def _add(connection: Any, file: Path, table: str, rows: Rows) -> Iterator[BadRow]:
    source = (
        f"SELECT row, data, data AS outer_data FROM entries WHERE kind = '{rows.kind}'"
    )
    for name in rows.inner:
        source = (
            f"SELECT row, unnest(json_extract(data, '$.{name}[*]')) AS data, "
            f"data AS outer_data FROM ({source})"
        )
    cells = ", ".join(f'{cell} AS "{name}"' for name, cell in rows.cells.items())
    where = {
        "subscription_events": "user_type IS NOT NULL",
        "invoice_payments": "invoice_id IS NOT NULL",
    }.get(table, "true")
    connection.execute(
        f"CREATE TEMP TABLE cells AS FROM (SELECT row, {cells} FROM ({source})) "
        f"WHERE {where}"
    )
    try:
        yield from take_cells(
            connection, file, table, TABLES[table], REQUIRED.get(table, ())
        )
    finally:
        connection.execute("DROP TABLE cells")
