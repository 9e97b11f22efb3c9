"""What the population looked like when a model was trained, in a few numbers.

Per feature, and of the probability: how many values fell into each of ten bins, how
many were unknown, and the quantiles from 5 to 95 %. No extreme stands there. Of few
customers there are no quantiles; but an edge between two bins may be one's value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.feature_set import FeatureSet

N_BINS = 10
_SHARES = np.linspace(0.0, 1.0, 2 * N_BINS + 1)[1:-1]
LEAST_KNOWN = 200  # values; of fewer, so many quantiles would be single customers'
_DIGITS = 9  # significant ones


@dataclass(frozen=True, slots=True)
class Sketch:
    """One column of numbers, or the codes of a category.

    Args:
        edges: rising inner edges; a value on an edge belongs to the bin above.
        counts: values per bin, one more than edges.
        n_unknown: values that were missing, or words nobody had learnt.
        quantiles: 19, from 5 to 95 %; none of a category, or where fewer than 200
            values are known.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    n_unknown: int
    quantiles: tuple[float, ...] = ()

    @property
    def n(self) -> int:
        """How many values, the unknown ones included."""
        return sum(self.counts) + self.n_unknown

    @property
    def unknown_share(self) -> float:
        """Share of values that were unknown."""
        return self.n_unknown / self.n if self.n else 0.0

    def count(self, values: FloatArray) -> FloatArray:
        """(bins + 1,) how other values (n,) fall into the bins; the last are unknown.

        >>> sketch_of(np.arange(10.0)).count(np.array([0.0, 9.0, np.nan]))[[0, 9, 10]]
        array([1., 1., 1.])
        """
        is_unknown = np.isnan(values)
        bins = np.searchsorted(self.edges, values[~is_unknown], side="right")
        counts = np.bincount(bins, minlength=len(self.counts))
        return np.append(counts, is_unknown.sum()).astype(np.float64)

    def moved(self, values: FloatArray) -> float | None:
        """Wasserstein distance over the reference's 10 to 90 % range.

        By quantiles between 5 and 95 %, so that one outlier does not decide. None where
        there is nothing to compare, or the reference has no spread.
        """
        known = values[~np.isnan(values)]
        if not self.quantiles or len(known) == 0:
            return None
        before = np.array(self.quantiles)
        scale = before[-2] - before[1]
        now = np.quantile(known, _SHARES)
        distance = float(np.mean(np.abs(now - before)))
        return distance / scale if scale > 0.0 else None


@dataclass(frozen=True, slots=True)
class Reference:
    """The population at the end of the data that a model was trained on.

    Args:
        as_of: its moment, µs since 1970 UTC.
        features: by name, those that the model reads.
        probability: of the target, as the model scores that population.
        importance: by feature, its share of what moved the model there; empty where an
            older release kept none.
        learnt_until: the latest date whose outcomes were mature, µs since 1970 UTC:
            of later ones the model learnt nothing. None where it is not recorded.
    """

    as_of: int
    features: Mapping[str, Sketch]
    probability: Sketch
    importance: Mapping[str, float] = field(default_factory=dict)
    learnt_until: int | None = None

    @property
    def n(self) -> int:
        """How many customers."""
        return self.probability.n

    def to_json(self) -> dict[str, Any]:
        """As `reference.json` of a bundle holds it."""
        return {
            "as_of": self.as_of,
            "features": {name: _plain(one) for name, one in self.features.items()},
            "probability": _plain(self.probability),
            "importance": dict(self.importance),
            "learnt_until": self.learnt_until,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Reference":
        """What `to_json` gave."""
        return cls(
            content["as_of"],
            {name: _sketch(one) for name, one in content["features"].items()},
            _sketch(content["probability"]),
            content.get("importance", {}),
            content.get("learnt_until"),
        )


def reference_of(
    as_of: int,
    x: FloatArray,
    features: FeatureSet,
    probability: FloatArray,
    importance: Mapping[str, float],
    learnt_until: int | None,
) -> Reference:
    """Sketches of a population's features (n, F) and probabilities (n,).

    Args:
        as_of: its moment, µs since 1970 UTC.
        x: (n, F), NaN where unknown.
        features: of the columns.
        probability: (n,)
        importance: of features; those of the columns are kept.
        learnt_until: see `Reference`.
    """
    sketches = {
        feature.name: category_sketch(x[:, i], len(features.vocabularies[feature.name]))
        if feature.is_category
        else sketch_of(x[:, i])
        for i, feature in enumerate(features.features)
    }
    moves = {n: _rounded(share) for n, share in importance.items() if n in sketches}
    return Reference(as_of, sketches, sketch_of(probability), moves, learnt_until)


def sketch_of(values: FloatArray) -> Sketch:
    """Of numbers (n,), NaN where unknown.

    >>> sketch_of(np.array([1.0, 1.0, np.nan])).counts
    (0, 2)
    """
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Sketch((), (0,), len(values))
    quantiles = [_rounded(q) for q in np.quantile(known, _SHARES).tolist()]
    edges = tuple(sorted(set(quantiles[1::2])))
    kept = tuple(quantiles) if len(known) >= LEAST_KNOWN else ()
    return _counted(edges, values, kept)


def category_sketch(codes: FloatArray, n_words: int) -> Sketch:
    """Of the codes (n,) of a category with so many words, NaN where unknown."""
    edges = tuple(code + 0.5 for code in range(n_words - 1))
    return _counted(edges, codes, ())


def _counted(
    edges: tuple[float, ...], values: FloatArray, quantiles: tuple[float, ...]
) -> Sketch:
    empty = Sketch(edges, (0,) * (len(edges) + 1), 0, quantiles)
    *counts, n_unknown = (int(n) for n in empty.count(values))
    return Sketch(edges, tuple(counts), n_unknown, quantiles)


def _rounded(value: float) -> float:
    """To nine digits, so that the last bits of a machine change no bundle's name."""
    return float(f"{value:.{_DIGITS}g}")


def _plain(sketch: Sketch) -> dict[str, Any]:
    return {
        "edges": list(sketch.edges),
        "counts": list(sketch.counts),
        "n_unknown": sketch.n_unknown,
        "quantiles": list(sketch.quantiles),
    }


def _sketch(content: Mapping[str, Any]) -> Sketch:
    quantiles = tuple(content["quantiles"])
    if len(quantiles) == len(_SHARES) + 2:  # an older release kept both extremes
        quantiles = quantiles[1:-1]
    return Sketch(
        tuple(content["edges"]),
        tuple(content["counts"]),
        content["n_unknown"],
        quantiles,
    )
