"""What is odd in the rows of a request and breaks no rule, as warnings with a code.

The twin of `features.reading.portfolio_warnings` for one customer, without a database.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from features.arrays import BoolArray
from features.events import MISSING, Columns, Events
from features.money import UNITS
from features.reading.masked import COLUMNS, consequence, masked_of
from features.reading.names import (
    DUE_BEFORE_ISSUE,
    PLAUSIBLE,
    REFERENCES,
    UNDONE,
    PlausibleRange,
    Reference,
)


def noticed(events: Events, looked_at: Collection[str]) -> Iterator[str]:
    """Ids that nobody knows, numbers of two documents, values hardly meant, and more.

    Args:
        events: the customer's rows.
        looked_at: tables that were looked at; an id of another one may be right.
    """
    tables = {name: rows for name, rows in events.tables.items() if name in looked_at}
    tables = {name: rows for name, rows in tables.items() if len(rows["known_at"])}
    known: dict[str, set[str | None]] = {}  # by table, its ids and None
    for reference in REFERENCES:
        if reference.table in tables and reference.other in looked_at:
            yield from _unknown_ids(events, reference, known)
    if "invoices" in tables:
        yield from _two_kinds(tables["invoices"])
        yield from _due_before_issue(tables["invoices"])
    if "payments" in tables:
        yield from _refunds_of_one_moment(tables["payments"])
    for table, column, doing, undoing in UNDONE:
        if table in tables:
            yield from _undone_at_once(table, tables[table], column, doing, undoing)
    for plausible in PLAUSIBLE:
        if plausible.table in tables:
            yield from _implausible(tables[plausible.table], plausible)
    yield from _masked(tables)


def _unknown_ids(
    events: Events, reference: Reference, known_ids: dict[str, set[str | None]]
) -> Iterator[str]:
    rows, other = events.tables[reference.table], reference.other
    named = rows[reference.column].tolist()
    different = set(named)
    if different == {None}:  # mostly
        return
    if other not in known_ids:
        known_ids[other] = {None, *_ids(events.tables[other], reference)}
    known = known_ids[other]
    if known.issuperset(different):
        return
    is_unknown = np.array([name not in known for name in named])
    first = min(name for name in named if name not in known)
    of_money = _in_all(rows, is_unknown & _moved(reference.table, rows))
    yield (
        f"unknown_id:{reference.table}.{reference.column}: {is_unknown.sum()}"
        f"{of_money}, such as {first}; not in `{reference.other}`, "
        f"{reference.unknown}"
    )


def _ids(rows: Columns, reference: Reference) -> list[str]:
    """What may be named of a table: of `invoices` only invoices."""
    ids: list[str] = rows[reference.id].tolist()
    if reference.other != "invoices":
        return ids
    kinds = rows["kind"].tolist()
    return [name for name, kind in zip(ids, kinds, strict=True) if kind == "invoice"]


def _moved(table: str, rows: Columns) -> BoolArray:
    """Which rows' money counts: of payments only that of those that succeeded."""
    if table != "payments":
        return np.ones(len(rows["event_at"]), np.bool_)
    return np.array([status == "succeeded" for status in rows["status"].tolist()])


def _in_all(rows: Columns, which: BoolArray) -> str:
    money = next((name for name in ("amount", "cost") if name in rows), None)
    if money is None:
        return ""
    amounts = rows[money][which]
    total = int(amounts[amounts != MISSING].sum())
    return f" ({total / UNITS:,.2f} in all)" if total else ""


def _two_kinds(invoices: Columns) -> Iterator[str]:
    ids, kinds = invoices["invoice_id"].tolist(), invoices["kind"].tolist()
    documents = set(zip(ids, kinds, strict=True))
    if len(documents) > len(set(ids)):
        numbers = Counter(number for number, _ in documents)
        both = sorted(number for number, n in numbers.items() if n > 1)
        yield (
            f"two_kinds_of_document:invoices: {len(both)}, such as {both[0]}; "
            "both count"
        )


def _due_before_issue(invoices: Columns) -> Iterator[str]:
    due_at = invoices["due_at"]
    is_early = due_at < invoices["event_at"]
    if not is_early.any():  # mostly
        return
    is_early &= due_at != MISSING
    if n := np.count_nonzero(is_early & (invoices["kind"] == "invoice")):
        yield f"implausible:invoices.due_at: rows with {DUE_BEFORE_ISSUE}: {n}"


def _refunds_of_one_moment(payments: Columns) -> Iterator[str]:
    if payments["status"].tolist().count("refunded") < 2:  # mostly
        return
    refunds = (payments["status"] == "refunded") & (payments["refund_id"] == None)  # noqa: E711 - elementwise
    names = ("payment_id", "event_at", "known_at")
    counted = Counter(zip(*(payments[n][refunds].tolist() for n in names), strict=True))
    several = {row: n for row, n in counted.items() if n > 1}
    if several:
        yield (
            f"refunds_add_up:payments: {sum(several.values())}, such as those of "
            f"payment_id {min(several)[0]}; a refund_id would tell them apart"
        )


def _undone_at_once(
    table: str, rows: Columns, column: str, doing: tuple[str, ...], undoing: str
) -> Iterator[str]:
    cells: list[Any] = rows[column].tolist()
    if undoing not in cells:
        return
    moments = rows["event_at"].tolist()
    seen = set(zip(cells, moments, strict=True))
    undone = {m for cell, m in seen if cell in doing and (undoing, m) in seen}
    if undone:
        yield (
            f"undone_at_once:{table}: {' or '.join(doing)} and {undoing} of one"
            f" moment: {len(undone)}; which came first is not known, and"
            " the milder reading counts for a new stop"
        )


def _implausible(rows: Columns, plausible: PlausibleRange) -> Iterator[str]:
    cells = rows[plausible.column]
    n = np.count_nonzero((cells < plausible.low) | (cells > plausible.high))
    if n:
        where = f"{plausible.table}.{plausible.column}"
        yield f"implausible:{where}: rows with {plausible.what}: {n}"


def _masked(tables: Mapping[str, Columns]) -> Iterator[str]:
    for table, column in COLUMNS:
        cells = tables[table].get(column) if table in tables else None
        if cells is None:
            continue
        named = cells.tolist()
        if seen := masked_of({*named} - {None}):
            yield (
                f"masked:{table}.{column}: {sum(cell in seen for cell in named)}, such"
                f" as {min(seen)}; {consequence(table)}"
            )
