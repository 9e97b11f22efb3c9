"""The entries of a ledger cut into parts: what pays what, and what is given back."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from importing.ledger.refunds import RefundablePayment, spread

SQL = Path(__file__).parent / "sql"
_ROWS = 10_000


def make_parts(connection: Any) -> None:
    """Make `cut`, `part` and `spread` of `entry` and `matched`."""
    connection.execute((SQL / "parts.sql").read_text(encoding="utf-8"))
    candidates = connection.cursor().execute(
        (SQL / "candidates.sql").read_text(encoding="utf-8")
    )
    connection.execute(
        "CREATE TABLE spread (refund VARCHAR, credit VARCHAR, payment VARCHAR, "
        "amount DECIMAL(18, 4))"
    )
    parts = spread(_candidates(candidates))
    while rows := list(islice(parts, _ROWS)):
        connection.execute(
            "INSERT INTO spread SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), "
            "unnest($3::VARCHAR[]), unnest($4::DECIMAL(18, 4)[])",
            list(map(list, zip(*rows, strict=True))),
        )


def _candidates(result: Any) -> Iterator[RefundablePayment]:
    while rows := result.fetchmany(_ROWS):
        yield from map(RefundablePayment._make, rows)
