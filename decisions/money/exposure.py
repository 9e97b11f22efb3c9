"""Money at stake: from face values to what it costs the reseller, once."""

from fnmatch import fnmatchcase
from math import inf
from typing import NamedTuple

from decisions.money.numbers import Number, most, pick
from decisions.policy.document import PolicyDocument
from decisions.policy.service import ProviderRule
from features.facts import AccountFacts, LiveSubscription
from features.money import UNITS

DAYS_PER_MONTH = 30.0


class Exposure(NamedTuple):
    """What a bad customer would cost, in major units; numbers or arrays.

    open_cost: unpaid now, at cost. run_up: what accrues until the ordinary stop, at
    cost. stoppable: the part of run_up whose bill ends when access ends.
    """

    open_cost: Number
    run_up: Number
    stoppable: Number


class FaceValues(NamedTuple):
    """Money at face value, in major units; numbers or arrays of shape (n,).

    `recurring_committed` is the part of `recurring` (a month) under a commitment,
    `committed` the price of all months committed to, `usage_unbilled` the cost of what
    was used and not invoiced yet. `run_up` is what a portfolio
    states of it: None where it states nothing, NaN for whom it does not.
    """

    open: Number
    recurring: Number
    recurring_committed: Number
    usage_daily: Number
    committed: Number
    run_up: Number | None = None
    usage_unbilled: Number = 0.0


class StakeTerms(NamedTuple):
    """The policy's numbers for money at stake.

    `cost_share` is 1 where the policy states no costs: typed thresholds and days look
    at the prices that customers pay.
    """

    cost_share: float
    stop_days: float
    at_least_days: float
    stops_license: float
    stops_usage: float
    stops_committed: float
    rules: tuple[ProviderRule, ...]
    reads_products: bool


def _rule(
    rules: tuple[ProviderRule, ...], product: str | None, billing: str, committed: bool
) -> ProviderRule | None:
    for rule in rules:
        if rule.billing not in ("*", billing):
            continue
        if rule.committed is not None and rule.committed != committed:
            continue
        if fnmatchcase((product or "").lower(), rule.product.lower()):
            return rule
    return None


def provider_rule(
    rules: tuple[ProviderRule, ...], subscription: LiveSubscription
) -> ProviderRule | None:
    """The first rule of the policy that speaks of this subscription."""
    billing = subscription.billing or "license"
    return _rule(rules, subscription.product, billing, subscription.committed > 0)


def stake_terms(document: PolicyDocument) -> StakeTerms:
    """Compile what the policy says about money at stake."""
    general = tuple(rule for rule in document.provider if rule.product == "*")

    def stops(billing: str, committed: bool) -> float:
        """Share of the provider's cost that a suspension ends."""
        rule = _rule(general, None, billing, committed)
        return 1.0 if rule is None else rule.suspension_stops

    costs = document.costs
    return StakeTerms(
        cost_share=1.0 if costs is None else costs.loss.cost_share,
        stop_days=float(document.ordinary_stop.days_overdue),
        at_least_days=float(document.ordinary_stop.at_least_days),
        stops_license=stops("license", False),
        stops_usage=stops("usage", False),
        stops_committed=stops("license", True),
        rules=document.provider,
        reads_products=len(general) < len(document.provider),
    )


def days_to_stop(
    terms: StakeTerms, days_overdue: Number, days_until_due: Number = 0.0
) -> Number:
    """Days until service would end by the ordinary course.

    Of somebody who is not late the days overdue begin with the next due date.

    >>> from decisions.policy_file.load import default_policy
    >>> stake = default_policy().latest.stake
    >>> days_to_stop(stake, 20.0), days_to_stop(stake, 0.0, 12.0)
    (40.0, 72.0)
    """
    days = terms.stop_days - days_overdue + days_until_due
    return most(days, terms.at_least_days)


def _committed_after(days: Number, committed: Number, monthly: Number) -> Number:
    """Price of committed months that lie beyond `days`; no month counts twice."""
    return most(committed - monthly * days / DAYS_PER_MONTH, 0.0)


def stakes(terms: StakeTerms, days: Number, face: FaceValues) -> Exposure:
    """Exposure from face values, with so many `days` until the ordinary stop.

    run_up = cost_share * (recurring * days/30 + committed months beyond those days)
    + usage_daily * days + usage_unbilled; usage is already at cost, so cost_share
    counts once, and no stop ends the bill of what was used. Flat portfolios state their
    run-up, at face value.
    """
    months = days / DAYS_PER_MONTH
    free = terms.cost_share * (face.recurring - face.recurring_committed) * months
    beyond = _committed_after(days, face.committed, face.recurring_committed)
    bound = terms.cost_share * (face.recurring_committed * months + beyond)
    usage = face.usage_daily * days
    run_up = free + bound + usage + face.usage_unbilled
    stoppable = (
        terms.stops_license * free
        + terms.stops_committed * bound
        + terms.stops_usage * usage
    )
    if face.run_up is not None:
        is_stated = face.run_up == face.run_up  # NaN: it is not
        flat = terms.cost_share * face.run_up
        run_up = pick(is_stated, flat, run_up)
        stoppable = pick(is_stated, flat, stoppable)
    return Exposure(terms.cost_share * face.open, run_up, stoppable)


def exposure(terms: StakeTerms, facts: AccountFacts) -> Exposure | None:
    """Exposure of one customer; None when what is owed is unknown."""
    if facts.open is None:
        return None
    overdue, until_due = float(facts.days_overdue or 0), float(facts.days_until_due)
    days = days_to_stop(terms, overdue, until_due)
    at_stake = stakes(
        terms,
        days,
        FaceValues(
            facts.open / UNITS,
            (facts.recurring_monthly or 0) / UNITS,
            (facts.recurring_committed or 0) / UNITS,
            (facts.usage_daily_cost or 0) / UNITS,
            (facts.committed or 0) / UNITS,
            None if facts.run_up is None else facts.run_up / UNITS,
            (facts.usage_unbilled or 0) / UNITS,
        ),
    )
    if terms.reads_products and facts.subscriptions and facts.run_up is None:
        stoppable = _stoppable(terms, facts, days, at_stake.run_up)
        return at_stake._replace(stoppable=stoppable)
    return at_stake


def at_face_value(terms: StakeTerms) -> StakeTerms:
    """The terms of a stake, at the prices that customers pay."""
    return terms._replace(cost_share=1.0, reads_products=False)


def is_at_stake(terms: StakeTerms, facts: AccountFacts, limit: float) -> bool:
    """Whether more than a limit (major units) is at stake."""
    if limit == inf:
        return False
    stake = exposure(terms, facts)
    return stake is not None and stake.open_cost + stake.run_up > limit


def _stoppable(
    terms: StakeTerms, facts: AccountFacts, days: float, run_up: float
) -> float:
    """The run-up by subscription, where the provider's terms differ by product."""
    months = days / DAYS_PER_MONTH
    usage_stops = [1.0]
    total = 0.0
    for subscription in facts.subscriptions:
        rule = provider_rule(terms.rules, subscription)
        stops = 1.0 if rule is None else rule.suspension_stops
        if subscription.billing == "usage":
            usage_stops.append(stops)
            continue
        monthly = subscription.monthly / UNITS
        beyond = _committed_after(days, subscription.committed / UNITS, monthly)
        total += stops * terms.cost_share * (monthly * months + beyond)
    usage = (facts.usage_daily_cost or 0) / UNITS * days
    return min(run_up, total + min(usage_stops) * usage)
