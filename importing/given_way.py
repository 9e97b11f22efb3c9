"""A payment that a bank told first gives way when the billing system tells it too.

The other order, the bank's file last, is in the bank's own SQL: both pair one for one,
the same invoice and amount within ten days. Where the billing system then cancels what
it told, what the bank told stands again, unless other money of the system may be it.
The rules themselves are SQL: `sql/given_way.sql`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from importing.pairing import WINDOW_S
from importing.report import LOOK_AT, Note, TableCount
from importing.source import Source

_RULES = Path(__file__).parent / "sql" / "given_way.sql"
_BANK_TOLD = "SELECT 1 FROM there_payments WHERE starts_with(payment_id, 'bank-')"


class _Said(NamedTuple):
    """What is said of the payments of a table of the rules."""

    ids: str  # SQL
    amounts: str  # the table that has their amounts
    kind: str
    text: str


_SAID = (
    _Said(
        "SELECT bank FROM gives_way",
        "of_banks",
        "left out",
        "payments that a bank told before ({money}): same invoice and amount within "
        "ten days, so the bank's are taken back and each counts once",
    ),
    _Said(
        "FROM unsure",
        "told_first",
        LOOK_AT,
        "payments ({money}) are of the same customer and amount within ten days as one "
        "that a bank told before, and one of the two names no invoice: both count; if "
        "they are one, take the bank's back (a row of it with `retracted`)",
    ),
    _Said(
        "FROM beside",
        "of_banks",
        LOOK_AT,
        "payments that a bank told ({money}) stand in the portfolio beside one of the "
        "same invoice and amount within ten days: both count; if they are one, import "
        "all files anew into another folder, or take the bank's back (a row of it "
        "with `retracted`)",
    ),
    _Said(
        "FROM stands_again",
        "gave_way",
        "assumed",
        "payments that a bank told count again ({money}, which the sums of this source "
        "are without): the payment for which each gave way was cancelled, and the bank "
        "had the money",
    ),
    _Said(
        "FROM stands_since",
        "of_banks",
        "assumed",
        "payments that a bank told count ({money}, which the sums of this source are "
        "without): the source cancelled its own of the same invoice and amount",
    ),
    _Said(
        "FROM stays_back",
        "gave_way",
        LOOK_AT,
        "payments that a bank told ({money}) stay taken back although the payment for "
        "which each gave way was cancelled or matched anew for less: the customer has "
        "other money in this source that may be the same; if the bank's is money of "
        "its own, add a row of it without `retracted`",
    ),
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
    if not _has_rows(connection, _BANK_TOLD):
        return count
    connection.execute(
        "CREATE MACRO corrected_at(known_at) AS greatest("
        f"TIMESTAMPTZ '{exported_at.isoformat()}', known_at + INTERVAL 1 MICROSECOND)"
    )
    connection.execute(
        f"CREATE MACRO near(a, b) AS abs(epoch(a) - epoch(b)) <= {WINDOW_S}"
    )
    connection.execute(_RULES.read_text(encoding="utf-8"))
    (n,) = connection.execute("SELECT count(*) FROM corrections").fetchone()
    if n == 0:
        return count
    connection.execute(
        "CREATE TABLE with_corrections AS FROM new_payments UNION ALL BY NAME "
        "FROM corrections"
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
    """What `bank_gives_way` did, with the money of it, and what it cannot tell."""
    if not _has_rows(connection, _BANK_TOLD):
        return  # then the rules were not needed
    for said in _SAID:
        n, money = connection.execute(
            "SELECT coalesce(sum(n), 0)::BIGINT, string_agg(money, ' and ') FROM ("
            "SELECT count(*) AS n, sum(amount)::DECIMAL(18, 2) || ' ' || currency "
            f"AS money FROM {said.amounts} WHERE payment_id IN ({said.ids}) "
            "GROUP BY currency ORDER BY currency)"
        ).fetchone()
        if n:
            yield Note(said.kind, n, said.text.format(money=money))


def _has_rows(connection: Any, query: str) -> bool:
    return connection.execute(f"{query} LIMIT 1").fetchone() is not None
