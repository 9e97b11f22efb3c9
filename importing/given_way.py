"""A payment that a bank told first gives way when the billing system tells it too.

The other order, the bank's file last, is in the bank's own SQL: both pair one for one,
the same invoice and amount within ten days.
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
# what the source tells for the first time: of what it told before, the bank's file knew
_TOLD_FIRST = (
    f"CREATE TABLE told_first AS {_PAYMENT} FROM (SELECT NULL::BOOLEAN AS retracted "
    "WHERE false UNION ALL BY NAME FROM made_payments) "
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


def tells_of_banks(source: Source, table: str) -> bool:
    """Whether it fills the table of payments, and is no bank itself."""
    return table == "payments" and table in source.tables and table not in source.shares


def bank_gives_way(
    connection: Any, count: TableCount, exported_at: datetime
) -> TableCount:
    """Take back in `new_payments` what a bank told and the source tells here anew.

    What the source itself has stays as it is in `made_payments`, so its sums do too.
    """
    connection.execute(_OF_BANKS)
    if not _has_rows(connection, "of_banks"):
        return count
    for statement in (_TOLD_FIRST, _GIVES_WAY):
        connection.execute(statement)
    connection.execute(_ROWS, {"at": exported_at})
    (n,) = connection.execute("SELECT count(*) FROM given_way").fetchone()
    if n == 0:
        return count
    connection.execute(
        "CREATE TABLE with_given_way AS FROM new_payments UNION ALL BY NAME "
        "FROM given_way"
    )
    connection.execute("DROP TABLE new_payments")
    connection.execute("ALTER TABLE with_given_way RENAME TO new_payments")
    return replace(
        count,
        n_made=count.n_made + n,
        n_new=count.n_new + n,
        n_corrections=count.n_corrections + n,
    )


def given_way(connection: Any) -> Iterator[Note]:
    """What `bank_gives_way` took back, and what it cannot tell."""
    if not _has_rows(connection, "of_banks"):
        return
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


def _has_rows(connection: Any, table: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
