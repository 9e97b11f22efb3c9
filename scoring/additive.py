"""Additive models: log-odds = intercept + one term per feature.

The small learners are of this form: the regularised logistic regression (`linear`),
the one-line lateness rule (`rule`) and the starter with its level moved (`starter`).
A model is JSON and nothing else, and a term minus its training mean is its exact
contribution.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from features.arrays import FloatArray
from scoring.errors import BundleUnreadableError, UnknownFeatureError

AdditiveLearner = Literal["linear", "rule", "starter"]

CLIP_SD = 8.0  # no single outlier decides


def signed_log(x: FloatArray) -> FloatArray:
    """sign(x) · ln(1 + |x|): keeps 0 and the order, tames money.

    >>> signed_log(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.693, 0.0, 0.693]
    """
    compressed: FloatArray = np.sign(x) * np.log1p(np.abs(x))
    return compressed


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """weight · (t(x) − centre) / scale, t the identity or `signed_log`."""

    feature: str
    weight: float
    centre: float
    scale: float
    is_log: bool
    when_missing: float
    mean: float

    def __call__(self, x: FloatArray) -> FloatArray:
        z = ((signed_log(x) if self.is_log else x) - self.centre) / self.scale
        value = self.weight * np.clip(z, -CLIP_SD, CLIP_SD)
        return np.where(np.isnan(x), self.when_missing, value)


@dataclass(frozen=True, slots=True)
class CategoryTerm:
    """A weight per code of the feature's vocabulary; unknown codes are missing."""

    feature: str
    weights: tuple[float, ...]
    when_missing: float
    mean: float

    def __call__(self, x: FloatArray) -> FloatArray:
        table = np.array([*self.weights, self.when_missing])
        is_known = (x >= 0) & (x < len(self.weights))  # NaN compares false
        return table[np.where(is_known, x, len(self.weights)).astype(np.int64)]


@dataclass(frozen=True, slots=True)
class StepTerm:
    """values[k] for edges[k−1] <= x < edges[k]."""

    feature: str
    edges: tuple[float, ...]
    values: tuple[float, ...]
    when_missing: float
    mean: float

    def __call__(self, x: FloatArray) -> FloatArray:
        value = np.array(self.values)[np.searchsorted(self.edges, x, side="right")]
        return np.where(np.isnan(x), self.when_missing, value)


Term = NumberTerm | CategoryTerm | StepTerm
_KINDS: Mapping[str, Callable[..., Term]] = {
    "number": NumberTerm,
    "category": CategoryTerm,
    "step": StepTerm,
}


@dataclass(frozen=True, slots=True)
class AdditiveModel:
    learner: AdditiveLearner
    intercept: float
    terms: tuple[Term, ...]

    def margin(self, x: FloatArray, names: Sequence[str]) -> FloatArray:
        """(n,) log-odds of the rows of `x` (n, F), whose columns are `names`."""
        margin = np.full(len(x), self.intercept)
        x = np.asfortranarray(x)  # a term reads one column several times over
        for term in self.terms:
            margin += term(x[:, _column(term, names)])
        return margin

    def contributions(self, x: FloatArray, names: Sequence[str]) -> FloatArray:
        """(n, F + 1): each feature's part of the margin; last the base value."""
        parts = np.zeros((len(x), len(names) + 1))
        parts[:, -1] = self.intercept + sum(term.mean for term in self.terms)
        x = np.asfortranarray(x)
        for term in self.terms:
            column = _column(term, names)
            parts[:, column] += term(x[:, column]) - term.mean
        return parts

    def to_json(self) -> dict[str, Any]:
        """As written into `coefficients.json`."""
        kind_of = {kind: name for name, kind in _KINDS.items()}
        terms = [{"kind": kind_of[type(term)], **asdict(term)} for term in self.terms]
        return {"learner": self.learner, "intercept": self.intercept, "terms": terms}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "AdditiveModel":
        """Read what `to_json` wrote.

        Raises:
            BundleUnreadableError: if it is something else.
        """
        try:
            terms = tuple(_term(dict(row)) for row in document["terms"])
            return cls(document["learner"], float(document["intercept"]), terms)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleUnreadableError(
                f"coefficients.json is not an additive model: {error!r}; train again"
            ) from error


def _term(row: dict[str, Any]) -> Term:
    kind = _KINDS[row.pop("kind")]
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in row.items()
    }
    return kind(**values)


def _column(term: Term, names: Sequence[str]) -> int:
    try:
        return names.index(term.feature)
    except ValueError as error:
        raise UnknownFeatureError(
            f"the model reads {term.feature!r}, which its feature set does not have"
        ) from error
