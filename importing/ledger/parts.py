"""The entries of a ledger cut into parts: what pays what, and what is given back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from importing.ledger.refunds import RefundablePayment, spread

SQL = Path(__file__).parent / "sql"
_ROWS = 10_000
_SPREAD = pa.schema(
    [
        ("refund", pa.string()),
        ("credit", pa.string()),
        ("payment", pa.string()),
        ("amount", pa.decimal128(18, 4)),
    ]
)


def make_parts(connection: Any) -> None:
    """Make `cut`, `part` and `spread` of `entry` and `matched`."""
    connection.execute((SQL / "parts.sql").read_text(encoding="utf-8"))
    candidates = connection.cursor().execute(
        (SQL / "candidates.sql").read_text(encoding="utf-8")
    )
    rows = pa.Table.from_pylist(
        [row._asdict() for row in spread(_candidates(candidates))], schema=_SPREAD
    )
    connection.register("spread_rows", rows)
    connection.execute("CREATE TABLE spread AS FROM spread_rows")
    connection.unregister("spread_rows")


def _candidates(result: Any) -> Iterator[RefundablePayment]:
    while rows := result.fetchmany(_ROWS):
        yield from map(RefundablePayment._make, rows)
