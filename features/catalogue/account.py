"""Definitions of features on debt and on past lateness, from account facts."""

from features.catalogue.families import (
    BALANCE,
    CREDIT_USE,
    DISPUTES,
    LATENESS,
    ORDERS,
    PROMISES,
)
from features.catalogue.identity import customer
from features.catalogue.invoices import MEAN_INVOICE
from features.catalogue.payments import paid
from features.feature import AccountFact, Feature, Ratio, Trend


def fact(name: str, *tables: str) -> AccountFact:
    """An account fact that needs invoices, and `tables` besides."""
    return AccountFact(name, frozenset({"invoices", *tables}))


OPEN, OVERDUE = fact("open"), fact("overdue")


def _bucket(name: str, words: str) -> Feature:
    return LATENESS.feature(
        f"account_overdue_{name}_days",
        fact(f"overdue_{name}"),
        unit="money",
        staff=f"{{value}} overdue {words}",
        why="money comes in more rarely the longer it is overdue",
        monotone="increasing",
    )


def _late(days: int) -> tuple[Feature, ...]:
    """How often invoices were paid late within `days`."""
    return (
        LATENESS.feature(
            f"invoices_paid_late_{days}d",
            fact(f"n_paid_late_{days}d", "payments"),
            unit="invoices",
            staff=f"invoices paid late in {days} days: {{value}}",
            why="a habit of lateness",
            monotone="increasing",
        ),
        LATENESS.feature(
            f"invoices_paid_late_share_{days}d",
            Ratio(
                fact(f"n_paid_late_{days}d", "payments"),
                fact(f"n_paid_{days}d", "payments"),
            ),
            unit="share",
            staff=f"{{value}} of the invoices paid in {days} days were late",
            why="the share tells a habit from a mishap",
            monotone="increasing",
        ),
        LATENESS.feature(
            f"invoices_days_late_mean_{days}d",
            fact(f"days_late_mean_{days}d", "payments"),
            unit="days",
            staff=f"paid {{value}} days late on average in {days} days",
            why="level of lateness",
            monotone="increasing",
        ),
    )


LATENESS_FEATURES: tuple[Feature, ...] = (
    LATENESS.feature(
        "account_days_overdue",
        fact("days_overdue"),
        unit="days",
        staff="oldest uncontested debt {value} days past due",
        customer="How long the oldest open invoice has been due.",
        why="the longer a debt is open, the less of it comes in",
        monotone="increasing",
    ),
    LATENESS.feature(
        "account_arrears_age_days",
        fact("episode_days"),
        unit="days",
        staff="in arrears for {value} days",
        why="arrears that do not end",
        monotone="increasing",
    ),
    LATENESS.feature(
        "account_invoices_overdue",
        fact("n_overdue_invoices"),
        unit="invoices",
        staff="invoices overdue: {value}",
        why="one forgotten invoice is not several unpaid ones",
        monotone="increasing",
    ),
    LATENESS.feature(
        "account_invoices_open",
        fact("n_open_invoices"),
        unit="invoices",
        staff="invoices open: {value}",
        why="a queue of open invoices",
        monotone="increasing",
    ),
    _bucket("31_60", "31 to 60 days"),
    _bucket("61_90", "61 to 90 days"),
    _bucket("over_90", "more than 90 days"),
    *_late(90),
    *_late(365),
    LATENESS.feature(
        "invoices_days_late_max_365d",
        fact("days_late_max_365d", "payments"),
        unit="days",
        staff="paid up to {value} days late in a year",
        why="how far it went before it was cured",
        monotone="increasing",
    ),
    LATENESS.feature(
        "invoices_days_late_std_365d",
        fact("days_late_std_365d", "payments"),
        unit="days",
        staff="days late vary by {value}",
        why="erratic payers are harder to foresee than late ones",
    ),
    LATENESS.feature(
        "invoices_days_late_latest",
        fact("days_late_last", "payments"),
        unit="days",
        staff="last paid invoice was {value} days late",
        why="the latest behaviour counts most",
        monotone="increasing",
    ),
    LATENESS.feature(
        "invoices_days_late_trend_90d",
        Trend(
            fact("days_late_mean_90d", "payments"),
            fact("days_late_mean_365d", "payments"),
        ),
        unit="trend",
        staff="lateness of 90 days against the year: {value}",
        why="getting later",
    ),
    LATENESS.feature(
        "invoices_days_to_pay_mean_90d",
        fact("days_to_pay_mean_90d", "payments"),
        unit="days",
        staff="invoices of 90 days paid after {value} days",
        why="time to pay, whatever the terms",
    ),
    LATENESS.feature(
        "invoices_paid_in_parts_share",
        Ratio(
            fact("n_invoices_paid_in_parts", "payments"),
            fact("n_invoices_paid", "payments"),
        ),
        unit="share",
        staff="{value} of the invoices were paid in parts",
        why="who pays in parts is short of money",
    ),
)

