"""An ordered list of features with its hash: what training and serving agree on."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features.feature import Feature

if TYPE_CHECKING:
    import pyarrow as pa

COMPILED = 2  # raise it when a compiler's reading of some definition changes
LARGEST_VOCABULARY = 200  # rarer values of a category count as unknown


class FeatureSetError(Exception):
    """Base of what a feature set raises on purpose."""

    code = "feature_set_error"


class FeatureSetChangedError(FeatureSetError):
    """The definitions here are not those the numbers were learned from."""

    code = "feature_set_changed"

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(
            f"features with hash {expected[:12]} were trained on, the definitions here "
            f"have {actual[:12]}: train again, or install the version that made them"
        )
        self.expected, self.found = expected, actual


class UnknownFeatureError(FeatureSetError):
    code = "unknown_feature"

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        super().__init__(
            f"no such features: {', '.join(self.names)}; `forbear features list` "
            "prints those there are"
        )


class DuplicateFeatureError(FeatureSetError):
    code = "duplicate_feature"

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        super().__init__(
            f"two features called {', '.join(self.names)}: rename the attribute in "
            "portfolio.yaml, or the newer feature"
        )


@dataclass(frozen=True)
class FeatureSet:
    """Features in order, and for each category the values it was learned with.

    The hash covers everything a number depends on (definition, unit, direction), not
    the words shown to people and not the vocabularies.
    """

    features: tuple[Feature, ...]
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counted = Counter(self.names)
        if twice := [name for name in counted if counted[name] > 1]:
            raise DuplicateFeatureError(twice)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order of the matrix."""
        return tuple(feature.name for feature in self.features)

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the features whose values are text."""
        return tuple(f.name for f in self.features if f.is_category)

    @property
    def monotone(self) -> tuple[int, ...]:
        """1, −1 or 0 per feature, as learners want it."""
        signs = {"increasing": 1, "decreasing": -1, None: 0}
        return tuple(signs[feature.monotone] for feature in self.features)

    @cached_property
    def hash(self) -> str:
        """sha256 of the canonical definitions, in order.

        Directions are not among them: they guide learners, and change no value.
        """
        computed = [[f.name, canonical(f.definition), f.unit] for f in self.features]
        text = json.dumps([COMPILED, computed], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def feature(self, name: str) -> Feature:
        """The feature called `name`.

        Raises:
            UnknownFeatureError: when the set has none of that name.
        """
        for feature in self.features:
            if feature.name == name:
                return feature
        raise UnknownFeatureError([name])

    def subset(self, names: Iterable[str]) -> "FeatureSet":
        """The named features, in the order of this set.

        Raises:
            UnknownFeatureError: when a name is not in the set.
        """
        wanted = set(names)
        if unknown := wanted - set(self.names):
            raise UnknownFeatureError(unknown)
        kept = tuple(f for f in self.features if f.name in wanted)
        vocabularies = {k: v for k, v in self.vocabularies.items() if k in wanted}
        return FeatureSet(kept, vocabularies)

    def with_vocabularies(self, table: "pa.Table") -> "FeatureSet":
        """The same features, with the categories' values learned from `table`.

        The 200 most frequent values of each, sorted; any other value is unknown.
        """
        columns = {name: table[name].to_pylist() for name in self.categories}
        counted = {
            name: Counter(word for word in words if word is not None)
            for name, words in columns.items()
        }
        return self.with_counted(counted)

    def with_counted(self, counted: Mapping[str, Mapping[str, int]]) -> "FeatureSet":
        """As `with_vocabularies`, from how often each value was seen."""
        vocabularies = {}
        for name in self.categories:
            n = counted[name]
            frequent = sorted(n, key=lambda word: (-n[word], word))
            vocabularies[name] = tuple(sorted(frequent[:LARGEST_VOCABULARY]))
        return FeatureSet(self.features, vocabularies)

    def to_json(self) -> dict[str, Any]:
        """Names, hash and vocabularies; definitions stay in the code."""
        return {
            "features": list(self.names),
            "hash": self.hash,
            "vocabularies": {k: list(v) for k, v in self.vocabularies.items()},
        }

    @classmethod
    def from_json(
        cls, document: Mapping[str, Any], known: Iterable[Feature]
    ) -> "FeatureSet":
        """Look the named features up among `known` and check the hash.

        Args:
            document: what `to_json` gave.
            known: the features there are (`features.catalogue.known_features`).

        Raises:
            UnknownFeatureError: when a feature is gone.
            FeatureSetChangedError: when a definition has changed.
        """
        by_name = {feature.name: feature for feature in known}
        names = document["features"]
        if missing := [name for name in names if name not in by_name]:
            raise UnknownFeatureError(missing)
        vocabularies = {k: tuple(v) for k, v in document["vocabularies"].items()}
        restored = cls(tuple(by_name[name] for name in names), vocabularies)
        if restored.hash != document["hash"]:
            raise FeatureSetChangedError(document["hash"], restored.hash)
        return restored


def united(
    sets: Mapping[str, FeatureSet],
) -> list[tuple[FeatureSet, list[str]]]:
    """Sets that one table of features serves, each with the names of those served.

    Sets that mean different things by one name are served apart.
    """
    tables: list[tuple[dict[str, Feature], list[str]]] = []
    for name, one in sets.items():
        own = {feature.name: feature for feature in one.features}
        for features, served in tables:
            if all(features.get(f.name, f) == f for f in one.features):
                features.update(own)
                served.append(name)
                break
        else:
            tables.append((own, [name]))
    return [(FeatureSet(tuple(own.values())), served) for own, served in tables]


def canonical(value: object) -> object:
    """A definition as JSON: its class and what differs from the defaults.

    So a new field with a default leaves the hashes of old definitions alone.
    """
    if is_dataclass(value):
        held = {f.name: (getattr(value, f.name), f.default) for f in fields(value)}
        stated = {k: canonical(v) for k, (v, default) in held.items() if v != default}
        return {"is": type(value).__name__, **stated}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [canonical(item) for item in value]
    return value
