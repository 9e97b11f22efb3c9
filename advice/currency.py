"""A policy in the portfolio's currency: converted by its rate, or refused."""

from advice.errors import CurrencyMismatchError
from decisions.policy_file.denomination import in_currency
from decisions.policy_file.load import Policy, default_policy
from features.settings import PortfolioSettings


def in_portfolio_currency(policy: Policy, settings: PortfolioSettings) -> Policy:
    """`policy` counted in the currency of the portfolio.

    A rate in portfolio.yaml converts it. Without one the shipped default is taken
    unit for unit: it is a place to start from, and its costs are to be replaced
    anyway. A policy somebody wrote is never taken so.

    Raises:
        CurrencyMismatchError: for a policy of one's own without a rate.
    """
    document, currency = policy.document, settings.currency
    if document.currency == currency:
        return policy
    rate = settings.rates.get(document.currency)
    if rate is not None:
        return in_currency(policy, currency, float(rate))
    if policy.hash == default_policy().hash:
        return in_currency(policy, currency, 1.0)
    where = policy.reference, policy.source, document.currency
    raise CurrencyMismatchError(*where, settings)


def currency_note(policy: Policy, settings: PortfolioSettings) -> str | None:
    """A sentence for people when the default's amounts were taken unit for unit."""
    own, currency = policy.document.currency, settings.currency
    if own == currency or own in settings.rates:
        return None
    return (
        f"the shipped policy counts in {own} and was taken unit for unit in"
        f" {currency}: state a rate for {own} in portfolio.yaml, or write your own"
        " (`forbear policy show > my-policy.yaml`)"
    )
