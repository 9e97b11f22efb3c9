"""A whole book in full words: every recommendation after budgets and the queue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from decisions.case import BookState, Case
from decisions.engine import recommend
from decisions.policy.load import Policy
from decisions.portfolio import PortfolioRun, recommend_many
from decisions.recommendation import Recommendation

_ALL_USED = 10**9  # more than any budget or queue


class WholeBook(NamedTuple):
    """Recommendations in the order of the cases, and the run they come from."""

    recommendations: tuple[Recommendation, ...]
    run: PortfolioRun


def recommend_all(
    cases: Sequence[Case], policy: Policy, at: datetime, book: BookState | None = None
) -> WholeBook:
    """`recommend` for every case, with the limits of the book shared out over the run.

    The run decides in columns who keeps a stop and who gets a place in the queue; each
    customer is then answered as one who came when the budget was, or was not, used up.

    Args:
        cases: any cases.
        policy: its terms in force at `at` decide.
        at: aware UTC moment.
        book: what was used before this run.
    """
    start = book or BookState()
    if start.n_customers is None:
        start = replace(start, n_customers=len(cases))
    run = recommend_many(cases, policy, at, start)
    answers = []
    for i, case in enumerate(cases):
        mine = start
        if run.broken[i] and not start.is_stopped:
            mine = replace(
                start, suspensions_today=_ALL_USED, suspensions_last_hour=_ALL_USED
            )
        if run.refused[i]:
            mine = replace(mine, reviews_today=_ALL_USED)
        answers.append(recommend(case, policy, at, mine))
    return WholeBook(tuple(answers), run)
