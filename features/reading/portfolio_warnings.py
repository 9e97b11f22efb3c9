"""What is odd between rows and breaks no rule: warnings that name keys and sums."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa

from features.contract import TABLES
from features.moments import DAY_US
from features.money import UNITS
from features.reading.cross_row_rules import UNMATCHED
from features.reading.duck import run
from features.reading.masked import COLUMNS, consequence, masked_sql
from features.reading.names import DUE_BEFORE_ISSUE, PLAUSIBLE, REFERENCES, UNDONE
from features.reading.versions import key_names, keyed_sql

# honest amounts reach a few thousand times that of nine rows in ten, however skewed
FARTHEST_TIMES = 10_000
FARTHEST_DUE_DAYS = 3_653
MOST_UNKNOWN = 0.02  # share of recent payments that may name unknown invoices
_RECENT_US = 90 * DAY_US
# an export begins at some day: what is paid in its first weeks was often issued before
# (7 % of the payments of a simulated export of three months, 0.3 % after 45 days)
_BEGINNING_US = 45 * DAY_US


def of_one_moment(
    duckdb: Any,  # noqa: ANN401
    table: str,
    shared: str,
    schema: pa.Schema,
) -> Iterator[str]:
    """Rows that share key and known_at: what was lost, refunds that add up.

    `shared`: the rows of `table`, of all versions, whose key others share.
    """
    [[n]] = run(duckdb, f"SELECT count(*) FROM {shared}")  # noqa: S608
    if n:
        yield from _lost_contents(duckdb, table, shared, schema)
    if table == "payments":
        yield from _added_up(duckdb)


def _lost_contents(
    duckdb: Any,  # noqa: ANN401
    table: str,
    shared: str,
    schema: pa.Schema,
) -> Iterator[str]:
    """Rows of one key and moment that say different things: one of them stands."""
    adds_up = "status = 'refunded' AND refund_id IS NULL"
    which = f" AND NOT ({adds_up})" if table == "payments" else ""
    cells = ", ".join(f'"{name}"' for name in schema.names)
    shown = [name for name in TABLES[table].key if name != "event_at"]
    some = ", ".join(f'min("{name}") AS "{name}"' for name in shown)
    rows = run(
        duckdb,
        f"SELECT {some}, count(*) OVER () FROM ({keyed_sql(table, shared, schema)}) "  # noqa: S608
        f"WHERE NOT retracted{which} GROUP BY {', '.join(key_names(table))}, known_at "
        f"HAVING count(DISTINCT hash({cells})) > 1 ORDER BY ALL LIMIT 1",
    )
    for *first, n in rows:
        named = zip(shown, first, strict=True)
        key = ", ".join(f"{name} {cell}" for name, cell in named if cell is not None)
        yield (
            f"{table}: keys with rows of one known_at and different content: {n:,}, "
            f"such as {key}; of each only the row that sorts last counts. A "
            "correction needs a later known_at, another fact a key of its own"
        )


def _added_up(duckdb: Any) -> Iterator[str]:  # noqa: ANN401
    rows = run(
        duckdb,
        "SELECT min(payment_id), sum(n)::BIGINT, count(*) FROM (SELECT payment_id, "
        "count(*) AS n FROM payments WHERE status = 'refunded' AND refund_id IS NULL "
        "GROUP BY customer_id, payment_id, event_at, known_at HAVING n > 1)",
    )
    for payment_id, n, n_payments in rows:
        if n_payments:
            yield (
                "payments: refunds without refund_id that share their payment and "
                f"moment: {n:,}, such as those of payment_id {payment_id}; they add "
                "up. Give each a refund_id, or take out what is there twice"
            )


def of_documents(duckdb: Any) -> Iterator[str]:  # noqa: ANN401
    """One number in two kinds of document is no correction: both count."""
    rows = run(
        duckdb,
        "SELECT min(invoice_id), count(*) FROM (SELECT invoice_id FROM invoices "
        "WHERE invoice_id IN (SELECT invoice_id FROM invoices WHERE kind <> 'invoice') "
        "GROUP BY customer_id, invoice_id HAVING min(kind) <> max(kind))",
    )
    for first, n in rows:
        if n:
            yield (
                f"invoices: numbers borne by two kinds of document: {n:,}, such as "
                f"{first}; both count"
            )


def of_names(
    duckdb: Any,  # noqa: ANN401
    read: Collection[str],
    tables: Collection[str],
) -> Iterator[str]:
    """Ids that a row names and that are not in the data act on nothing.

    Args:
        duckdb: the connection that holds the tables.
        read: those that were read and looked at.
        tables: those that were looked at; of some was said that there is nothing.
    """
    for reference in REFERENCES:
        table, column, other, id_ = reference
        if table not in read or other not in tables:
            continue
        names = [spec.name for spec in TABLES[table].columns]
        money = next((name for name in ("amount", "cost") if name in names), None)
        # a payment that failed, or is on its way, moved no money
        moved = "FILTER (WHERE t.status = 'succeeded')" if table == "payments" else ""
        total = f"coalesce(sum(t.{money}) {moved}, 0)::BIGINT" if money else "NULL"
        if other == "invoices" != table:
            ids, is_lacking = f"{UNMATCHED}{table}", "SEMI JOIN"
        else:
            which = "WHERE kind = 'invoice'" if other == "invoices" else ""
            ids, is_lacking = f'(FROM "{other}" {which})', "ANTI JOIN"
        sql = (
            f'SELECT count(*), {total}, min(t."{column}") FROM "{table}" t '  # noqa: S608
            f"{is_lacking} {ids} o ON t.customer_id = o.customer_id "
            f'AND t."{column}" = o."{id_}" WHERE t."{column}" IS NOT NULL'
        )
        [[n, amount, first]] = run(duckdb, sql)
        if n:
            of_money = f" ({amount / UNITS:,.2f} in all)" if amount else ""
            yield (
                f"{table}: rows whose {column} is not in `{other}`: "
                f"{n:,}{of_money}, such as {first}; {reference.unknown}"
            )


def unmatched_payments(
    duckdb: Any,  # noqa: ANN401
    tables: Collection[str],
    latest: int,
    lost_invoices: str | None,
) -> str | None:
    """Why the ids of payments and invoices do not match, where they do not.

    Args:
        duckdb: the connection that holds the tables.
        tables: those that were read and looked at.
        latest: µs since 1970 UTC; payments of the 90 days before are counted, without
            the first 45 days of all invoices where there are others.
        lost_invoices: table of the rejected invoices: they are not unknown, and one
            whose number could not be read may be any one that its customer's payments
            name, or, without a customer, any one invoice.
    """
    if not {"invoices", "payments"} <= set(tables):
        return None
    since = _counted_since(duckdb, latest)
    recent = _recent(since, latest)
    theirs = f"SEMI JOIN {UNMATCHED}payments USING (customer_id, invoice_id)"
    counted = f"FROM payments {{}} SELECT count(*) WHERE {recent}"
    [[n]] = run(duckdb, counted.format(""))
    [[n_unknown]] = run(duckdb, counted.format(theirs))
    if n_unknown > MOST_UNKNOWN * n:
        n_unknown = _of_no_row(duckdb, f"FROM payments {theirs}", recent, lost_invoices)
    if n_unknown <= MOST_UNKNOWN * n:
        return None
    n_days = (latest - since) // DAY_US
    return (
        f"{n_unknown:,} of {n:,} payments of the last {n_days} days name invoices that "
        "are not in `invoices`: the ids do not match. Write invoice_id in both files "
        "alike, and let invoices begin before payments do"
    )


def _counted_since(duckdb: Any, latest: int) -> int:  # noqa: ANN401
    """From when payments are counted, µs since 1970 UTC."""
    [[first]] = run(duckdb, "SELECT min(event_at) FROM invoices")
    whole = latest - _RECENT_US
    if first is None or first + _BEGINNING_US <= whole:
        return whole
    later: int = first + _BEGINNING_US
    [[is_any]] = run(
        duckdb,
        f"SELECT count(*) > 0 FROM payments WHERE {_recent(later, latest)} "  # noqa: S608
        "AND invoice_id IS NOT NULL",
    )
    return later if is_any else whole


def _recent(since: int, latest: int) -> str:
    """SQL of the payments that are counted: after `since`, none after `latest`."""
    return f"status <> 'refunded' AND event_at > {since} AND event_at <= {latest}"


def _of_no_row(
    duckdb: Any,  # noqa: ANN401
    payments: str,
    recent: str,
    lost_invoices: str | None,
) -> int:
    """Recent payments that no row explains, be it another customer's or rejected."""
    seen = "SELECT invoice_id FROM invoices WHERE kind = 'invoice'"
    without_number, n_of_anybody = "", 0
    if lost_invoices is not None:
        seen += f" UNION ALL SELECT invoice_id FROM {lost_invoices}"  # noqa: S608
        nameless = f"FROM {lost_invoices} WHERE invoice_id IS NULL"
        whose = f"SELECT customer_id, count(*) AS n {nameless} GROUP BY ALL"
        named = (
            f"{payments} ANTI JOIN ({seen}) USING (invoice_id) SELECT customer_id, "
            f"count(DISTINCT invoice_id) AS n WHERE {recent} GROUP BY ALL"
        )
        explained = (
            f"SELECT customer_id FROM ({named}) AS p JOIN ({whose}) AS l "  # noqa: S608
            "USING (customer_id) WHERE p.n <= l.n"
        )
        without_number = f"ANTI JOIN ({explained}) USING (customer_id)"
        anybodys = f"SELECT count(*) {nameless} AND customer_id IS NULL"
        [[n_of_anybody]] = run(duckdb, anybodys)
    [[n, n_invoices]] = run(
        duckdb,
        f"{payments} ANTI JOIN ({seen}) USING (invoice_id) {without_number} "
        f"SELECT count(*), count(DISTINCT invoice_id) WHERE {recent}",
    )
    return 0 if n_invoices <= n_of_anybody else n


