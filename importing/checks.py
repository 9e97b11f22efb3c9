"""What the rows of an import say of themselves that somebody should look at."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from importing.errors import MomentAheadError
from importing.joining import NUMBERS
from importing.report import LOOK_AT, Note

# a day that is over here may go on elsewhere, and a plain day counts when it is over
_SLACK = timedelta(days=2)
_REFUNDS = """
CREATE TABLE refunded_payment AS WITH r AS MATERIALIZED (
    SELECT payment_id, sum(amount) AS amount, min(event_at) AS first
    FROM (SELECT DISTINCT payment_id, refund_id, amount, event_at FROM made_payments
          WHERE status = 'refunded' AND NOT coalesce(retracted, false)) GROUP BY ALL
) SELECT payment_id, any_value(r.amount) AS given, any_value(r.first) AS given_since,
    max(p.amount) AS paid, min(p.event_at) AS paid_since
FROM made_payments AS p JOIN r USING (payment_id) WHERE p.status = 'succeeded'
GROUP BY payment_id
"""
_ODD_REFUNDS = {
    "given > paid": "payments of which more was given back than they are",
    "given_since < paid_since": "payments that were given back before they were made",
}


def must_not_lie_ahead(exported_at: datetime, now: datetime | None) -> None:
    """Refuse an export of tomorrow: all debts would look as old as that.

    Args:
        exported_at: what was said, or the latest moment in the files.
        now: the clock of the one who imports; None: nobody asked.

    Raises:
        MomentAheadError: it lies more than two days after now.
    """
    if now is not None and exported_at > now + _SLACK:
        raise MomentAheadError(exported_at)


def odd_rows(
    connection: Any, tables: tuple[str, ...], stated_at: datetime | None
) -> Iterator[Note]:
    """Dates after the stated export, what `validate` refuses, odd refunds."""
    if stated_at is not None:
        yield from _after(connection, tables, stated_at + _SLACK)
    yield from _without_rate(connection, tables)
    yield from _below_zero(connection, tables)
    yield from _of_another_customer(connection, tables)
    if "payments" in tables and _has_refunds(connection):
        connection.execute(_REFUNDS)
        for is_odd, words in _ODD_REFUNDS.items():
            n, first = connection.execute(
                f"SELECT count(*), min(payment_id) FROM refunded_payment WHERE {is_odd}"
            ).fetchone()
            if n:
                yield Note(LOOK_AT, n, f"{words}, such as {first}")


def _without_rate(connection: Any, tables: tuple[str, ...]) -> Iterator[Note]:
    """Money in a currency that nobody has said the rate of, and is not the main one."""
    [(has_main,)] = connection.execute(
        "SELECT count(*) > 0 FROM rate WHERE is_main"
    ).fetchall()
    rows = connection.execute(
        "SELECT currency, count(*) AS n FROM ("
        f"{_of_money(tables, 'currency')}) WHERE currency IS NOT NULL AND currency "
        "NOT IN (SELECT currency FROM rate) GROUP BY ALL ORDER BY n DESC, currency"
    ).fetchall()
    for currency, n in rows if has_main else rows[1:]:
        yield Note(
            LOOK_AT,
            n,
            f"rows are in {currency}, which has no rate to the portfolio's currency: "
            f"`validate` refuses them; import again with --rate {currency}=…",
        )


def _below_zero(connection: Any, tables: tuple[str, ...]) -> Iterator[Note]:
    n, first = connection.execute(
        f"SELECT count(*), min(id) FROM ({_of_money(tables, 'amount')}) "
        "WHERE amount < 0"
    ).fetchone()
    if n:
        yield Note(
            LOOK_AT,
            n,
            f"rows of an amount below zero, which `validate` refuses, such as {first}",
        )


def _of_another_customer(connection: Any, tables: tuple[str, ...]) -> Iterator[Note]:
    """Numbers that an earlier import brought of somebody else, as before a merge."""
    for table in sorted(NUMBERS.keys() & set(tables)):
        number = NUMBERS[table]
        n, first = connection.execute(
            f"SELECT count(DISTINCT m.{number}), min(m.{number} || ' of ' || "
            "t.customer_id || ', now of ' || m.customer_id) FROM "
            f"made_{table} AS m JOIN there_{table} AS t ON t.{number} = m.{number} "
            "WHERE t.customer_id <> m.customer_id"
        ).fetchone()
        if n:
            yield Note(
                LOOK_AT,
                n,
                f"{table} are of another customer than before, as where two customers "
                f"were merged, first {first}: `validate` refuses both rows, so what is "
                "owed on them counts for nobody, and nobody of them gets a decision; "
                "import the newest export of each system into a new folder",
            )


def _of_money(tables: tuple[str, ...], column: str) -> str:
    """Invoices and payments as SQL, with their id and one column."""
    made = [
        f"SELECT {table[:-1]}_id AS id, {column} FROM made_{table}"
        for table in ("invoices", "payments")
        if table in tables
    ]
    return " UNION ALL ".join(["SELECT NULL AS id, NULL AS " + column, *made])


def _has_refunds(connection: Any) -> bool:
    described = connection.execute("DESCRIBE made_payments").fetchall()
    return {"refund_id", "retracted"} <= {name for name, *_ in described}


def _after(
    connection: Any, tables: tuple[str, ...], moment: datetime
) -> Iterator[Note]:
    union = " UNION ALL ".join(f"SELECT event_at FROM made_{table}" for table in tables)
    (n,) = connection.execute(
        f"SELECT count(*) FROM ({union}) WHERE event_at > ?", [moment]
    ).fetchone()
    if n:
        yield Note(
            LOOK_AT,
            n,
            "rows are dated two days and more after --exported-at",
        )
