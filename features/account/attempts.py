"""Charges of overdue money that failed: where a clock may start and retries count."""

from itertools import starmap

from msgspec import Struct

from features.account.ledger_as_of import stage
from features.account.standing import Rules, Standing
from features.account.values import KnownTables
from features.facts import PaymentAttempt
from features.moments import to_datetime


class _Attempt(Struct, frozen=True):
    """The columns read of a status of a payment."""

    known_at: int
    event_at: int
    payment_id: str
    status: str
    method: str | None
    failure_code: str | None
    invoice_id: str | None
    instrument_id: str | None


def payment_attempts(
    known: KnownTables, standing: Standing, rules: Rules
) -> tuple[PaymentAttempt, ...]:
    """Failed and returned payments for what is overdue now, oldest first.

    One that names an overdue invoice counts whenever it was made. One that names none
    counts within the arrears episode and on the day before it began: a charge that
    fails on the due day is what begins it. One that names an invoice nobody knows is
    about something else. Only customers in arrears are looked at.
    """
    started, owed = standing.episode_started_at, standing.owed
    if started is None or owed is None:
        return ()
    late = {item.invoice.id for item in owed.items if item.is_overdue}
    since = rules.days.start(rules.days.day(started) - 1)
    counted = []
    for row in known.made(_failed):
        is_of_an_invoice = row.invoice_id is not None
        if row.invoice_id in late if is_of_an_invoice else row.event_at >= since:
            counted.append(row)
    counted.sort(key=lambda row: (row.event_at, row.payment_id))
    return tuple(
        PaymentAttempt(
            to_datetime(row.event_at),
            row.status,
            row.method,
            row.failure_code,
            row.invoice_id,
            row.instrument_id,
        )
        for row in counted
    )


def _failed(known: KnownTables) -> list[_Attempt]:
    """The latest row of each payment whose latest state is a failure."""
    latest: dict[str, _Attempt] = {}
    rows = known["payments"].rows(*_Attempt.__struct_fields__)
    for row in starmap(_Attempt, rows):
        before = latest.get(row.payment_id)
        if row.status != "refunded" and (before is None or stage(row) > stage(before)):
            latest[row.payment_id] = row
    return [row for row in latest.values() if row.status in ("failed", "returned")]
