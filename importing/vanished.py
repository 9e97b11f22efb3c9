"""Invoices that an earlier export had and this one has not: deleted, or not asked for.

Nothing is taken back for that: an export may be a part. Whoever owes them is named.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from importing.joining import brought_by
from importing.report import LOOK_AT, Note
from importing.source import Source

# those still open, of the time that this export covers; what payments and credit notes
# name is taken off, and what could not be read is named already
_OPEN = """
WITH here AS (
    SELECT invoice_id, event_at FROM made_invoices WHERE coalesce(kind, 'invoice') = 'invoice'
), taken_off AS (
    SELECT invoice_id AS id, CASE status WHEN 'succeeded' THEN amount ELSE -amount END AS amount
    FROM there_payments WHERE status IN ('succeeded', 'returned', 'refunded') AND retracted IS NOT true
    UNION ALL
    SELECT applies_to, amount FROM there_invoices
    WHERE kind IN ('credit_note', 'write_off') AND retracted IS NOT true
)
SELECT invoice_id, amount, currency, (SELECT count(*) FROM here) AS n_here
FROM there_invoices AS t
WHERE coalesce(kind, 'invoice') = 'invoice' AND retracted IS NOT true
    AND invoice_id IN ({brought}) AND invoice_id NOT IN (SELECT invoice_id FROM made_invoices)
    AND event_at >= coalesce((SELECT min(event_at) FROM here), event_at)
    AND amount > coalesce((SELECT sum(o.amount) FROM taken_off AS o WHERE o.id = t.invoice_id), 0)
    AND invoice_id NOT IN (SELECT id FROM left_out WHERE id IS NOT NULL)
"""  # noqa: E501
_SUMMED = """
SELECT sum(n)::BIGINT, string_agg(money, ' and ' ORDER BY currency), min(first), any_value(n_here)
FROM (SELECT currency, count(*) AS n, concat_ws(' ', sum(amount)::DECIMAL(18, 2), currency) AS money,
             min(invoice_id) AS first, any_value(n_here) AS n_here FROM ({open}) GROUP BY currency)
"""  # noqa: E501


def vanished(connection: Any, source: Source, portfolio: Path) -> Iterator[Note]:
    """Open invoices that this source brought before and does not tell any more.

    An export that has fewer invoices than it lacks is taken for a part.
    """
    brought = brought_by(connection, "invoices", portfolio, source)
    n, money, first, n_here = connection.execute(
        _SUMMED.format(open=_OPEN.format(brought=brought))
    ).fetchone()
    if not n or not n_here:  # none at all: nobody asked for invoices
        return
    lacking = (
        f"open invoices of earlier exports ({money}) are not in this one, first {first}"
    )
    if n > n_here:
        text = f"{lacking}: it is taken for a part, and they are owed as they were"
        yield Note("assumed", n, text)
        return
    yield Note(
        LOOK_AT,
        n,
        f"{lacking}: they count as owed; where the source deleted them, take them back "
        "(docs/importing.md says how), and cancel there instead of deleting",
    )