ACCOUNT_FEATURES: tuple[Feature, ...] = (
    BALANCE.feature(
        "account_largest_open_to_paid",
        Ratio(fact("largest_open_remainder"), fact("largest_invoice_paid", "payments")),
        unit="ratio",
        staff="largest open invoice is {value} times the largest ever paid",
        why="an invoice beyond any they have paid",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_open_age_days",
        fact("oldest_open_age_days"),
        unit="days",
        staff="oldest open invoice is {value} days old",
        why="what stays open, due or not",
        monotone="increasing",
    ),
    ORDERS.feature(
        "account_unpaid_subscriptions_share",
        Ratio(
            fact("n_unpaid_subscriptions", "subscriptions"),
            fact("n_live_subscriptions", "subscriptions"),
        ),
        unit="share",
        staff="{value} of the live subscriptions have an overdue invoice",
        why="one service left unpaid may be a quarrel, all of them are not",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_open",
        OPEN,
        unit="money",
        staff="{value} open",
        why="what is owed, due or not",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_overdue",
        OVERDUE,
        unit="money",
        staff="{value} overdue",
        why="what should have come in",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_overdue_share",
        fact("overdue_share"),
        unit="share",
        staff="{value} of the open amount is overdue",
        why="a debt mostly overdue is a debt not being paid",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_credit",
        fact("credit"),
        unit="money",
        staff="{value} of credit on the account",
        why="money already here pays the next invoice",
    ),
    BALANCE.feature(
        "account_written_off",
        fact("written_off"),
        unit="money",
        staff="{value} written off before",
        why="what was given up once",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_in_flight",
        fact("in_flight", "payments"),
        unit="money",
        staff="{value} on its way",
        why="a payment in flight is not a missing payment",
    ),
    DISPUTES.feature(
        "account_contested",
        fact("contested", "disputes"),
        unit="money",
        staff="{value} contested",
        why="contested money is not unpaid money",
    ),
    PROMISES.feature(
        "account_promised",
        fact("promised", "contacts"),
        unit="money",
        staff="{value} promised",
        why="an open promise is a date to wait for",
    ),
    BALANCE.feature(
        "account_open_to_invoice",
        Ratio(OPEN, MEAN_INVOICE),
        unit="ratio",
        staff="open amount in mean invoices: {value}",
        why="more than one or two invoices open means some are late",
        monotone="increasing",
    ),
    BALANCE.feature(
        "account_overdue_to_paid_90d",
        Ratio(OVERDUE, paid(90)),
        unit="ratio",
        staff="overdue amount is {value} times what was paid in 90 days",
        why="a debt that outgrows the stream of payments",
        monotone="increasing",
    ),
    CREDIT_USE.feature(
        "account_credit_use",
        Ratio(OPEN, customer("credit_limit")),
        unit="share",
        staff="{value} of the credit limit is open",
        why="who uses all the credit there is has no reserve",
        monotone="increasing",
    ),
    ORDERS.feature(
        "account_recurring_monthly",
        AccountFact("recurring_monthly", frozenset({"subscriptions"})),
        unit="money",
        staff="recurring charges of {value} a month",
        customer="The recurring charges of the account.",
        why="what accrues month by month",
    ),
    ORDERS.feature(
        "account_committed",
        AccountFact("committed", frozenset({"subscriptions"})),
        unit="money",
        staff="{value} committed until the terms end",
        customer="Committed terms of subscriptions.",
        why="what is lost when they go before their term ends",
    ),
)
