"""What data a portfolio has on notices, disputes and holds, and how fresh it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from features.counted import counted
from features.moments import to_datetime
from features.outlook.outlook_answer import OutlookAnswer
from features.outlook.unread import CORRECTIONS, why_unread
from features.reading.observation import NONE_LASTS_DAYS

if TYPE_CHECKING:
    from features.portfolio import Portfolio

_NOTICES = """
SELECT count(*) FILTER (kind = 'notice_sent'),
    count(*) FILTER (kind = 'notice_delivered')
FROM contacts"""
_NO_STOP = "no suspension for non-payment can be recommended, because"
_TABLES = ("payments", "disputes", "contacts", "holds")  # a stop needs all of them
_OF_MONEY = frozenset({"invoices", *_TABLES})
_TAKES_AWAY = {
    "disputes": "whoever disputes an invoice where your data do not show it can be"
    " suspended for it",
    "payments": "whoever paid since the report can be suspended",
    "holds": "whoever has an exemption, a plan or a legal hold that your data do not"
    " show can be suspended",
}
_HEADERS = {
    "payments": "payment_id,customer_id,event_at,status,amount",
    "disputes": "dispute_id,customer_id,event_at,kind,status,invoice_id",
    "holds": "customer_id,event_at,kind,until",
}


def protection_prospects(portfolio: Portfolio) -> Iterator[OutlookAnswer]:
    """Notices, disputes, holds, rejected rows, and until when anybody looked.

    A report says what is owed; that nobody paid since only the payments can say.
    """
    yield _notices(portfolio)
    if portfolio.settings.money_source == "ageing":
        yield _protecting(portfolio, "payments")
    yield _protecting(portfolio, "disputes")
    yield _protecting(portfolio, "holds")
    if portfolio.rejected:
        yield _rejected(portfolio)
    yield _freshness(portfolio)


def _notices(portfolio: Portfolio) -> OutlookAnswer:
    question = "notices"
    improve = (
        "contacts.csv: customer_id, event_at, kind, notice; `forbear score --notices"
        " FILE` writes those that are due, to confirm"
    )
    if why := why_unread(portfolio, "contacts"):
        return OutlookAnswer(question, f"not known: {_NO_STOP} {why}", CORRECTIONS)
    if "contacts" not in portfolio.settings.tables:
        answer = f"not looked at: {_NO_STOP} no notice is recorded"
        return OutlookAnswer(question, answer, improve)
    [[n_sent, n_arrived]] = portfolio.connection.con.execute(_NOTICES).fetchall()
    if not n_sent and not n_arrived:
        return OutlookAnswer(question, f"none: {_NO_STOP} none was sent", improve)
    answer = f"{n_sent:,} sent, {n_arrived:,} recorded as delivered"
    if not n_sent:  # whoever has it was sent it
        answer = f"{n_arrived:,} recorded as delivered, which counts as sent then"
    if n_arrived:
        return OutlookAnswer(question, answer)
    return OutlookAnswer(
        question,
        f"{answer}: {_NO_STOP} the shipped policy asks for proof that the last arrived",
        "contacts.csv: rows of kind notice_delivered with the notice_id",
    )


def _protecting(portfolio: Portfolio, table: str) -> OutlookAnswer:
    stated_on = portfolio.settings.none.get(table)
    if why := why_unread(portfolio, table):
        is_looked_at = table in portfolio.settings.tables
        lost = "" if is_looked_at else f"{_NO_STOP} "
        return OutlookAnswer(table, f"not known: {lost}{why}", CORRECTIONS)
    if table in portfolio.settings.tables:
        counts = {t.table: t.n_accepted for t in portfolio.report.tables}
        if counts.get(table):
            return OutlookAnswer(table, f"{counts[table]:,} rows")
        if stated_on is None:
            return OutlookAnswer(table, "none (the table is there and empty)")
        # said of a day that the data do not reach, it counts from their end
        said_on = min(stated_on, _last_day(portfolio))
        ends_on = said_on + timedelta(days=NONE_LASTS_DAYS)
        answer = f"none, as portfolio.yaml says; that lapses after {ends_on:%Y-%m-%d}"
        return OutlookAnswer(table, answer)
    lapsed = f" (`none:` of {stated_on:%Y-%m-%d} does not count)" if stated_on else ""
    day = _last_day(portfolio)
    return OutlookAnswer(
        table,
        f"not looked at{lapsed}: {_NO_STOP} {table} are unknown",
        f"{table}.csv, with the header {_HEADERS[table]} alone where there are none;"
        f" or in portfolio.yaml `none: {{{table}: {day:%Y-%m-%d}}}`",
        _TAKES_AWAY[table],
    )


def _last_day(portfolio: Portfolio) -> date:
    """The last day that the data tell of, in the portfolio's time zone."""
    moment = to_datetime(portfolio.latest_moment)
    return moment.astimezone(portfolio.settings.zone).date()


def _rejected(portfolio: Portfolio) -> OutlookAnswer:
    """Whose rows could not be read, and what that keeps away from them."""
    n_any = len(portfolio.rejected)
    n_money = sum(bool(tables & _OF_MONEY) for tables in portfolio.rejected.values())
    who = counted(n_any, "customer")
    answer = f"of {who}, who get no stop; of {n_money:,} of them, whose"
    return OutlookAnswer(
        "rejected rows",
        f"{answer} money they tell of, no decision for non-payment either",
        CORRECTIONS,
    )


def _freshness(portfolio: Portfolio) -> OutlookAnswer:
    """The protecting table that was looked at least lately decides."""
    observed = {t: portfolio.observed[t] for t in _TABLES if t in portfolio.observed}
    if not observed:
        until, of = portfolio.observed_until, ""
    else:
        table = min(observed, key=lambda name: observed[name])
        until, of = observed[table], f" ({table})"
    if until <= 0 and portfolio.rejects:
        return OutlookAnswer(
            "observed until",
            f"unknown{of}: none of its rows could be read, which permits no stop",
            CORRECTIONS,
        )
    moment = to_datetime(until).astimezone(portfolio.settings.zone)
    return OutlookAnswer(
        "observed until",
        f"{moment:%Y-%m-%d %H:%M}{of}; what is older than the policy's stale_hours"
        " permits no stop",
        "newer rows; where nothing happened since, `observed_until:` in portfolio.yaml",
    )
