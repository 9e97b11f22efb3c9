"""The score request as typed pydantic models, made from the portfolio contract."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, create_model

from features.contract import TABLES, ColumnSpec, TableSpec

_KINDS: dict[str, Any] = {
    "text": str,
    "moment": AwareDatetime | date,
    "day": AwareDatetime | date,
    "money": Annotated[Decimal, Field(ge=0)],
    "number": float,
    "integer": int,
    "boolean": bool,
}


def _column(column: ColumnSpec) -> tuple[Any, Any]:
    kind = _KINDS.get(column.kind, str)
    if column.kind == "money" and column.may_be_negative:
        kind = Decimal
    if column.kind == "choice" and not column.is_open:
        kind = Literal[column.choices]
    if column.is_required and column.name != "customer_id":
        return kind, ...
    return kind | None, None


def _row(table: TableSpec) -> type[BaseModel]:
    columns: dict[str, Any] = {c.name: _column(c) for c in table.columns}
    return create_model(f"{table.name.title()}Row", **columns)


_tables: dict[str, Any] = {
    name: (list[_row(table)] | None, None)  # type: ignore[misc]
    for name, table in TABLES.items()
    if name != "snapshots"
}
Tables = create_model("Tables", **_tables)


class TypedRequest(BaseModel):
    customer_id: str
    as_of: AwareDatetime
    events: Tables
