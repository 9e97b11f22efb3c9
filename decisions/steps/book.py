"""The mass-action breaker and the review queue: what depends on the whole book."""

from fractions import Fraction
from math import ceil

from decisions.case import BookState
from decisions.terms import Terms


def stops_left(terms: Terms, book: BookState) -> float:
    """How many more stops the budgets of hour, day and share permit now.

    A budget stated as a share counts only where the size of the base is known: a
    portfolio run knows it, one customer alone need not.
    """
    if book.is_stopped:
        return 0.0
    rule = terms.document.budget
    left = stops_per_day(terms, book.n_customers) - book.suspensions_today
    if rule.per_hour is not None:
        left = min(left, rule.per_hour - book.suspensions_last_hour)
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


def has_stop_budget(terms: Terms, book: BookState) -> bool:
    """Whether one more stop is within the budgets."""
    return stops_left(terms, book) >= 1.0


def places_left(terms: Terms, book: BookState) -> float:
    """Places left in today's review queue."""
    capacity = terms.document.review.capacity_per_day
    if capacity is None:
        return float("inf")
    return max(float(capacity - book.reviews_today), 0.0)


def is_queue_full(terms: Terms, book: BookState) -> bool:
    """Whether no place is left in today's review queue."""
    return places_left(terms, book) < 1.0
