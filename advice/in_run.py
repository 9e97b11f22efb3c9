"""What is left of each action in a run: budgets shared over parts decided apart.

What a part's customers ask of the budgets stands in columns beside its rows
(`REQUEST_SCHEMA`): some forty bytes a customer, so that all of it fits.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from decisions.case import BudgetUse
from decisions.policy_file.load import Policy
from decisions.steps.shared_budgets import BudgetRequests, action_names, shared
from features.arrays import BoolArray, IntArray
from features.moments import to_datetime

_TYPES = {"action": pa.int8(), "without_stop": pa.int8(), "without_review": pa.int8()}
_TYPES |= {"stop_gain": pa.float64(), "review_gain": pa.float64()}
REQUEST_SCHEMA = pa.schema(
    [
        (f"request_{name}", _TYPES.get(name, pa.bool_()))
        for name in BudgetRequests._fields
    ]
)
REQUESTS_READ = ["as_of", *REQUEST_SCHEMA.names]


class RunAnswer(NamedTuple):
    """Per row the index of the action that is left (-1: no decision), and why less."""

    action: IntArray
    is_beyond_budget: BoolArray


def request_columns(requests: BudgetRequests) -> pa.Table:
    """The requests as columns of a table."""
    cells = [pa.array(np.asarray(column)) for column in requests]
    table = pa.table(dict(zip(REQUEST_SCHEMA.names, cells, strict=True)))
    return table.cast(REQUEST_SCHEMA)


def requests_read(rows: pa.Table) -> pa.Table:
    """Of the rows of a part what `in_run` reads."""
    return rows.select(REQUESTS_READ)


def in_run(
    parts: Sequence[pa.Table], policy: Policy, budget_use: BudgetUse
) -> list[RunAnswer]:
    """The budgets of each moment shared by the customers of all parts.

    Args:
        parts: of `requests_read`, in the order that breaks ties.
        policy: that decided.
        budget_use: before this run.
    """
    if not parts:
        return []
    whole = pa.concat_tables(parts)
    moments = whole["as_of"].cast(pa.int64()).to_numpy()
    columns = [
        whole[name].to_numpy(zero_copy_only=False) for name in REQUEST_SCHEMA.names
    ]
    action = np.empty(len(whole), np.int64)
    is_beyond = np.empty(len(whole), np.bool_)
    for moment in np.unique(moments):
        rows = np.flatnonzero(moments == moment)
        terms = policy.in_force(to_datetime(int(moment))) or policy.latest
        requests = BudgetRequests(*(column[rows] for column in columns))
        answer = shared(requests, terms, budget_use)
        action[rows], is_beyond[rows] = answer.action, answer.broken
    ends = np.cumsum([len(part) for part in parts])[:-1]
    return [
        RunAnswer(*pair)
        for pair in zip(np.split(action, ends), np.split(is_beyond, ends), strict=True)
    ]


def with_run(rows: pa.Table, answer: RunAnswer) -> pa.Table:
    """The rows of a part with what is left of their actions, without their requests."""
    rows = rows.drop_columns(REQUEST_SCHEMA.names)
    for name, column in run_columns(answer).items():
        rows = rows.set_column(rows.column_names.index(name), name, column)
    return rows


def run_columns(answer: RunAnswer) -> dict[str, pa.Array]:
    """The columns of advice that only the whole run can tell."""
    return {
        "action_in_run": pa.array(action_names(answer.action), pa.string()),
        "is_beyond_budget": pa.array(answer.is_beyond_budget, pa.bool_()),
    }
