"""Features from `disputes`: what customers contest, and what their banks took back."""

from features.catalogue.families import CHARGEBACKS, DISPUTES
from features.catalogue.payments import SUCCEEDED, payments
from features.feature import Aggregate, Feature, Ratio, TimeSince
from features.feature_rows import And, Equals, In, Rows, Window

OPENED = Equals("status", "opened")
FRAUD = And(Equals("kind", "chargeback_fraud"), OPENED)
CHARGEBACK = And(In("kind", ("chargeback_fraud", "chargeback_other")), OPENED)
BILLING_DISPUTE = And(Equals("kind", "billing"), OPENED)


def _disputes(where: Rows, days: int | None) -> Aggregate:
    window = None if days is None else Window(days)
    return Aggregate("disputes", "distinct", "dispute_id", where=where, window=window)


def _chargebacks(days: int) -> Feature:
    return CHARGEBACKS.feature(
        f"chargebacks_{days}d",
        _disputes(CHARGEBACK, days),
        unit="chargebacks",
        staff=f"chargebacks in {days} days: {{value}}",
        why="each chargeback is money lost and evidence of more to come",
        monotone="increasing",
    )


DISPUTE_FEATURES: tuple[Feature, ...] = (
    *(_chargebacks(days) for days in (90, 365)),
    CHARGEBACKS.feature(
        "chargebacks_fraud_ever",
        _disputes(FRAUD, None),
        unit="chargebacks",
        staff="chargebacks for fraud so far: {value}",
        why="a card holder who denies the payment, seldom for nothing",
        monotone="increasing",
    ),
    CHARGEBACKS.feature(
        "chargebacks_amount_365d",
        Aggregate("disputes", "sum", "amount", where=CHARGEBACK, window=Window(365)),
        unit="money",
        staff="{value} charged back in a year",
        why="how much was taken back",
    ),
    CHARGEBACKS.feature(
        "chargebacks_share_365d",
        Ratio(_disputes(CHARGEBACK, 365), payments(SUCCEEDED, 365)),
        unit="share",
        staff="chargebacks per payment in a year: {value}",
        why="the share tells one mishap from a pattern",
    ),
    DISPUTES.feature(
        "disputes_billing_90d",
        _disputes(BILLING_DISPUTE, 90),
        unit="disputes",
        staff="invoices disputed in 90 days: {value}",
        why="a disputed invoice is late for another reason than distress",
    ),
    DISPUTES.feature(
        "disputes_billing_365d",
        _disputes(BILLING_DISPUTE, 365),
        unit="disputes",
        staff="invoices disputed in a year: {value}",
        why="frequent disputes: our invoices, or their habit",
    ),
    DISPUTES.feature(
        "disputes_won_365d",
        _disputes(Equals("status", "won"), 365),
        unit="disputes",
        staff="disputes of a year ended in our favour: {value}",
        why="whose disputes do not hold tends to dispute to gain time",
    ),
    DISPUTES.feature(
        "disputes_age_days",
        TimeSince("disputes", "last", OPENED, Window(365)),
        unit="days",
        staff="last dispute opened {value} days ago",
        why="an old dispute says less than a fresh one",
    ),
)
