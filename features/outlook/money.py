"""Money at stake: given, assumed or unknown (CONTRACT 2.7 and 2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.moments import YEAR_US
from features.outlook.outlook_answer import OutlookAnswer
from features.outlook.unread import CORRECTIONS, why_unread

if TYPE_CHECKING:
    from features.portfolio import Portfolio

_OWED = {
    "invoices": ("known, from invoices and payments", ""),
    "ageing": ("known, from the ageing report; not which invoice", "invoices.csv"),
    "flat": ("as `exposure:` in portfolio.yaml says", ""),
    "unknown": (
        "unknown: no decision by cost about anybody",
        "invoices.csv and payments.csv, or ageing.csv",
    ),
}
_INVOICED = """
SELECT count(DISTINCT customer_id) FROM invoices
WHERE event_at > ? AND amount > 0 AND coalesce(kind, 'invoice') = 'invoice'"""
_WORTH = """
SELECT count(DISTINCT customer_id) FROM customers
WHERE monthly_margin IS NOT NULL"""
_PRICED = """
SELECT count(DISTINCT customer_id) FROM subscriptions
WHERE unit_price IS NOT NULL"""
_UNPRICED = """
SELECT count(DISTINCT customer_id) FROM (
    SELECT customer_id FROM subscriptions GROUP BY customer_id, subscription_id
    HAVING count(unit_price) = 0
    AND NOT bool_or(coalesce(billing = 'usage', false) OR coalesce(is_trial, false)))"""


def money_prospects(portfolio: Portfolio) -> Iterator[OutlookAnswer]:
    """What is owed, what would still accrue, and what a customer is worth."""
    tables, source = portfolio.settings.tables, portfolio.settings.money_source
    unread = [t for t in ("invoices", "payments") if why_unread(portfolio, t)]
    if unread and source in ("unknown", "invoices"):
        why = f"{unread[0]}: {why_unread(portfolio, unread[0])}"
        yield OutlookAnswer("money owed", f"unknown: {why}", CORRECTIONS)
    elif source == "unknown" and "invoices" in tables:
        yield OutlookAnswer(
            "money owed",
            "unknown: invoices without payments tell nobody who paid",
            "payments.csv: payment_id, customer_id, event_at, status, amount,"
            " invoice_id",
        )
    else:
        yield OutlookAnswer("money owed", *_OWED[source])
    if source == "flat":
        return
    yield _accruing(portfolio)
    yield _worth(portfolio)


def _accruing(portfolio: Portfolio) -> OutlookAnswer:
    question, n = "money still to accrue", len(portfolio.customer_ids)
    tables = portfolio.settings.tables
    if "subscriptions" in tables:
        n_priced, n_unpriced = (_count(portfolio, q) for q in (_PRICED, _UNPRICED))
        answer = f"prices given for {n_priced:,} of {n:,}"
        if n_unpriced:
            answer += (
                f"; of {n_unpriced:,} a license has no price, so what they pay is"
                " assumed from invoices, else unknown"
            )
        is_whole = n_priced and not n_unpriced
        improve = "" if is_whole else "subscriptions.csv with quantity and unit_price"
        return OutlookAnswer(question, answer, improve)
    better = "subscriptions.csv: subscription_id, kind, event_at, quantity, unit_price"
    if "invoices" not in tables:
        return OutlookAnswer(question, f"unknown for {n:,}", better)
    since = portfolio.latest_known_at - YEAR_US
    n_invoiced = _count(portfolio, _INVOICED, since)
    answer = f"assumed for {n_invoiced:,} from the invoices of the last 365 days"
    if n > n_invoiced:
        answer += (
            f"; unknown for {n - n_invoiced:,} of whom no invoice of that time was read"
        )
    return OutlookAnswer(question, answer, better)


def _worth(portfolio: Portfolio) -> OutlookAnswer:
    """Of the margin; without a lifetime that of `defaults` stands in."""
    question, n = "worth of a customer", len(portfolio.customer_ids)
    n_stated = _count(portfolio, _WORTH)
    if n_stated == n:
        return OutlookAnswer(question, f"given for all {n:,}")
    stated = portfolio.settings.defaults
    is_stated = None not in (stated.margin_share, stated.lifetime_months)
    whose = "as `defaults` say" if is_stated else "assumed"
    answer = (
        f"given for {n_stated:,}; {whose} for the others:"
        f" {stated.share:.0%} of what recurs, over {stated.months:g} months"
    )
    improve = "customers.csv: monthly_margin, expected_lifetime_months"
    if not is_stated:
        improve += (
            "; or in portfolio.yaml your own"
            f" `defaults: {{margin_share: {stated.share:g},"
            f" lifetime_months: {stated.months:g}}}`"
        )
    return OutlookAnswer(question, answer, improve)


def _count(portfolio: Portfolio, query: str, *values: object) -> int:
    [[n]] = portfolio.connection.con.execute(query, values).fetchall()
    return int(n)
