"""Step 5 for a whole run: the breaker and the review queue, from a few columns.

Of each customer only what is asked of the shared budgets counts, and what is done
instead. So a portfolio that is decided in parts keeps these columns of every part and
shares the budgets over all of them, with the answer of one piece.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from decisions.actions import ACTIONS
from decisions.case import BudgetUse
from decisions.steps.reserve import review_slots_left, stops_left
from decisions.terms import Terms
from features.arrays import BoolArray, FloatArray, IntArray, TextArray


class BudgetRequests(NamedTuple):
    """What n customers of one moment ask of the budgets; each column has shape (n,).

    `action`, `without_stop` and `without_review` are indices of `ACTIONS`, -1 where
    there is no decision; `stop_gain` and `review_gain` are what a stop or a review
    saves against the alternative, major units; `is_first` marks reviews of confirmed
    fraud, which take a place even where none is left.
    """

    action: IntArray
    is_stop: BoolArray
    stop_gain: FloatArray
    without_stop: IntArray
    is_first: BoolArray
    waits: BoolArray
    review_gain: FloatArray
    without_review: IntArray


class SharedAnswer(NamedTuple):
    """What is left of the actions once the budgets are shared.

    `broken` marks stops that the mass-action breaker turned into reviews, `refused`
    reviews for which the queue had no place.
    """

    action: IntArray
    broken: BoolArray
    refused: BoolArray


def shared(
    requests: BudgetRequests, terms: Terms, budget_use: BudgetUse
) -> SharedAnswer:
    """The breaker and the review queue, for everybody of one moment at once.

    Args:
        requests: of all customers, in the order that breaks ties.
        terms: of the policy that decides.
        budget_use: before this run; without `n_customers` the requests are the base.
    """
    if budget_use.n_customers is None:
        budget_use = replace(budget_use, n_customers=len(requests.action))
    left = stops_left(terms, budget_use)
    broken = _beyond(requests.is_stop, requests.stop_gain, left)
    action = np.where(broken, requests.without_stop, requests.action)
    places = review_slots_left(terms, budget_use) - np.count_nonzero(requests.is_first)
    refused = _beyond(requests.waits, requests.review_gain, max(places, 0.0))
    return SharedAnswer(
        np.where(refused, requests.without_review, action), broken, refused
    )


def action_names(indices: IntArray) -> TextArray:
    """Names of actions; None where there is no decision (-1)."""
    names = np.array([*ACTIONS, None], dtype=object)
    chosen: TextArray = names[indices]
    return chosen


def _beyond(asks: BoolArray, gain: FloatArray, left: float) -> BoolArray:
    """Rank and cut: marks those who ask and for whom nothing is left.

    Those who gain most come first. Exact for one resource of which everyone who asks
    takes one unit.
    """
    rows = np.flatnonzero(asks)
    cut = np.zeros(len(asks), dtype=bool)
    if len(rows) > left:
        cut[rows[np.argsort(-gain[rows], kind="stable")][int(left) :]] = True
    return cut
