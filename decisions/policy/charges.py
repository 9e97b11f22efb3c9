"""What being late may cost: fees of notices, reconnection, and interest.

Fees and interest are told and never decide: no condition of a policy reads them.
"""

from pydantic import Field

from decisions.policy.section import Amount, Days, PolicySection, Share


class Interest(PolicySection):
    """Simple interest on what was overdue and not contested each day, by 365 days.

    Each part of an invoice counts until the day on which it was paid, and after a
    dispute about the invoice from the day on which that ended.
    """

    annual_rate: Share = Field(description="per year, of the overdue amount")
    from_days_overdue: Days = Field(
        default=0, description="days after the due date for which nothing is charged"
    )
    cap_share: Share | None = Field(
        default=None,
        description="never more than this share of the money that was overdue",
    )
    because: str = ""


class Fees(PolicySection):
    """Limits of what notices cost; the fee itself stands with each notice."""

    first_reminder_free: bool = Field(
        default=False, description="the first notice of the ladder costs nothing"
    )
    cap_per_notice: Amount | None = Field(
        default=None, description="the most one notice may cost"
    )
    cap_total: Amount | None = Field(
        default=None, description="all notices of one episode of arrears together"
    )
    interest: Interest | None = None
    because: str = ""
