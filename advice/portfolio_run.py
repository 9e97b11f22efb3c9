"""Advice about a whole portfolio: numbers in columns, each customer decided once.

Features and probabilities of many snapshots come from the batch compiler, and all
cases of one moment are decided together. Sentences and reasons are made from that one
decision; they are those that a customer alone is answered. A large portfolio is advised
in parts of its customers (`advice.parts_run`), with the same answers.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
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
from advice.in_run import (
    REQUEST_SCHEMA,
    in_run,
    request_columns,
    requests_read,
    with_run,
)
from advice.knowledge import require_same
from advice.question_context import QuestionContext
from advice.starting import at_home
from decisions.case import BudgetUse, Case
from decisions.engine import NOTHING_USED
from decisions.portfolio import decide_portfolio
from decisions.recommendation import Recommendation
from decisions.steps.choose_columns import budget_requests
from features.account import AccountTable, looks
from features.batch import feature_table, matrix
from features.batch.table import LeafReader
from features.feature_set import united
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.snapshots import SCHEMA as SNAPSHOT_SCHEMA
from features.snapshots import ScorePlan, everyone_asked

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
    that the mass-action breaker turned into reviews. Reasons stand where something is
    recommended, or why there is no decision.

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
        return with_metadata(SCHEMA.empty_table(), advisor)
    advisor = at_home(advisor, portfolio, pc.min(snapshots["as_of"]).as_py())
    moments, places = everyone_asked(snapshots)
    part = advise_part(advisor, portfolio, moments, budget_use, named)
    [answer] = in_run([requests_read(part)], advisor.policy, budget_use)
    rows = with_run(part, answer).take(pa.array(np.argsort(places)))
    return with_metadata(rows, advisor)


def advise_part(
    advisor: Advisor,
    portfolio: Portfolio,
    moments: ScorePlan,
    budget_use: BudgetUse = NOTHING_USED,
    named: Mapping[str, Mapping[str, datetime]] = _NOBODY,
    read: LeafReader | None = None,
) -> pa.Table:
    """The rows of some customers, decided alone, with their requests on the budgets.

    Args:
        advisor: at home in the portfolio (`advice.starting`).
        portfolio: all of it, or a part of its customers.
        moments: whom to look at, and when.
        budget_use: what depends on other customers; the same for every row.
        named: by customer, notices asked for before; see `QuestionContext`.
        read: where another engine has found what features are made of.

    Returns:
        The columns of `SCHEMA`, of which those of the run are null, and of
        `REQUEST_SCHEMA`; customers in the order of their ids.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    seen = looks(portfolio, moments.by_customer, moments.is_wanted)
    if not seen.facts:
        return pa.schema([*SCHEMA, *REQUEST_SCHEMA]).empty_table()
    numbers = _Numbers(advisor, portfolio, seen, read)
    places: defaultdict[datetime, list[int]] = defaultdict(list)
    cases: defaultdict[datetime, list[Case]] = defaultdict(list)
    context = _question_context(portfolio)
    for i, (customer_id, facts) in enumerate(
        zip(seen.customer_ids, seen.facts, strict=True)
    ):
        theirs = replace(context, named=named.get(customer_id, {}))
        places[facts.as_of].append(i)
        cases[facts.as_of].append(
            advisor.case_of(facts, numbers.probabilities(i), theirs)
        )
    parts, order = [], []
    for at, members in cases.items():
        decided = decide_portfolio(members, advisor.policy, at, budget_use)
        rows = _rows(advisor, numbers, places[at], members, decided.recommendations())
        requests = request_columns(budget_requests(decided.decided))
        parts.append(_side_by_side(rows, requests))
        order += places[at]
    return pa.concat_tables(parts).take(pa.array(np.argsort(order)))


def with_metadata(rows: pa.Table, advisor: Advisor) -> pa.Table:
    """The rows with the policy and the bundles that gave them."""
    return rows.replace_schema_metadata(metadata(advisor))


def metadata(advisor: Advisor) -> dict[str, str]:
    """The policy and the bundles that gave an answer, and levels that few tell."""
    bundles = {f"bundle_{t}": b.bundle_id for t, b in advisor.bundles.items()}
    levels = {
        f"level_{t}": json.dumps(astuple(b.level))
        for t, b in advisor.bundles.items()
        if b.level is not None
    }
    return {"policy_hash": advisor.policy.hash, **bundles, **levels}


def _rows(
    advisor: Advisor,
    numbers: "_Numbers",
    places: Sequence[int],
    cases: Sequence[Case],
    recommendations: Iterator[Recommendation],
) -> pa.Table:
    """Rows of the cases of one moment; only those that show reasons have them."""
    decided = list(recommendations)
    shown = [i for i, answer in enumerate(decided) if answer.action != "none"]
    whys = dict(zip(shown, numbers.explaining([places[i] for i in shown]), strict=True))
    rows: list[dict[str, Any]] = []
    for i, (case, answer) in enumerate(zip(cases, decided, strict=True)):
        why = advisor.reasons_of(case, answer, *whys[i]) if i in whys else None
        row = advice_row(Advice(case, answer, why), advisor.policy)
        rows.append(row | {"action_in_run": None, "is_beyond_budget": None})
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _side_by_side(rows: pa.Table, requests: pa.Table) -> pa.Table:
    for name in requests.column_names:
        rows = rows.append_column(name, requests[name])
    return rows


class _Numbers:
    """Features and probabilities of all rows per target, and contributions of some."""

    def __init__(
        self,
        advisor: Advisor,
        portfolio: Portfolio,
        seen: AccountTable,
        read: LeafReader | None,
    ) -> None:
        self._advisor = advisor
        keys = {"customer_id": seen.customer_ids, "as_of": seen.moments}
        snapshots = pa.table(keys, schema=SNAPSHOT_SCHEMA)
        sets = {target: b.feature_set for target, b in advisor.bundles.items()}
        self._rows: dict[str, Matrix] = {}
        self._p: dict[str, Matrix] = {}
        for together, targets in united(sets):
            table = feature_table(portfolio, snapshots, together, read, seen.numbers)
            for target in targets:
                rows = self._rows[target] = matrix(table, sets[target])
                self._p[target] = advisor.predictors[target].probability(rows)

    def probabilities(self, i: int) -> dict[str, float]:
        """Per target, of one row."""
        return {target: float(values[i]) for target, values in self._p.items()}

    def explaining(
        self, places: Sequence[int]
    ) -> Iterator[tuple[dict[str, Matrix], Callable[[str], Matrix]]]:
        """Features (F,) and contributions (F + 1,) per target, of some rows."""
        rows = {target: values[list(places)] for target, values in self._rows.items()}
        parts = {
            target: self._advisor.predictors[target].explain(values).contributions
            for target, values in rows.items()
        }
        for i in range(len(places)):
            yield (
                {target: values[i] for target, values in rows.items()},
                {target: values[i] for target, values in parts.items()}.__getitem__,
            )


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
