"""Many customers at one moment, from cases to answers: start here, `decide_portfolio`.

Each is decided once, and answered alone and within the run.

What `recommend` would answer to each alone differs from what is left of it in a run by
the budgets that customers share, and by nothing else. So the numbers are decided once,
in columns; answers in full are made from them row by row, as they are asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat, starmap

import numpy as np

from decisions.case import BudgetUse, Case
from decisions.engine import no_decision_about, recommendation_of
from decisions.errors import NaiveMomentError
from decisions.money.inputs import Inputs
from decisions.policy_file.load import Policy
from decisions.recommendation import Recommendation
from decisions.steps.arms import Arm
from decisions.steps.choose import within_budgets
from decisions.steps.choose_columns import (
    DecidedColumns,
    PortfolioRun,
    decide_cases,
    share_budgets,
)
from decisions.steps.decidable import terms_by_days
from decisions.steps.decide import Steps


@dataclass(frozen=True)
class DecidedPortfolio:
    """Cases of one moment, decided.

    Args:
        cases: in the order of all answers.
        decided: the same in columns.
        budget_use: before this moment.
    """

    cases: tuple[Case, ...]
    decided: DecidedColumns
    budget_use: BudgetUse

    def run(self) -> PortfolioRun:
        """What is left when all cases share the budgets."""
        return share_budgets(self.decided, self.budget_use)

    def recommendations(self) -> Iterator[Recommendation]:
        """What `recommend` answers about each case alone, in their order."""
        columns, terms, at = self.decided.columns, self.decided.terms, self.decided.at
        by_days = terms_by_days(terms)
        for case, code, eligibility, inputs, row in zip(
            self.cases,
            columns.code.tolist(),
            columns.eligibility,
            _inputs(self.decided),
            _rows(self.decided),
            strict=True,
        ):
            if code is not None or eligibility is None:
                seen = None if code == "not_in_force" else eligibility
                yield no_decision_about(case, terms, at, self.budget_use, code, seen)
                continue
            decides = by_days if inputs.goes_by_days else terms
            costs, steps, arm, asks = row
            choice = within_budgets(
                inputs,
                decides,
                self.budget_use,
                None if decides.model is None else costs,
                steps,
                arm,
                asks=asks,
            )
            yield recommendation_of(
                case, decides, at, eligibility, inputs, choice, self.budget_use
            )


def decide_portfolio(
    cases: Sequence[Case],
    policy: Policy,
    at: datetime,
    budget_use: BudgetUse | None = None,
) -> DecidedPortfolio:
    """Decide many cases at one moment.

    Args:
        cases: any cases; all answers have their order.
        policy: its terms in force at `at` decide.
        at: aware UTC moment.
        budget_use: before this moment; in the run, without `n_customers`, the run
            itself is the base of budgets that are shares.

    Raises:
        NaiveMomentError: if `at` has no timezone.
    """
    if at.tzinfo is None:
        raise NaiveMomentError("at")
    decided = decide_cases(cases, policy, at)
    return DecidedPortfolio(tuple(cases), decided, budget_use or BudgetUse())


def _inputs(decided: DecidedColumns) -> Iterator[Inputs]:
    """Row by row the numbers that were compared, as one customer has them."""
    columns = (np.asarray(column).tolist() for column in decided.columns.inputs)
    return (Inputs(*cells) for cells in zip(*columns, strict=True))


_Row = tuple[Sequence[float] | None, Steps, Arm, bool]


def _rows(decided: DecidedColumns) -> Iterator[_Row]:
    """Row by row what was decided: costs, steps, arm, whether assumed money carries."""
    n, (order, *others) = len(decided.columns), decided.steps
    orders = (np.broadcast_to(column, n).tolist() for column in order)
    steps = (np.asarray(column).tolist() for column in others)
    arms = (decided.arm, decided.action, decided.propensity)
    costs = decided.costs
    return zip(
        repeat(None, n)
        if costs is None
        else zip(*(column.tolist() for column in costs), strict=True),
        starmap(Steps, zip(zip(*orders, strict=True), *steps, strict=True)),
        starmap(Arm, zip(*(column.tolist() for column in arms), strict=True)),
        np.broadcast_to(decided.rests_on_assumed, n).tolist(),
        strict=True,
    )
