"""Features from `invoices`: how much was invoiced, and when."""

from features.catalogue.families import (
    BILLING,
    TENURE,
)
from features.catalogue.payments import paid
from features.feature import (
    Aggregate,
    Feature,
    Ratio,
    TimeSince,
    Trend,
)
from features.feature_rows import Above, And, Equals, Not, Window

CREDIT_NOTE = Equals("kind", "credit_note")
INVOICE = And(
    And(Not(CREDIT_NOTE), Not(Equals("kind", "write_off"))), Above("amount", 0)
)


def billed(days: int, before: int = 0) -> Aggregate:
    """Money invoiced."""
    return Aggregate(
        "invoices", "sum", "amount", where=INVOICE, window=Window(days, before)
    )


LARGEST_INVOICE = Aggregate(
    "invoices", "max", "amount", where=INVOICE, window=Window(365)
)
MEAN_INVOICE = Aggregate(
    "invoices", "mean", "amount", where=INVOICE, window=Window(365)
)


def _billed(days: int) -> Feature:
    return BILLING.feature(
        f"invoices_amount_{days}d",
        billed(days),
        unit="money",
        staff=f"{{value}} invoiced in {days} days",
        why="what has to be paid next",
    )


INVOICE_FEATURES: tuple[Feature, ...] = (
    *(_billed(days) for days in (30, 90, 365)),
    BILLING.feature(
        "invoices_365d",
        Aggregate("invoices", "count", where=INVOICE, window=Window(365)),
        unit="invoices",
        staff="invoices in a year: {value}",
        why="few invoices mean little is known",
    ),
    BILLING.feature(
        "invoice_amount_max_365d",
        LARGEST_INVOICE,
        unit="money",
        staff="largest invoice of a year: {value}",
        why="large invoices are the hardest to pay",
    ),
    BILLING.feature(
        "invoice_amount_peak_30d",
        Ratio(
            Aggregate("invoices", "max", "amount", where=INVOICE, window=Window(30)),
            MEAN_INVOICE,
        ),
        unit="ratio",
        staff="largest invoice of 30 days is {value} times their mean of a year",
        why="an invoice beyond the usual is disputed or not paid",
    ),
    BILLING.feature(
        "invoice_amount_std_365d",
        Aggregate("invoices", "std", "amount", where=INVOICE, window=Window(365)),
        unit="money",
        staff="invoices vary by {value}",
        why="bills that vary are harder to plan for",
    ),
    BILLING.feature(
        "invoices_amount_trend_30d",
        Trend(billed(30), billed(30, before=30)),
        unit="trend",
        staff="invoiced in 30 days against the 30 before: {value}",
        why="growth beyond the ability to pay",
    ),
    TENURE.feature(
        "invoices_first_age_days",
        TimeSince("invoices", "first", INVOICE),
        unit="days",
        staff="first invoice {value} days ago",
        why="a first invoice is the least certain to be paid",
    ),
    BILLING.feature(
        "invoices_paid_share_90d",
        Ratio(paid(90), billed(90)),
        unit="share",
        staff="{value} of what was invoiced in 90 days was received",
        customer="The share of recent invoices that was paid.",
        why="below 1 a debt is building up",
        monotone="decreasing",
    ),
    BILLING.feature(
        "invoices_paid_share_365d",
        Ratio(paid(365), billed(365)),
        unit="share",
        staff="{value} of what was invoiced in a year was received",
        customer="The share of the year's invoices that was paid.",
        why="below 1 a debt is building up",
        monotone="decreasing",
    ),
    BILLING.feature(
        "invoices_credit_notes_365d",
        Aggregate("invoices", "count", where=CREDIT_NOTE, window=Window(365)),
        unit="credit notes",
        staff="credit notes in a year: {value}",
        customer="Corrections of invoices.",
        why="our own billing errors are not the customer's fault",
    ),
)
