"""How much each feature moves a model."""

import numpy as np

from features.arrays import FloatArray
from scoring.additive import AdditiveModel
from scoring.trees import TreeModel


def importance(
    model: TreeModel | AdditiveModel, x: FloatArray, names: tuple[str, ...]
) -> dict[str, float]:
    """Each feature's share of what moves the model, largest first; zeros left out.

    For trees the gain of its splits; for additive models the spread of its term, so
    that without rows nothing is moved.

    Args:
        model: of these features.
        x: (n, F) rows over which an additive model's terms spread.
        names: of the features, in order.
    """
    if isinstance(model, TreeModel):
        gain = model.gain()
    elif not len(x):
        return {}
    else:
        gain = model.contributions(x, names)[:, :-1].std(axis=0)
    total = float(gain.sum())
    if total == 0.0:
        return {}
    order = np.argsort(-gain, kind="stable")
    return {names[i]: float(gain[i] / total) for i in order if gain[i] > 0.0}
