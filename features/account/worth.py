"""What a customer is worth to the reseller, and what of that is assumed (CONTRACT 2.7).

Policies read it. Features never do: what they read is stated by the data, so a changed
assumption needs no new training.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import isnan
from typing import NamedTuple

from features.account.rows import CustomerRow, InvoiceRow, known
from features.account.stake import Usage, quotient
from features.account.standing import Rules, Standing
from features.events import MISSING
from features.moments import DAY_US
from features.money import ten_thousandths, whole_money
from features.settings import Defaults, PortfolioSettings

INVOICED_DAYS = 365  # invoices and usage of a year tell what recurs
_FEWEST_DAYS, _MONTH_DAYS = 90, 30
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
    """What a customer states of its margin; None where it says nothing.

    Attributes:
        monthly: of a month.
        lifetime_months: the months that remain.
    """

    monthly: int | None
    lifetime_months: float | None


UNKNOWN_MARGIN = Margin(None, None)


def worth(standing: Standing, rules: Rules) -> Worth:
    """What a customer brings in, from what is charged a month and for usage."""
    recurring, is_assumed = _recurring(standing, rules)
    assumed = ("recurring_monthly",) if is_assumed else ()
    margin = margin_of(standing.customer)
    if _is_exposed(margin, recurring, standing, rules):
        return Worth(recurring, exposed("clv", standing, rules), assumed)
    clv = customer_value(margin, recurring or 0, standing.usage, rules)
    if _is_assumed(margin, rules.settings.defaults, is_assumed):
        assumed = (*assumed, "clv")
    return Worth(recurring, clv, assumed)


def invoices_tell_recurring(settings: PortfolioSettings) -> bool:
    """Whether charges of a month are assumed from invoices and usage of a year."""
    return "subscriptions" not in settings.tables and "invoices" in settings.tables


def _recurring(standing: Standing, rules: Rules) -> tuple[int | None, bool]:
    """Charges of a month, and whether they are assumed."""
    is_told = standing.recurring_monthly is not None and (
        rules.has_usage or not _is_metered(standing)
    )
    if is_told or "invoices" not in rules.settings.tables:
        return standing.recurring_monthly if is_told else None, False
    documents = known(standing.history.invoices, standing.as_of)
    cost = _latest_cost(standing) if rules.has_subscriptions else _logged_cost(standing)
    monthly = invoiced_monthly(documents, cost, standing.as_of, rules.margin_share)
    return monthly, monthly is not None


def _is_metered(standing: Standing) -> bool:
    """Whether a live subscription is charged by use."""
    as_of = standing.as_of
    return any(
        s.billing == "usage" and s.is_live(as_of) for s in standing.subscriptions
    )


def _logged_cost(standing: Standing) -> Callable[[int], int]:
    """Cost of the usage of so many days up to now."""
    as_of, log = standing.as_of, standing.history.usage
    return lambda days: max(0, log.cost(as_of - days * DAY_US, as_of, as_of))


def _latest_cost(standing: Standing) -> Callable[[int], int]:
    """Cost of so many days at the latest daily one: no year of usage is carried along.

    See `look_back`, which knows the tables of a portfolio and not whose prices lack.
    """
    used, as_of = standing.usage, standing.as_of
    first = None if used is None else standing.history.usage.first(as_of)
    if used is None or first is None:
        return lambda _: 0
    days_used = -((first - as_of) // DAY_US)
    return lambda days: used.daily_cost * min(days, days_used)


def _is_exposed(
    margin: Margin, recurring: int | None, standing: Standing, rules: Rules
) -> bool:
    """Whether `exposure` alone may tell the value."""
    is_known = margin.monthly is not None or recurring is not None
    return rules.source == "flat" or not (is_known or standing.usage is not None)


def _is_assumed(margin: Margin, stated: Defaults, recurring_is: bool) -> bool:
    """Whether part of the value is neither the customer's nor the reseller's word."""
    if margin.lifetime_months is None and stated.lifetime_months is None:
        return True
    return margin.monthly is None and (recurring_is or stated.margin_share is None)


def stated_clv(standing: Standing, rules: Rules) -> int | None:
    """The customer's value where the data say all of it; features read it.

    `defaults` are no data: a changed default needs no new training.
    """
    margin = margin_of(standing.customer)
    if rules.settings.exposure is not None:
        recurring, _ = _recurring(standing, rules)
        if _is_exposed(margin, recurring, standing, rules):
            return exposed("clv", standing, rules)
    if margin.monthly is None or margin.lifetime_months is None:
        return None
    return max(0, whole_money(margin.monthly * margin.lifetime_months))


def exposed(stake: str, standing: Standing, rules: Rules) -> int | None:
    """A stake as `exposure` states it: a constant or a column of customers."""
    exposure, customer = rules.settings.exposure, standing.customer
    if exposure is None:
        return None
    stated = getattr(exposure, stake)
    if isinstance(stated, Decimal):
        return ten_thousandths(stated)
    if customer is None:
        return None
    money = customer.stated[rules.settings.exposure_columns.index(stated)]
    return None if money == MISSING else money


def margin_of(customer: CustomerRow | None) -> Margin:
    """What a version of the customer states."""
    if customer is None:
        return UNKNOWN_MARGIN
    monthly, lifetime = customer.monthly_margin, customer.expected_lifetime_months
    return Margin(
        None if monthly == MISSING else monthly, None if isnan(lifetime) else lifetime
    )


def invoiced_monthly(
    documents: Sequence[InvoiceRow],
    usage_cost: Callable[[int], int],
    as_of: int,
    margin_share: float,
) -> int | None:
    """Recurring charges of a month as invoices of a year tell them.

    What was invoiced and not credited, less what was charged for usage, over the days
    since the first invoice: at least 90, so that one invoice is not a monthly one.

    Args:
        documents: those that are known.
        usage_cost: of so many days up to `as_of`, not below 0.
        as_of: a moment.
        margin_share: of the price of usage, 0 to 1.

    Returns:
        Ten-thousandths; None where nothing was invoiced in that time.
    """
    a_year_ago = as_of - INVOICED_DAYS * DAY_US
    issued = [d.event_at for d in documents if d.kind == "invoice" and d.amount]
    if not issued or max(issued) <= a_year_ago:
        return None
    days_known = -((min(issued) - as_of) // DAY_US)
    n_days = min(INVOICED_DAYS, max(_FEWEST_DAYS, days_known))
    charged = sum(
        _SIGN.get(d.kind or "", 0) * d.amount
        for d in documents
        if d.event_at > a_year_ago
    )
    cost = usage_cost(n_days)
    if cost and margin_share < 1:
        charged -= whole_money(cost / (1 - margin_share))
    elif cost:
        return 0  # a price that is all margin: any cost was charged without limit
    return quotient(max(0, charged) * _MONTH_DAYS, n_days)


def customer_value(
    margin: Margin, recurring_monthly: int, usage: Usage | None, rules: Rules
) -> int:
    """Monthly margin × months left; without a margin the share of what is charged.

    Usage is known at cost, so its margin is cost × share / (1 − share).
    """
    monthly, months, share = *margin, rules.margin_share
    if monthly is None:
        of_usage = 0.0
        if usage is not None and share < 1:
            of_usage = usage.daily_cost * _MONTH_DAYS * share / (1 - share)
        monthly = whole_money(recurring_monthly * share + of_usage)
    if months is None:
        months = rules.lifetime_months
    return max(0, whole_money(monthly * months))
