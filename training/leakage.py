"""Too good to be true: the usual trace of a leak, to be looked at before use."""

from dataclasses import dataclass

import numpy as np

from scoring.importance import importance
from scoring.metrics import auc
from training.fitting import Model
from training.rows import Rows

SINGLE_FEATURE_AUC = 0.90
GAIN_SHARE = 0.60
CALM_AUC = 0.88  # among customers not past due; a reference simulator gave 0.73
SPREAD_ROWS = 20_000  # say as well as more how far a term spreads
GAINING_AUC = 0.85  # lateness has most of the gain on honest data, and less AUC


@dataclass(frozen=True)
class LeakageWarning:
    code: str
    text: str


def alarms(
    rows: Rows, model: Model, calm_auc: float | None
) -> tuple[LeakageWarning, ...]:
    """What looks too good: one feature alone, one feature's gain, the calm customers.

    Args:
        rows: the test rows.
        model: the one that was judged on them.
        calm_auc: its AUC among customers with nothing overdue; None if unknown.
    """
    raised = []
    alone = single_feature_auc(rows)
    strong = {n: value for n, value in alone.items() if value > SINGLE_FEATURE_AUC}
    if strong:
        listed = ", ".join(f"{name} {value:.3f}" for name, value in strong.items())
        text = f"AUC of one feature alone: {listed}; was it known at the moment?"
        raised.append(LeakageWarning("single_feature_auc", text))
    for name, share in gain_shares(model, rows).items():
        if share > GAIN_SHARE and alone.get(name, 1.0) > GAINING_AUC:
            raised.append(
                LeakageWarning(
                    "gain_share", f"{name} has {share:.0%} of the gain: is it a label?"
                )
            )
    if calm_auc is not None and calm_auc > CALM_AUC:
        text = f"AUC {calm_auc:.3f} among customers not past due: look for a leak"
        raised.append(LeakageWarning("calm_auc", text))
    return tuple(raised)


def single_feature_auc(rows: Rows) -> dict[str, float]:
    """AUC of each number alone, whichever its direction; missing stands lowest."""
    auc_by_name = {}
    for column, feature in enumerate(rows.feature_set.features):
        value = rows.x[:, column]
        if feature.is_category or np.isnan(value).all():
            continue
        lowest = np.nanmin(value) - 1.0
        one_way = auc(rows.label, np.where(np.isnan(value), lowest, value))
        auc_by_name[feature.name] = max(one_way, 1.0 - one_way)
    return auc_by_name


def gain_shares(model: Model, rows: Rows) -> dict[str, float]:
    """Each feature's share of what moves the model over the rows, largest first.

    Of many rows, some drawn by chance: an additive model's parts are as large as these.
    Equal steps would not do: rows go customer by customer, and so by date as well.
    """
    some = rows.x
    if len(some) > SPREAD_ROWS:
        drawn = np.random.default_rng(0).choice(len(some), SPREAD_ROWS, replace=False)
        some = some[np.sort(drawn)]
    return importance(model, some, rows.feature_set.names)
