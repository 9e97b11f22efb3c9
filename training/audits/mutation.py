"""Leaks planted on purpose: an audit that cannot find them says nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from features.arrays import FloatArray
from features.feature import Feature, LatestAttribute
from features.feature_set import FeatureSet
from training.rows import Rows

PLANTED = "planted_leak"
Kind = Literal["label", "flag", "late_flag", "row_flag"]
CAUGHT, FALSE = 0.5, 0.03  # shares of the bad and of the others that a flag marks
LATE_DATES = 4


def planted(rows: Rows, kind: Kind, seed: int = 0, caught: float = CAUGHT) -> Rows:
    """The rows with one stated column more, written in hindsight.

    Args:
        rows: to plant it in.
        kind: `label` is the label itself; `flag` marks half of the customers who ever
            turn bad, and 3 % of the others, at all of their dates; `late_flag` only
            those who turn bad on the last four dates; `row_flag` is drawn by row.
        seed: of the draws.
        caught: share of the bad that a flag marks.
    """
    rng = np.random.default_rng([seed, 2])
    value = rows.label if kind == "label" else _MAKERS[kind](rows, rng, caught)
    feature = Feature(
        name=PLANTED,
        definition=LatestAttribute("customers", PLANTED, kind="number"),
        unit="flag",
        family="attributes",
        staff_text="planted: {value}",
        customer_text="Planted.",
        why="planted by the audit",
    )
    known = rows.feature_set
    features = FeatureSet((*known.features, feature), known.vocabularies)
    return replace(rows, x=np.column_stack([rows.x, value]), feature_set=features)


def _flag(rows: Rows, rng: np.random.Generator, caught: float) -> FloatArray:
    return _of_customers(rows, rows.label == 1.0, rng, caught)


def _late_flag(rows: Rows, rng: np.random.Generator, caught: float) -> FloatArray:
    dates = np.unique(rows.as_of)
    is_late = rows.as_of >= dates[-min(LATE_DATES, len(dates))]
    return _of_customers(rows, is_late & (rows.label == 1.0), rng, caught)


def _row_flag(rows: Rows, rng: np.random.Generator, caught: float) -> FloatArray:
    share = np.where(rows.label == 1.0, caught, FALSE)
    return (rng.random(len(rows)) < share).astype(np.float64)


def _of_customers(
    rows: Rows, is_bad: np.ndarray, rng: np.random.Generator, caught: float
) -> FloatArray:
    n = int(rows.customer.max()) + 1
    share = np.full(n, FALSE)
    share[rows.customer[is_bad]] = caught
    flag = (rng.random(n) < share).astype(np.float64)
    return flag[rows.customer]


_MAKERS: Mapping[Kind, Callable[[Rows, np.random.Generator, float], FloatArray]] = {
    "flag": _flag,
    "late_flag": _late_flag,
    "row_flag": _row_flag,
}
