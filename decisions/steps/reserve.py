"""Step 5, reserve: what is left of the budgets that customers share.

The mass-action breaker limits new stops by hour, day and share of the customers; the
review queue has so many slots a day.
"""

from fractions import Fraction
from math import ceil

from decisions.case import BudgetUse
from decisions.terms import Terms


def stops_left(terms: Terms, budget_use: BudgetUse) -> float:
    """How many more stops the budgets of hour, day and share permit now.

    A budget stated as a share counts only where the size of the base is known: a
    portfolio run knows it, one customer alone need not.
    """
    if budget_use.is_halted:
        return 0.0
    rule = terms.document.budget
    left = stops_per_day(terms, budget_use.n_customers) - budget_use.suspensions_today
    if rule.per_hour is not None:
        left = min(left, rule.per_hour - budget_use.suspensions_last_hour)
    return max(left, 0.0)


def stops_per_day(terms: Terms, n_customers: int | None) -> float:
    """The smaller of the day's two budgets; infinite when neither counts."""
    rule = terms.document.budget
    most = float("inf")
    if rule.per_day is not None:
        most = float(rule.per_day)
    share = rule.share_of_customers_per_day
    if share is not None and n_customers is not None:
        exact = Fraction(str(share)) * n_customers  # 0.07 of 100 is 7, not a bit more
        most = min(most, float(ceil(exact)))
    return most


def has_stop_budget(terms: Terms, budget_use: BudgetUse) -> bool:
    """Whether one more stop is within the budgets."""
    return stops_left(terms, budget_use) >= 1.0


def review_slots_left(terms: Terms, budget_use: BudgetUse) -> float:
    """Slots left in today's review queue."""
    capacity = terms.document.review.capacity_per_day
    if capacity is None:
        return float("inf")
    return max(float(capacity - budget_use.reviews_today), 0.0)


def is_queue_full(terms: Terms, budget_use: BudgetUse) -> bool:
    """Whether no place is left in today's review queue."""
    return review_slots_left(terms, budget_use) < 1.0
