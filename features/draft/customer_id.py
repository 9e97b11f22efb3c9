"""Which column of own name may be the customer's id: a question, never an answer.

The same column in most files, that names each row of one of them, is likely the one:
not a row's own key, nor the moment at which it was written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from features.draft.recognise import RecognisedTable

_COLUMN = "customer_id"


def with_likely_customer_id(
    tables: Sequence[RecognisedTable],
) -> tuple[RecognisedTable, ...]:
    """The tables without a known customer id, with the column that may be it."""
    lacking = [table for table in tables if _COLUMN in table.missing]
    name = _likely(lacking)
    if name is None:
        return tuple(tables)
    having = [table for table in lacking if name in table.unused]
    unique = next(table.where for table in having if name in table.distinct)
    why = f"it is in {len(having)} of {len(tables)} tables, distinct in {unique}"
    return tuple(
        _proposed(table, name, why) if table in having else table for table in tables
    )


def _likely(lacking: Sequence[RecognisedTable]) -> str | None:
    """In `customers` each row has another, where that is among them.

    One that stands in several rows of a table goes before one that names each row.
    """
    customers = [table for table in lacking if table.table == "customers"]
    distinct = {name for table in customers or lacking for name in table.distinct}
    in_tables = Counter(name for table in lacking for name in table.unused)
    likely = [
        name
        for name, n in in_tables.most_common()
        if n > 1 and 2 * n > len(lacking) and name in distinct
        if _are_known(name, customers, lacking)
    ]
    repeated = {name for table in lacking for name in table.repeated}
    return next(iter([name for name in likely if name in repeated] or likely), None)


def _are_known(
    name: str, customers: Sequence[RecognisedTable], lacking: Sequence[RecognisedTable]
) -> bool:
    """Whether each other table has values of it that `customers` has, if that is there.

    Not all: of a long file only the first rows were looked at.
    """
    known = {value for table in customers for value in table.values.get(name, ())}
    others = [table.values.get(name) for table in lacking if table not in customers]
    return not customers or all(
        not known.isdisjoint(values) for values in others if values
    )


def _proposed(table: RecognisedTable, name: str, why: str) -> RecognisedTable:
    return replace(
        table,
        mapping={_COLUMN: name, **table.mapping},
        missing=tuple(one for one in table.missing if one != _COLUMN),
        unused=tuple(one for one in table.unused if one != name),
        questions={**table.questions, _COLUMN: f"is `{name}` the customer's id? {why}"},
    )