def undone_at_once(duckdb: Any, tables: Collection[str]) -> Iterator[str]:  # noqa: ANN401
    """What was done and undone at one moment: nobody knows which came first."""
    for table, column, doing, undoing in UNDONE:
        if table not in tables:
            continue
        listed = ", ".join(f"'{word}'" for word in doing)
        sql = (
            f"SELECT count(*) FROM (SELECT DISTINCT customer_id, event_at FROM {table} "  # noqa: S608
            f"WHERE {column} IN ({listed})) SEMI JOIN (FROM {table} "
            f"WHERE {column} = '{undoing}') USING (customer_id, event_at)"
        )
        [[n]] = run(duckdb, sql)
        if n:
            yield (
                f"{table}: {' or '.join(doing)} and {undoing} of one customer and "
                f"moment: {n:,}; which came first is not known, and the milder reading "
                "counts for a new stop"
            )


def implausible(duckdb: Any, tables: Collection[str]) -> Iterator[str]:  # noqa: ANN401
    """Values that can hardly be meant."""
    for table, column, low, high, what in PLAUSIBLE:
        if table in tables:
            condition = f'"{column}" NOT BETWEEN {low} AND {high}'
            sql = f'SELECT count(*) FROM "{table}" WHERE {condition}'  # noqa: S608
            [[n]] = run(duckdb, sql)
            if n:
                yield f"{table}: rows with {what}: {n:,}"
    if "invoices" in tables:
        sql = (
            "SELECT count(*) FROM invoices WHERE kind = 'invoice' AND due_at < event_at"
        )
        [[n]] = run(duckdb, sql)
        if n:
            yield f"invoices: rows with {DUE_BEFORE_ISSUE}: {n:,}"


