"""What protects customers: notices, disputes, holds; and how fresh all of it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.moments import to_datetime
from features.outlook.prospect import Prospect

if TYPE_CHECKING:
    from features.portfolio import Portfolio

_NOTICES = """
SELECT count(*) FILTER (kind = 'notice_sent'),
    count(*) FILTER (kind = 'notice_delivered')
FROM contacts"""
_NO_STOP = "no suspension for non-payment can be recommended, because"
_TAKES_AWAY = {
    "disputes": "whoever disputes an invoice where your data do not show it can be"
    " suspended for it",
    "holds": "whoever has an exemption, a plan or a legal hold that your data do not"
    " show can be suspended",
}
_HEADERS = {
    "disputes": "dispute_id,customer_id,event_at,kind,status,invoice_id",
    "holds": "customer_id,event_at,kind,until",
}


def protection_prospects(portfolio: Portfolio) -> Iterator[Prospect]:
    """Notices, disputes, holds, and until when anybody looked."""
    yield _notices(portfolio)
    yield _protecting(portfolio, "disputes")
    yield _protecting(portfolio, "holds")
    yield _freshness(portfolio)


def _notices(portfolio: Portfolio) -> Prospect:
    question = "notices"
    improve = (
        "contacts.csv: customer_id, event_at, kind, notice; `forbear score --notices"
        " FILE` writes those that are due, to confirm"
    )
    if "contacts" not in portfolio.settings.tables:
        said = f"not looked at: {_NO_STOP} no notice is recorded"
        return Prospect(question, said, improve)
    [[n_sent, n_arrived]] = portfolio.connection.con.execute(_NOTICES).fetchall()
    if not n_sent:
        return Prospect(question, f"none: {_NO_STOP} none was sent", improve)
    said = f"{n_sent:,} sent, {n_arrived:,} recorded as delivered"
    if n_arrived:
        return Prospect(question, said)
    return Prospect(
        question,
        f"{said}: {_NO_STOP} the shipped policy asks for proof that the last arrived",
        "contacts.csv: rows of kind notice_delivered with the notice_id",
    )


def _protecting(portfolio: Portfolio, table: str) -> Prospect:
    if table in portfolio.settings.tables:
        counts = {t.table: t.n_accepted for t in portfolio.report.tables}
        n_rows = counts.get(table, 0)
        said = f"{n_rows:,} rows" if n_rows else "none (the table is there and empty)"
        return Prospect(table, said)
    day = to_datetime(portfolio.latest_known_at).astimezone(portfolio.settings.zone)
    return Prospect(
        table,
        f"not looked at: {_NO_STOP} {table} are unknown",
        f"{table}.csv, with the header {_HEADERS[table]} alone where there are none;"
        f" or in portfolio.yaml `none: {{{table}: {day:%Y-%m-%d}}}`",
        _TAKES_AWAY[table],
    )


def _freshness(portfolio: Portfolio) -> Prospect:
    until = to_datetime(portfolio.observed_until).astimezone(portfolio.settings.zone)
    return Prospect(
        "observed until",
        f"{until:%Y-%m-%d %H:%M}; what is older than the policy's stale_hours permits"
        " no stop",
        "newer rows; where nothing happened since, `observed_until:` in portfolio.yaml",
    )
