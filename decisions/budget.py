"""The mass-action breaker and the review queue: what depends on the whole book."""

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
    left = float("inf")
    if rule.per_hour is not None:
        left = min(left, rule.per_hour - book.suspensions_last_hour)
    if rule.per_day is not None:
        left = min(left, rule.per_day - book.suspensions_today)
    share, base = rule.share_of_customers_per_day, book.n_customers
    if share is not None and base is not None:
        left = min(left, ceil(share * base) - book.suspensions_today)
    return max(left, 0.0)


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
