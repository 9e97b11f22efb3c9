"""Features of all training rows, kept in a file: memory holds those of one target."""

import weakref
from collections import Counter
from collections.abc import Collection
from hashlib import blake2b
from tempfile import TemporaryFile

import numpy as np
import pyarrow as pa

from features.arrays import BoolArray, FloatArray
from features.feature import Feature, LatestAttribute
from features.feature_set import FeatureSet

ROWS_AT_ONCE = 10_000  # read back in one piece


class FeatureFile:
    """Rows of features in the order they were added.

    The file has no name, so nobody else can open it, and it goes when this does.

    Args:
        features: whose columns are added; categories as words.
    """

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._file = TemporaryFile(prefix="forbear-")  # noqa: SIM115 - closed below
        weakref.finalize(self, self._file.close)
        n_columns = len(features.features)
        self._n_rows = 0
        self._n_unknown = np.zeros(n_columns, dtype=np.int64)
        self._lowest = np.full(n_columns, np.inf)
        self._highest = np.full(n_columns, -np.inf)
        # of columns that hold what somebody states: two may be the same
        self._digests = {
            place: blake2b()
            for place, feature in enumerate(features.features)
            if isinstance(feature.definition, LatestAttribute)
        }
        # how often each word was seen; its place among them is its code in the file
        self._words: dict[str, Counter[str]] = {
            name: Counter() for name in features.categories
        }

    def add(self, table: pa.Table) -> None:
        """More rows, as `feature_table` has them."""
        if not len(table):
            return
        block = np.empty((len(table), len(self._features.features)))
        for place, feature in enumerate(self._features.features):
            column = table[feature.name]
            if feature.is_category:
                block[:, place] = self._codes(feature.name, column)
            else:
                block[:, place] = column.to_numpy()
        block.tofile(self._file)
        for place, digest in self._digests.items():
            digest.update(block[:, place].tobytes())
        self._n_rows += len(block)
        self._n_unknown += np.isnan(block).sum(axis=0)
        self._lowest = np.fmin(self._lowest, np.fmin.reduce(block, axis=0))
        self._highest = np.fmax(self._highest, np.fmax.reduce(block, axis=0))

    def informative(self, kept: Collection[str]) -> FeatureSet:
        """The features that tell rows apart, if only by being known of some.

        Args:
            kept: names of features that stay though they may tell nothing.
        """
        is_known_of_some = (self._n_unknown > 0) & (self._n_unknown < self._n_rows)
        varies = is_known_of_some | (self._lowest < self._highest)
        names = [
            name
            for name, tells in zip(self._features.names, varies, strict=True)
            if tells or name in kept
        ]
        return self._features.with_counted(self._words).subset(names)

    def twins(self, names: Collection[str]) -> dict[str, str]:
        """Which of the named features say of every row what another one says.

        Of words their meaning counts, not their letters: one always stands for the
        other. What is not named stays; of the others the first that states a
        direction, else the first.
        """
        alike: dict[bytes, list[Feature]] = {}
        for place, digest in self._digests.items():
            feature = self._features.features[place]
            alike.setdefault(digest.digest(), []).append(feature)
        found: dict[str, str] = {}
        for same in alike.values():
            kept = min(same, key=lambda f: (f.name in names, f.monotone is None))
            found |= {f.name: kept.name for f in same if f.name in names and f != kept}
        return found

    def matrix(self, chosen: BoolArray, features: FeatureSet) -> FloatArray:
        """Some of the rows as `features.matrix` would make them.

        Args:
            chosen: (rows,) which.
            features: of `informative`: which columns, and each category's words.
        """
        names = self._features.names
        columns = [names.index(name) for name in features.names]
        values = np.empty((int(chosen.sum()), len(columns)))
        self._file.seek(0)
        done = 0
        for start in range(0, self._n_rows, ROWS_AT_ONCE):
            here = chosen[start : start + ROWS_AT_ONCE]
            block = np.fromfile(self._file, count=len(here) * len(names))
            some = block.reshape(len(here), len(names))[here]
            values[done : done + len(some)] = some[:, columns]
            done += len(some)
        for place, feature in enumerate(features.features):
            if feature.is_category:
                self._recode(values[:, place], feature.name, features)
        return values

    def _codes(self, name: str, column: pa.ChunkedArray) -> FloatArray:
        """(n,) the place of each word among those seen so far; unknown is NaN."""
        seen = self._words[name]
        encoded = column.combine_chunks().dictionary_encode()
        words = encoded.dictionary.to_pylist()
        places = np.asarray(encoded.indices.fill_null(len(words)).to_numpy())
        counts = np.bincount(places, minlength=len(words)).tolist()
        for word, n in zip(words, counts, strict=False):
            seen[word] += n
        place_of = {word: place for place, word in enumerate(seen)}
        codes = np.array([*(place_of[word] for word in words), np.nan])
        return np.asarray(codes[places], dtype=np.float64)

    def _recode(self, codes: FloatArray, name: str, features: FeatureSet) -> None:
        """From places among the words seen to places in the vocabulary."""
        vocabulary = {word: i for i, word in enumerate(features.vocabularies[name])}
        place = np.array([vocabulary.get(word, np.nan) for word in self._words[name]])
        known = ~np.isnan(codes)
        codes[known] = place[codes[known].astype(np.int64)]
