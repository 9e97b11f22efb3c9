"""Writes notices due as rows of `contacts`, for a person to send, confirm and append.

Forbear sends nothing. A notice counts once a row of `contacts` says that it was sent;
this writes that row beforehand, so that confirming is keeping it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from features.contract import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

CONTACT_COLUMNS = tuple(column.name for column in TABLES["contacts"].columns)
_AFTER_A_STOP = "fraud_path"  # tells of a pause, so it is due once there is one


def notices_due(advised: "pa.Table", day: date) -> list[dict[str, str]]:
    """A row of `contacts` per notice due, as if it were sent on `day`.

    `event_at` is the plain date, which counts from the end of that day. `notice_id`
    names the same notice of the same day again, for the row that later says that it
    was delivered or came back.

    >>> CONTACT_COLUMNS[:3]
    ('customer_id', 'event_at', 'known_at')
    """
    return [
        _contact(row, notice, day)
        for row in advised.to_pylist()
        for notice in _to_send(row)
    ]


def _to_send(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A notice of a pause waits for the pause."""
    is_paused = (
        row["action_in_run"] == row["action"]
        and not row["is_beyond_budget"]
        and not row["requires_person"]
    )
    for notice in row["notices_due"]:
        if notice["state"] != _AFTER_A_STOP or is_paused:
            yield notice


def _contact(
    row: Mapping[str, Any], notice: Mapping[str, Any], day: date
) -> dict[str, str]:
    """One invoice is named; several share the notice and are not."""
    invoices = list(notice["invoices"] or ())
    contact = {
        "customer_id": row["customer_id"],
        "event_at": day.isoformat(),
        "kind": "notice_sent",
        "notice": notice["notice"],
        "notice_id": f"{day:%Y%m%d}-{notice['notice']}-{row['customer_id']}",
        "invoice_id": invoices[0] if len(invoices) == 1 else "",
        "policy": row["policy"],
    }
    return {name: contact.get(name, "") for name in CONTACT_COLUMNS}
