"""Features from `payments`: attempts, failures, returns and amounts."""

from features.catalogue.families import BALANCE, PAYMENT_FAILURES, in_days
from features.feature import Aggregate, Feature, Ratio, TimeSince, Trend
from features.feature_rows import And, Equals, In, Rows, Window

FAILED = Equals("status", "failed")
SUCCEEDED = Equals("status", "succeeded")
RETURNED = Equals("status", "returned")
REFUNDED = Equals("status", "refunded")
ENDED = In("status", ("failed", "succeeded"))
HARD_DECLINE = And(FAILED, In("failure_code", ("lost_or_stolen", "invalid_account")))


def payments(where: Rows, days: int | None = None, before: int = 0) -> Aggregate:
    """How many payment rows pass `where`."""
    window = None if days is None else Window(days, before)
    return Aggregate("payments", "count", where=where, window=window)


def paid(days: int, before: int = 0) -> Aggregate:
    """Money received."""
    return Aggregate(
        "payments", "sum", "amount", where=SUCCEEDED, window=Window(days, before)
    )


def _failed(days: int) -> Feature:
    return PAYMENT_FAILURES.feature(
        f"payments_failed_{days}d",
        payments(FAILED, days),
        unit="attempts",
        staff=f"failed payment attempts {in_days(days)}: {{value}}",
        why="each failed attempt is evidence against payment",
        monotone="increasing",
    )


def _returned(days: int) -> Feature:
    return PAYMENT_FAILURES.feature(
        f"payments_returned_{days}d",
        payments(RETURNED, days),
        unit="payments",
        staff=f"payments returned by the bank in {days} days: {{value}}",
        customer="Payments that were returned by the bank.",
        why="a returned debit means no cover, or no consent",
        monotone="increasing",
    )


def _code(code: str, words: str) -> Feature:
    return PAYMENT_FAILURES.feature(
        f"payments_failed_{code}_90d",
        payments(And(FAILED, Equals("failure_code", code)), 90),
        unit="attempts",
        staff=f"attempts failed in 90 days ({words}): {{value}}",
        why="why a payment failed tells distress from mishap",
        monotone="increasing" if code == "insufficient_funds" else None,
    )


def _paid(days: int) -> Feature:
    return BALANCE.feature(
        f"payments_amount_{days}d",
        paid(days),
        unit="money",
        staff=f"{{value}} received in {days} days",
        why="money that comes in is the best evidence that it will",
    )


def _succeeded(days: int) -> Feature:
    return BALANCE.feature(
        f"payments_succeeded_{days}d",
        payments(SUCCEEDED, days),
        unit="payments",
        staff=f"payments received in {days} days: {{value}}",
        why="a habit of paying is the best evidence of paying",
    )


PAYMENT_FEATURES: tuple[Feature, ...] = (
    *(_failed(days) for days in (1, 7, 30, 90)),
    *(_returned(days) for days in (90, 365)),
    PAYMENT_FAILURES.feature(
        "payments_failed_hard_90d",
        payments(HARD_DECLINE, 90),
        unit="attempts",
        staff="hard declines in 90 days (lost, stolen or invalid): {value}",
        why="a lost, stolen or invalid instrument will not work next time either",
        monotone="increasing",
    ),
    _code("insufficient_funds", "no cover"),
    _code("expired_card", "card expired"),
    PAYMENT_FAILURES.feature(
        "payments_failed_share_90d",
        Ratio(payments(FAILED, 90), payments(ENDED, 90)),
        unit="share",
        staff="{value} of the payment attempts of 90 days failed",
        why="the share tells a bad month from a busy one",
    ),
    PAYMENT_FAILURES.feature(
        "payments_failed_age_days",
        TimeSince("payments", "last", FAILED, Window(365)),
        unit="days",
        staff="last failed payment {value} days ago",
        why="an old failure says less than a fresh one",
    ),
    *(_succeeded(days) for days in (30, 365)),
    *(_paid(days) for days in (90, 365)),
    BALANCE.feature(
        "payments_amount_trend_90d",
        Trend(paid(90), paid(90, before=90)),
        unit="trend",
        staff="payments of 90 days against the 90 before: {value}",
        why="who pays less than before may be running out",
    ),
    BALANCE.feature(
        "payment_amount_max_365d",
        Aggregate("payments", "max", "amount", where=SUCCEEDED, window=Window(365)),
        unit="money",
        staff="largest payment of a year: {value}",
        why="the largest sum they ever managed bounds what they can manage",
    ),
    BALANCE.feature(
        "payment_amount_mean_365d",
        Aggregate("payments", "mean", "amount", where=SUCCEEDED, window=Window(365)),
        unit="money",
        staff="mean payment of a year: {value}",
        why="their usual size of payment",
    ),
    BALANCE.feature(
        "payments_succeeded_age_days",
        TimeSince("payments", "last", SUCCEEDED, Window(365)),
        unit="days",
        staff="last payment received {value} days ago",
        why="the longer no money came, the less will",
        monotone="increasing",
    ),
    BALANCE.feature(
        "payments_first_age_days",
        TimeSince("payments", "first", SUCCEEDED),
        unit="days",
        staff="first payment received {value} days ago",
        why="services used before a first payment settled are the riskiest",
    ),
    BALANCE.feature(
        "payments_refunded_amount_365d",
        Aggregate("payments", "sum", "amount", where=REFUNDED, window=Window(365)),
        unit="money",
        staff="{value} refunded in a year",
        why="refunds come with disputes, and with our own mistakes",
    ),
)