def absurd(duckdb: Any, tables: Collection[str]) -> Iterator[str]:  # noqa: ANN401
    """Amounts and due dates that are legal by form and far from all others.

    Amounts are of the portfolio's currency by now, whatever a row was in.
    """
    for table, key in (("invoices", "invoice_id"), ("payments", "payment_id")):
        if table not in tables:
            continue
        bound = (
            f"SELECT {FARTHEST_TIMES}::DOUBLE * approx_quantile(amount, 0.9) "  # noqa: S608
            f'FROM "{table}" WHERE amount > 0'
        )
        sql = (
            f'SELECT count(*), min("{key}"), max(amount) FROM "{table}" '  # noqa: S608
            f"WHERE amount > ({bound})"
        )
        [[n, first, most]] = run(duckdb, sql)
        if n:
            yield (
                f"{table}: rows with an amount above {FARTHEST_TIMES:,} times what 90 %"
                f" of the rows stay below: {n:,}, such as {first}; the largest is"
                f" {most / UNITS:,.2f}. Look whether that is meant"
            )
    if "invoices" in tables:
        sql = (
            "SELECT count(*), min(invoice_id) FROM invoices WHERE kind = 'invoice' "  # noqa: S608
            f"AND due_at - event_at > {FARTHEST_DUE_DAYS * DAY_US}"
        )
        [[n, first]] = run(duckdb, sql)
        if n:
            yield (
                f"invoices: rows due more than ten years after their issue: {n:,}, such"
                f" as {first}; they are never late. Look whether that is meant"
            )


def masked(duckdb: Any, tables: Collection[str]) -> Iterator[str]:  # noqa: ANN401
    """Values that are masked or placeholders, where they tell or link customers."""
    for table, column in COLUMNS:
        if table not in tables:
            continue
        sql = (
            f'SELECT count(*), min("{column}") FROM "{table}" '  # noqa: S608
            f"WHERE {masked_sql(table, column)}"
        )
        [[n, first]] = run(duckdb, sql)
        if n:
            yield (
                f"{table}: rows whose {column} is masked or a placeholder: {n:,}, such "
                f"as {first}; {consequence(table)}. Export the whole value, or a hash "
                "of it"
            )
