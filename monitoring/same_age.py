"""The age of a portfolio: with time everybody's first invoice is longer ago.

That moves the probabilities, of fraud above all, of a portfolio in which nothing has
changed. So they are looked at once more as if nobody had grown older since.
"""

from dataclasses import replace

import numpy as np

from advice.population import Population
from features.arrays import FloatArray
from features.feature import Definition, LatestAttribute, TimeSince
from features.feature_set import FeatureSet
from scoring.bundle import Bundle
from scoring.predictor import Predictor


def ageing(features: FeatureSet) -> frozenset[str]:
    """Features that grow with the calendar.

    Days since the first row of something, and since a moment that a customer's own row
    states, as since they joined.
    """
    return frozenset(
        feature.name for feature in features.features if _grows(feature.definition)
    )


def _grows(definition: Definition) -> bool:
    match definition:
        case TimeSince(which="first"):
            return True
        case LatestAttribute(table="customers"):
            return definition.value_kind == "moment"
        case _:
            return False


def no_older(population: Population, before: Population, bundle: Bundle) -> Population:
    """The population, each of it no older than whoever had the same rank before.

    Only what grew is taken back: where many have joined since, these stay as young as
    they are, and what that does to the probabilities counts.

    Args:
        population: of now.
        before: an older one of the same portfolio and model.
        bundle: the model.
    """
    names = population.features.names
    x = population.x.copy()
    for name in ageing(population.features):
        i = names.index(name)
        x[:, i] = _no_larger(x[:, i], before.x[:, i])
    whole = np.full((len(x), len(bundle.feature_set.names)), np.nan)
    whole[:, [bundle.feature_set.names.index(name) for name in names]] = x
    probability = Predictor(bundle).probability(whole)
    return replace(population, x=x, probability=probability)


def _no_larger(values: FloatArray, before: FloatArray) -> FloatArray:
    """Values (n,) that are at most the quantile of their rank in `before` (m,).

    >>> _no_larger(np.array([40.0, 2.0, np.nan]), np.array([10.0, 5.0, np.nan]))
    array([10.,  2., nan])
    """
    known, old = ~np.isnan(values), before[~np.isnan(before)]
    if not known.any() or not len(old):
        return values
    ordered = np.sort(values[known])
    below = np.searchsorted(ordered, values[known], "left")
    until = np.searchsorted(ordered, values[known], "right") - 1
    rank = (below + until) / 2 / max(len(ordered) - 1, 1)  # equal values share one
    kept = values.copy()
    kept[known] = np.minimum(values[known], np.quantile(old, rank))
    return kept
