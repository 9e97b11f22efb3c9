"""The portfolio contract as JSON Schema, for OpenAPI and for the generated docs."""

from typing import Any

from features.contract import TABLES, ColumnSpec, TableSpec

Schema = dict[str, Any]

_PLAIN_DATE = "ISO 8601 with offset, or a plain date for the whole local day"
_MONEY = "major units of the currency, four decimal places"
_BY_KIND: dict[str, Schema] = {
    "text": {"type": "string"},
    "moment": {"type": "string", "description": _PLAIN_DATE},
    "day": {"type": "string", "description": _PLAIN_DATE},
    "money": {"type": ["number", "string"], "description": _MONEY},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "choice": {"type": "string"},
}


def column_schema(column: ColumnSpec) -> Schema:
    """One column; absent and null mean the same, so a null is always allowed."""
    schema = dict(_BY_KIND[column.kind])
    if column.kind == "money" and not column.may_be_negative:
        schema["minimum"] = 0
    if column.choices and column.is_open:
        schema["examples"] = list(column.choices)
        schema["description"] = "an open list: unknown values are kept as `other`"
    elif column.choices:
        schema["enum"] = list(column.choices)
    if column.is_required:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def table_schema(table: TableSpec) -> Schema:
    """A list of rows. `customer_id` may be left out: it is the request's."""
    properties = {c.name: column_schema(c) for c in table.columns}
    required = [c.name for c in table.columns if c.is_required]
    row: Schema = {
        "type": "object",
        "properties": properties,
        "required": [name for name in required if name != "customer_id"],
        "additionalProperties": True,
    }
    return {
        "type": "array",
        "items": row,
        "description": f"row key: {' + '.join(table.key)}",
    }


def events_schema() -> Schema:
    """All tables of the contract, each one optional."""
    tables = {t.name: table_schema(t) for t in TABLES.values() if t.name != "snapshots"}
    return {"type": "object", "properties": tables, "additionalProperties": False}
