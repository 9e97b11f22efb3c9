"""The population as a model sees it at the end of a portfolio's data."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.catalogue import is_read
from features.feature_set import FeatureSet
from features.labels import labels_observed_until
from features.maturity import maturity_us
from features.portfolio import Portfolio
from features.snapshots import latest_population
from features.targets import Target
from scoring.bundle import Bundle
from scoring.importance import importance
from scoring.predictor import Predictor
from scoring.reference import Reference, reference_of


@dataclass(frozen=True)
class Population:
    """Customers at one moment, with what the model reads and says.

    Args:
        as_of: the latest moment, µs since 1970 UTC; 0 where there is nobody.
        customer_ids: (n,)
        features: those that the model's target reads.
        x: (n, F) their values, NaN where unknown.
        probability: (n,)
        importance: by feature, its share of what moves the model among these rows: of
            a feature that is unknown of everybody, nothing.
        unlearnt: by category, share of rows with a word that training never saw.
    """

    as_of: int
    customer_ids: pa.ChunkedArray
    features: FeatureSet
    x: FloatArray
    probability: FloatArray
    importance: dict[str, float]
    unlearnt: dict[str, float]

    def reference(self, learnt_until: int | None = None) -> Reference:
        """What a bundle keeps of it; `learnt_until` as in `Reference`."""
        return reference_of(
            self.as_of,
            self.x,
            self.features,
            self.probability,
            self.importance,
            learnt_until,
        )


def present_population(
    portfolio: Portfolio,
    bundle: Bundle,
    pairs: pa.Table | None = None,
    known: pa.Table | None = None,
) -> Population:
    """The population of training at the end of the data, or these (customer, as_of).

    Args:
        portfolio: whose customers.
        bundle: what looks at them.
        pairs: of whom; those of `latest_population` by default.
        known: their `feature_table`, by the bundle's feature set, where it was made
            already.
    """
    whole = bundle.feature_set
    table = known
    if table is None:
        whom = latest_population(portfolio) if pairs is None else pairs
        table = feature_table(portfolio, whom, whole)
    x = matrix(table, whole)
    read = [is_read(feature, bundle.target) for feature in whole.features]
    names = [whole.names[i] for i in np.flatnonzero(read)]
    return Population(
        as_of=pc.max(table["as_of"]).as_py() or 0,
        customer_ids=table["customer_id"],
        features=whole.subset(names),
        x=x[:, np.array(read, dtype=np.bool_)],
        probability=Predictor(bundle).probability(x),
        importance=importance(bundle.model, x, whole.names),
        unlearnt=_unlearnt(table, whole),
    )


def with_reference(
    portfolio: Portfolio, bundle: Bundle, known: pa.Table | None = None
) -> Bundle:
    """The bundle, with what the population looks like at the end of its data.

    Args:
        portfolio: that it was trained on.
        bundle: without a reference.
        known: as in `present_population`.
    """
    population = present_population(portfolio, bundle, known=known)
    if len(population.probability) == 0:
        return bundle
    target: Target = "fraud" if bundle.target == "fraud" else "nonpayment"
    learnt_until = labels_observed_until(portfolio, target)
    learnt_until -= sum(maturity_us(portfolio, target))
    return replace(bundle, reference=population.reference(learnt_until))


def _unlearnt(table: pa.Table, features: FeatureSet) -> dict[str, float]:
    shares = {}
    for name in features.categories:
        words = pa.array(features.vocabularies[name], pa.string())
        is_known = pc.or_(pc.is_in(table[name], words), pc.is_null(table[name]))
        shares[name] = 1.0 - (pc.mean(is_known).as_py() or 0.0) if len(table) else 0.0
    return shares
