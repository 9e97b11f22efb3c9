"""What a customer is worth to the reseller, and what of that is assumed (CONTRACT 2.7).

Policies read it. Features never do: what they read is stated by the data, so a changed
assumption needs no new training.
"""

from collections.abc import Iterable
from typing import NamedTuple

from features.account.stake import Usage, UsageColumns, quotient
from features.moments import DAY_US
from features.money import whole_money

_YEAR_DAYS, _FEWEST_DAYS, _MONTH_DAYS = 365, 90, 30
_SIGN = {"invoice": 1, "credit_note": -1}  # of a document in what was charged


class Worth(NamedTuple):
    """What a customer brings in; where the data say less it is assumed (CONTRACT 2.7).

    Attributes:
        recurring_monthly: charges of a month; None is unknown.
        clv: margin of the months that remain; None is unknown.
        assumed: which of the two the data do not say.
    """

    recurring_monthly: int | None
    clv: int | None
    assumed: tuple[str, ...] = ()


class Margin(NamedTuple):
    """What a customer's margin is; None where nobody stated it.

    Attributes:
        monthly: of a month.
        lifetime_months: the months that remain.
        share: of the price, where `monthly` is not stated.
        default_months: that remain, where `lifetime_months` is not stated.
    """

    monthly: int | None
    lifetime_months: float | None
    share: float
    default_months: float


def worth(recurring_monthly: int | None, usage: Usage | None, margin: Margin) -> Worth:
    """What a customer brings in, from what is charged a month and for usage.

    Args:
        recurring_monthly: None is unknown.
        usage: None is unknown.
        margin: stated, or the share to assume.
    """
    if margin.monthly is None and recurring_monthly is None and usage is None:
        return Worth(None, None)
    is_stated = margin.monthly is not None and margin.lifetime_months is not None
    return Worth(
        recurring_monthly,
        customer_value(
            margin.monthly,
            margin.default_months
            if margin.lifetime_months is None
            else margin.lifetime_months,
            recurring_monthly or 0,
            usage.daily_cost if usage else 0,
            margin.share,
        ),
        () if is_stated else ("clv",),
    )


def invoiced_monthly(
    invoices: Iterable[tuple[int, str, int]],
    columns: UsageColumns,
    as_of: int,
    margin_share: float,
) -> int | None:
    """Recurring charges of a month as invoices of a year tell them.

    What was invoiced and not credited, less what was charged for usage, over the days
    since the first invoice: at least 90, so that one invoice is not a monthly one.

    Args:
        invoices: (event_at, kind, amount) of the known documents.
        columns: `USAGE_COLUMNS`.
        as_of: a moment.
        margin_share: of the price of usage, 0 to 1.

    Returns:
        Ten-thousandths; None where nothing was invoiced in that time.
    """
    a_year_ago = as_of - _YEAR_DAYS * DAY_US
    documents = list(invoices)
    issued = [at for at, kind, amount in documents if kind == "invoice" and amount]
    if not issued or max(issued) <= a_year_ago:
        return None
    days_known = -((min(issued) - as_of) // DAY_US)
    n_days = min(_YEAR_DAYS, max(_FEWEST_DAYS, days_known))
    charged = sum(
        _SIGN.get(kind, 0) * amount for at, kind, amount in documents if at > a_year_ago
    )
    cost = max(0, sum(_known_costs(columns, as_of - n_days * DAY_US, as_of)))
    if cost and margin_share < 1:
        charged -= whole_money(cost / (1 - margin_share))
    elif cost:
        return 0  # a price that is all margin: any cost was charged without limit
    return quotient(max(0, charged) * _MONTH_DAYS, n_days)


def customer_value(
    margin: int | None,
    lifetime_months: float,
    recurring_monthly: int,
    usage_daily_cost: int,
    margin_share: float,
) -> int:
    """Monthly margin × months left; without a margin the share of what is charged.

    Usage is known at cost, so its margin is cost × share / (1 − share).
    """
    if margin is None:
        of_usage = 0.0
        if margin_share < 1:
            of_usage = (
                usage_daily_cost * _MONTH_DAYS * margin_share / (1 - margin_share)
            )
        margin = whole_money(recurring_monthly * margin_share + of_usage)
    return max(0, whole_money(margin * lifetime_months))


def _known_costs(columns: UsageColumns, since: int, as_of: int) -> list[int]:
    """Costs of the known rows after `since`."""
    event_at, known_at, superseded_at, cost = columns
    recent = slice(int(event_at.searchsorted(since, side="right")), None)
    known = (known_at[recent] <= as_of) & (superseded_at[recent] > as_of)
    costs: list[int] = cost[recent][known].tolist()
    return costs
