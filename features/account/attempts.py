"""Charges of overdue money that failed: where a clock may start and retries count."""

from features.account.books import Row, stage
from features.account.standing import Rules, Standing
from features.account.values import KnownTable, known_table
from features.events import Events
from features.facts import PaymentAttempt
from features.moments import to_datetime

_COLUMNS = (
    "known_at",
    "superseded_at",
    "event_at",
    "payment_id",
    "status",
    "method",
    "failure_code",
    "invoice_id",
    "instrument_id",
)


def payment_attempts(
    events: Events, standing: Standing, rules: Rules
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
    found = []
    for row in _failed(known_table(events, "payments", standing.as_of)):
        _, _, at, payment_id, status, method, code, invoice_id, instrument_id = row
        if invoice_id in late if invoice_id is not None else at >= since:
            attempt = PaymentAttempt(
                to_datetime(at), status, method, code, invoice_id, instrument_id
            )
            found.append((at, payment_id, attempt))
    return tuple(attempt for _, _, attempt in sorted(found, key=lambda x: x[:2]))


def _failed(payments: KnownTable) -> list[Row]:
    """The latest row of each payment whose latest state is a failure."""
    latest: dict[str, Row] = {}
    for row in payments.rows(*_COLUMNS):
        before = latest.get(row[3])
        if row[4] != "refunded" and (before is None or stage(row) > stage(before)):
            latest[row[3]] = row
    return [row for row in latest.values() if row[4] in ("failed", "returned")]
