"""Does the model serve groups alike? By segment, and by columns that are no features.

The groups come from the segment and from a file beside the portfolio, so that what is
protected never becomes a feature by accident. What can be compared is how well the
probabilities hold, who is flagged, and how many of the good are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from fairlearn.metrics import MetricFrame

from features.arrays import FloatArray, IntArray, TextArray
from scoring.intervals import observed_over_expected_interval
from scoring.metrics import auc
from training.report.group_differences import (
    LEAST_BAD,
    LEAST_GOOD,
    GroupDifference,
    largest_differences,
)

UNKNOWN = "unknown"
FLAGGED_SHARE = 0.1  # of all rows, the riskiest: who stands to be acted on


@dataclass(frozen=True)
class GroupMetrics:
    """One group of an attribute; a number is None where the group has too few.

    Args:
        flagged: share of the group among the riskiest tenth of all.
        good_flagged: the same of those whom nothing was wrong with.
        bad_found: the same of those it happened to; unknown where it happened to none.
    """

    name: str
    n: int
    n_positives: int
    mean_p: float
    ratio: tuple[float, float, float] | None
    auc: float | None
    flagged: float
    good_flagged: float | None
    bad_found: float | None


@dataclass(frozen=True)
class FairnessAudit:
    """The groups of one attribute, and the largest differences between them."""

    attribute: str
    groups: tuple[GroupMetrics, ...]
    good_flagged_difference: GroupDifference | None
    bad_found_difference: GroupDifference | None

    @property
    def out_of_level(self) -> tuple[str, ...]:
        """Groups whose observed over expected surely is not 1."""
        return tuple(
            g.name for g in self.groups if g.ratio and not g.ratio[1] <= 1 <= g.ratio[2]
        )


def audit(
    attribute: str,
    group: TextArray,
    label: FloatArray,
    p: FloatArray,
    blocks: IntArray,
) -> FairnessAudit:
    """Compare the groups of one attribute.

    Args:
        attribute: its name.
        group: (n,) of each row; None or empty is a group of its own.
        label: (n,) 0 or 1.
        p: (n,) calibrated.
        blocks: (n,) number of each row's customer, who has a row for each date.
    """
    names = np.array([str(g) if _is_known(g) else UNKNOWN for g in group], dtype=object)
    flagged = p >= np.quantile(p, 1.0 - FLAGGED_SHARE)
    frame = MetricFrame(
        metrics={"flagged": _mean, "good_flagged": _of_good, "bad_found": _of_bad},
        y_true=label,
        y_pred=flagged.astype(np.float64),
        sensitive_features=names,
    )
    table = frame.by_group
    groups = []
    for name in sorted(set(names)):
        own = names == name
        row: Mapping[str, float] = table.loc[name]
        groups.append(_group(str(name), label[own], p[own], blocks[own], row))
    numbers = np.unique(names.astype(str), return_inverse=True)[1]
    apart = largest_differences(numbers, label, flagged.astype(np.float64), blocks)
    return FairnessAudit(attribute, tuple(groups), *apart)


def _is_known(group: object) -> bool:
    """MetricFrame leaves out or refuses what is missing; here it is a group."""
    is_nan = isinstance(group, float) and np.isnan(group)
    return group is not None and not is_nan and str(group).strip() != ""


def _group(
    name: str,
    label: FloatArray,
    p: FloatArray,
    blocks: IntArray,
    row: Mapping[str, float],
) -> GroupMetrics:
    """One group; what too few rows would tell is left unknown."""
    n, positives = len(label), int(label.sum())
    has_both = LEAST_BAD <= positives <= n - LEAST_BAD
    ratio = None
    if n >= LEAST_GOOD:
        low, high = observed_over_expected_interval(label, p, blocks)
        ratio = (float(positives / p.sum()), low, high)
    return GroupMetrics(
        name=name,
        n=n,
        n_positives=positives,
        mean_p=float(p.mean()),
        ratio=ratio,
        auc=auc(label, p) if has_both else None,
        flagged=float(row["flagged"]),
        good_flagged=_or_none(row["good_flagged"], n - positives, LEAST_GOOD),
        bad_found=_or_none(row["bad_found"], positives, LEAST_BAD),
    )


def _or_none(value: float, n: int, least: int) -> float | None:
    return float(value) if n >= least else None


# a group in which it happened to nobody has no recall; a rate of 0 would say that the
# model finds none of them
def _of_bad(y_true: FloatArray, y_pred: FloatArray) -> float:
    return float(y_pred[y_true == 1.0].mean()) if (y_true == 1.0).any() else np.nan


def _of_good(y_true: FloatArray, y_pred: FloatArray) -> float:
    return float(y_pred[y_true == 0.0].mean()) if (y_true == 0.0).any() else np.nan


def _mean(y_true: FloatArray, y_pred: FloatArray) -> float:  # noqa: ARG001
    return float(y_pred.mean())
