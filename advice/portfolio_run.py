"""Advice about a whole portfolio: numbers in columns, each customer decided once.

Features and probabilities of many snapshots come from the batch compiler, and all
cases of one moment are decided together. Sentences and reasons are made from that one
decision; they are those that a customer alone is answered.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from advice.advice import Advice
from advice.advice_table import SCHEMA, advice_row
from advice.advisor import Advisor
from advice.knowledge import require_same
from advice.question_context import QuestionContext
from advice.starting import at_home
from decisions.case import BudgetUse, Case
from decisions.engine import NOTHING_USED
from decisions.portfolio import DecidedPortfolio, decide_portfolio
from features.account import account_facts
from features.batch import feature_table, matrix
from features.moments import to_datetime
from features.portfolio import Portfolio

_NOBODY: Mapping[str, Mapping[str, datetime]] = MappingProxyType({})
Matrix = npt.NDArray[np.float64]


def advise_portfolio(
    advisor: Advisor,
    portfolio: Portfolio,
    snapshots: pa.Table,
    budget_use: BudgetUse = NOTHING_USED,
    named: Mapping[str, Mapping[str, datetime]] = _NOBODY,
) -> pa.Table:
    """One row of advice per snapshot, in the order of `snapshots`.

    `action` is what the policy permits for the customer alone, as the service answers;
    `action_in_run` is what is left of it when the whole run shares the policy's
    suspension budgets and review queue, per moment; `is_beyond_budget` marks the stops
    that the mass-action breaker turned into reviews.

    Args:
        advisor: bundles and policy.
        portfolio: must have the settings the bundles were trained with.
        snapshots: customer_id (string), as_of (int64 µs).
        budget_use: what depends on other customers; the same for every row.
        named: by customer, notices asked for before; see `QuestionContext`.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    if snapshots.num_rows == 0:  # nobody was known at that moment
        return _table(advisor, [])
    advisor = at_home(advisor, portfolio, pc.min(snapshots["as_of"]).as_py())
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    numbers = _Numbers(advisor, portfolio, snapshots)
    indices: defaultdict[datetime, list[int]] = defaultdict(list)
    cases: defaultdict[datetime, list[Case]] = defaultdict(list)
    for i, case in _cases(advisor, portfolio, snapshots, numbers, named):
        indices[case.facts.as_of].append(i)
        cases[case.facts.as_of].append(case)
    rows: list[dict[str, Any]] = [{}] * snapshots.num_rows
    for at, members in cases.items():
        decided = decide_portfolio(members, advisor.policy, at, budget_use)
        for i, row in zip(
            indices[at],
            _rows_of_moment(advisor, numbers, indices[at], decided),
            strict=True,
        ):
            rows[i] = row
    return _table(advisor, rows)


def _rows_of_moment(
    advisor: Advisor,
    numbers: "_Numbers",
    indices: Sequence[int],
    decided: DecidedPortfolio,
) -> Iterator[dict[str, Any]]:
    """Rows of the cases of one moment; `indices` are their snapshots."""
    run = decided.run()
    for i, case, recommendation, action, is_beyond in zip(
        indices,
        decided.cases,
        decided.recommendations(),
        run.actions(run.recommended).tolist(),
        run.broken.tolist(),
        strict=True,
    ):
        why = advisor.reasons_of(recommendation, *numbers.explaining(i))
        row = advice_row(Advice(case, recommendation, why), advisor.policy)
        yield row | {"action_in_run": action, "is_beyond_budget": is_beyond}


def _table(advisor: Advisor, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA).replace_schema_metadata(
        {
            "policy_hash": advisor.policy.hash,
            **{f"bundle_{t}": b.bundle_id for t, b in advisor.bundles.items()},
        }
    )


class _Numbers:
    """Features, probability and contributions of all snapshots, per target."""

    def __init__(
        self, advisor: Advisor, portfolio: Portfolio, snapshots: pa.Table
    ) -> None:
        tables: dict[str, pa.Table] = {}
        self.rows: dict[str, Matrix] = {}
        self.p: dict[str, Matrix] = {}
        self.parts: dict[str, Matrix] = {}
        for target, bundle in advisor.bundles.items():
            features = bundle.feature_set
            if features.hash not in tables:
                tables[features.hash] = feature_table(portfolio, snapshots, features)
            rows = matrix(tables[features.hash], features)
            self.rows[target] = rows
            self.p[target], self.parts[target] = advisor.predictors[target].explain(
                rows
            )

    def probabilities(self, i: int) -> dict[str, float]:
        """Per target, of one snapshot."""
        return {target: float(values[i]) for target, values in self.p.items()}

    def explaining(self, i: int) -> tuple[dict[str, Matrix], dict[str, Matrix]]:
        """Features (F,) and contributions (F + 1,) per target, of one snapshot."""
        rows = {target: values[i] for target, values in self.rows.items()}
        return rows, {target: values[i] for target, values in self.parts.items()}


def _cases(
    advisor: Advisor,
    portfolio: Portfolio,
    snapshots: pa.Table,
    numbers: _Numbers,
    named: Mapping[str, Mapping[str, datetime]],
) -> Iterator[tuple[int, Case]]:
    """(snapshot, case), customer by customer."""
    moments_of: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    ids, moments = snapshots["customer_id"].to_pylist(), snapshots["as_of"].to_pylist()
    for i, (customer_id, moment) in enumerate(zip(ids, moments, strict=True)):
        moments_of[customer_id].append((i, moment))
    context = _question_context(portfolio)
    for events in portfolio.iter_events(moments_of):
        theirs = replace(context, named=named.get(events.customer_id, {}))
        for i, moment in moments_of[events.customer_id]:
            facts = account_facts(events, moment, portfolio.settings)
            yield i, advisor.case_of(facts, numbers.probabilities(i), theirs)


def advice_in(
    advisor: Advisor,
    portfolio: Portfolio,
    customer_id: str,
    moment: int,
    *,
    with_counterfactuals: bool = False,
) -> Advice:
    """One customer of a portfolio at `moment` (µs), as `advise_portfolio` answers."""
    context = _question_context(portfolio)
    return at_home(advisor, portfolio, moment).advise(
        portfolio.events(customer_id),
        to_datetime(moment),
        tables=portfolio.settings.tables,
        observed_until=context.observed_until,
        observed=context.observed,
        with_counterfactuals=with_counterfactuals,
    )


def _question_context(portfolio: Portfolio) -> QuestionContext:
    """One table that ends early withholds stops; no news at all decides nothing."""
    observed = {name: to_datetime(end) for name, end in portfolio.observed.items()}
    until = max(observed.values(), default=to_datetime(portfolio.observed_until))
    return QuestionContext(until, observed)
