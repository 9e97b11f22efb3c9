"""A payment that a bank told first gives way when the billing system tells it too.

The other order, the bank's file last, is in the bank's own SQL: both pair one for one,
the same invoice and amount within ten days. Where the billing system then cancels what
it told, what the bank told stands again.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from importing.pairing import WINDOW_S
from importing.report import LOOK_AT, Note, TableCount
from importing.source import Source

_OF_BANK = "bank-"  # how the ids of what banks told begin
# one row for each payment; both tables have these columns
_PAYMENT = (
    "SELECT payment_id, any_value(customer_id) AS customer_id, "
    "any_value(invoice_id) AS invoice_id, max(amount) AS amount, "
    "min(event_at) AS happened, coalesce(any_value(currency), "
    "(SELECT any_value(currency) FROM rate WHERE is_main)) AS currency"
)
_MADE = (
    "(SELECT NULL::BOOLEAN AS retracted WHERE false UNION ALL BY NAME FROM "
    "made_payments)"
)
# what the source tells for the first time: of what it told before, the bank's file knew
_TOLD_FIRST = (
    f"CREATE TABLE told_first AS {_PAYMENT} FROM {_MADE} "
    "WHERE status = 'succeeded' AND retracted IS NOT true AND payment_id NOT IN "
    "(SELECT payment_id FROM there_payments WHERE status = 'succeeded' "
    "AND retracted IS NOT true) GROUP BY payment_id"
)
_OF_BANKS = (
    f"CREATE TABLE of_banks AS {_PAYMENT} FROM there_payments "
    f"WHERE starts_with(payment_id, '{_OF_BANK}') AND retracted IS NOT true "
    "GROUP BY payment_id HAVING bool_or(status IN ('succeeded', 'pending'))"
)
_LISTED = (
    "SELECT invoice_id, amount, currency, "
    "list(payment_id ORDER BY happened, payment_id) AS ids, "
    "list(epoch(happened) ORDER BY happened, payment_id) AS moments "
    "FROM {} WHERE invoice_id IS NOT NULL GROUP BY ALL"
)
_GIVES_WAY = (
    "CREATE TABLE gives_way AS SELECT "
    "unnest(list_select(b.ids, paired(b.moments, t.moments))) AS bank, "
    "unnest(list_select(t.ids, partners(b.moments, t.moments))) AS payment_id "
    f"FROM ({_LISTED.format('of_banks')}) AS b "
    f"JOIN ({_LISTED.format('told_first')}) AS t USING (invoice_id, amount, currency)"
)
# all that the bank told of it goes, and what came back is of the other payment now
_ROWS = (
    "CREATE TABLE given_way AS WITH bank AS (SELECT t.* REPLACE ("
    "greatest($at, t.known_at + INTERVAL 1 MICROSECOND) AS known_at), "
    "g.payment_id AS other FROM there_payments AS t "
    "JOIN gives_way AS g ON g.bank = t.payment_id WHERE t.retracted IS NOT true) "
    "SELECT * EXCLUDE other REPLACE (true AS retracted) FROM bank "
    "UNION ALL BY NAME SELECT * EXCLUDE other REPLACE (other AS payment_id) FROM bank "
    "WHERE status IN ('returned', 'refunded') "
    "AND (other, status) NOT IN (SELECT (payment_id, status) FROM made_payments)"
)
_UNSURE = (
    "SELECT count(*) FROM told_first AS t WHERE payment_id NOT IN "
    "(SELECT payment_id FROM gives_way) AND EXISTS (FROM of_banks AS b "
    "WHERE b.payment_id NOT IN (SELECT bank FROM gives_way) "
    "AND b.customer_id = t.customer_id AND b.amount = t.amount "
    "AND b.currency = t.currency "
    "AND (b.invoice_id IS NULL OR t.invoice_id IS NULL) "
    f"AND abs(epoch(b.happened) - epoch(t.happened)) <= {WINDOW_S})"
)
# both stand there: an import before this rule told one of them, or they are two
_TOLD_EARLIER = (
    f"CREATE TABLE told_earlier AS {_PAYMENT} FROM there_payments WHERE "
    f"NOT starts_with(payment_id, '{_OF_BANK}') AND status = 'succeeded' "
    f"AND retracted IS NOT true AND payment_id NOT IN (SELECT payment_id FROM {_MADE} "
    "WHERE status = 'succeeded' AND retracted) GROUP BY payment_id"
)
_STANDING = (
    "SELECT coalesce(sum(len(paired(b.moments, t.moments))), 0)::BIGINT "
    f"FROM ({_LISTED.format('of_banks')} "
    "HAVING bool_and(payment_id NOT IN (SELECT bank FROM gives_way))) AS b "
    f"JOIN ({_LISTED.format('told_earlier')}) AS t USING (invoice_id, amount, currency)"
)
# what a bank told and gave way, and what the source told and takes back here, where it
# tells no other money of that customer and amount
_GAVE_WAY = (
    f"CREATE TABLE gave_way AS {_PAYMENT} FROM there_payments WHERE "
    f"starts_with(payment_id, '{_OF_BANK}') AND status = 'succeeded' AND retracted "
    "GROUP BY payment_id"
)
_CANCELLED = (
    f"CREATE TABLE cancelled AS {_PAYMENT} FROM {_MADE} AS m "
    "WHERE status = 'succeeded' AND retracted AND payment_id IN "
    "(SELECT payment_id FROM there_payments WHERE status = 'succeeded' "
    f"AND retracted IS NOT true) AND NOT EXISTS (FROM {_MADE} AS o "
    "WHERE o.status = 'succeeded' AND o.retracted IS NOT true "
    "AND o.customer_id = m.customer_id AND o.amount = m.amount "
    f"AND abs(epoch(o.event_at) - epoch(m.event_at)) <= {WINDOW_S}) "
    "GROUP BY payment_id"
)
_STANDS_AGAIN = (
    "CREATE TABLE stands_again AS SELECT "
    "unnest(list_select(g.ids, paired(g.moments, c.moments))) AS bank "
    f"FROM ({_LISTED.format('gave_way')}) AS g "
    f"JOIN ({_LISTED.format('cancelled')}) AS c USING (invoice_id, amount, currency)"
)
_AGAIN_ROWS = (
    "CREATE TABLE standing_rows AS SELECT t.* REPLACE (NULL::BOOLEAN AS retracted, "
    "greatest($at, t.known_at + INTERVAL 1 MICROSECOND) AS known_at) "
    "FROM there_payments AS t JOIN stands_again AS s ON s.bank = t.payment_id "
    "WHERE t.retracted"
)


def tells_of_banks(source: Source, table: str) -> bool:
    """Whether it fills the table of payments, and is no bank itself."""
    return table == "payments" and table in source.tables and table not in source.shares


def bank_gives_way(
    connection: Any, count: TableCount, exported_at: datetime
) -> TableCount:
    """Take back in `new_payments` what a bank told and the source tells here anew.

    What gave way to a payment that the source takes back here stands again. What the
    source itself has stays as it is in `made_payments`, so its sums do too.
    """
    at = {"at": exported_at}
    connection.execute(_OF_BANKS)
    if _has_rows(connection, "of_banks"):
        for statement in (_TOLD_FIRST, _GIVES_WAY):
            connection.execute(statement)
        connection.execute(_ROWS, at)
        count = _with(connection, count, "given_way")
    connection.execute(_GAVE_WAY)
    if _has_rows(connection, "gave_way"):
        for statement in (_CANCELLED, _STANDS_AGAIN):
            connection.execute(statement)
        connection.execute(_AGAIN_ROWS, at)
        count = _with(connection, count, "standing_rows")
    return count


def _with(connection: Any, count: TableCount, corrections: str) -> TableCount:
    """Add the rows of a table to `new_payments`, as corrections."""
    (n,) = connection.execute(f"SELECT count(*) FROM {corrections}").fetchone()
    if n == 0:
        return count
    connection.execute(
        "CREATE TABLE with_corrections AS FROM new_payments UNION ALL BY NAME "
        f"FROM {corrections}"
    )
    connection.execute("DROP TABLE new_payments")
    connection.execute("ALTER TABLE with_corrections RENAME TO new_payments")
    return replace(
        count,
        n_made=count.n_made + n,
        n_new=count.n_new + n,
        n_corrections=count.n_corrections + n,
    )


def given_way(connection: Any) -> Iterator[Note]:
    """What `bank_gives_way` took back, and what it cannot tell."""
    if _has_rows(connection, "of_banks"):
        yield from _beside_banks(connection)
    if _has_rows(connection, "gave_way"):
        (n,) = connection.execute("SELECT count(*) FROM stands_again").fetchone()
        if n:
            yield Note(
                "assumed",
                n,
                "payments that a bank told count again: the payment for which each "
                "gave way was cancelled, and the bank had the money",
            )


def _beside_banks(connection: Any) -> Iterator[Note]:
    (n,) = connection.execute("SELECT count(*) FROM gives_way").fetchone()
    if n:
        yield Note(
            "left out",
            n,
            "payments that a bank told before: same invoice and amount within ten "
            "days, so the bank's are taken back and each counts once",
        )
    (unsure,) = connection.execute(_UNSURE).fetchone()
    if unsure:
        yield Note(
            LOOK_AT,
            unsure,
            "payments are of the same customer and amount within ten days as one that "
            "a bank told before, and one of the two names no invoice: both count; if "
            "they are one, take the bank's back (a row of it with `retracted`)",
        )
    connection.execute(_TOLD_EARLIER)
    (standing,) = connection.execute(_STANDING).fetchone()
    if standing:
        yield Note(
            LOOK_AT,
            standing,
            "payments that a bank told stand in the portfolio beside one of the same "
            "invoice and amount within ten days: both count; if they are one, import "
            "all files anew into another folder, or take the bank's back (a row of it "
            "with `retracted`)",
        )


def _has_rows(connection: Any, table: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
