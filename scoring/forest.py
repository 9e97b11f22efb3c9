"""The trees of a LightGBM model as plain arrays, read from its own text.

Only what a row's way through the trees depends on: see `Tree::NumericalDecision` and
`Tree::CategoricalDecision` in LightGBM's `include/LightGBM/tree.h` (version 4.7.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from features.arrays import FloatArray, IntArray

Int32Array: TypeAlias = npt.NDArray[np.int32]

# bits of a node's `decision_type`
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_ZERO, MISSING_NAN = 1 << 2, 2 << 2
NEARLY_ZERO = float(np.float32(1e-35))  # LightGBM's `kZeroThreshold`


class UnsupportedModelError(ValueError):
    """A kind of model whose trees are not read here; LightGBM itself has to answer."""


_Way: TypeAlias = tuple[list[int], list[float]]  # features and shares of a leaf


@dataclass(frozen=True)
class Forest:
    """All inner nodes of all trees in one list, and the leaves in the trees' order.

    The parts of a leaf are the features that the way to it asks for, each once.

    Args:
        feature, threshold, kind: (nodes,) what a node compares; `kind` is LightGBM's
            `decision_type`.
        words: (nodes + 1,) where a categorical node's bits begin in `bits`.
        bits: (…,) the categories that go left, 32 a word.
        left, right: (nodes,) the children, after their parent; `~i` is leaf `i`.
        place: (nodes,) of the node's feature on the way to its leaves.
        is_root: (nodes,) whether a tree begins here.
        leaf_value: (leaves,) what each adds to the margin.
        first_part: (leaves + 1,) where a leaf's parts begin.
        part_feature: (parts,) which feature it is.
        part_share: (parts,) of the rows above its splits the share that goes this way.
        n_leaves: (trees,) how many each tree has.
        base: the expected margin, the value of a row of which nothing is known.
    """

    n_features: int
    feature: Int32Array
    threshold: FloatArray
    kind: npt.NDArray[np.uint8]
    words: Int32Array
    bits: npt.NDArray[np.uint32]
    left: Int32Array
    right: Int32Array
    place: Int32Array
    is_root: npt.NDArray[np.uint8]
    leaf_value: FloatArray
    first_part: Int32Array
    part_feature: Int32Array
    part_share: FloatArray
    n_leaves: tuple[int, ...]
    base: float

    @property
    def widths(self) -> IntArray:
        """(leaves,) how many parts each has."""
        return np.diff(self.first_part).astype(np.int64)


def read_forest(text: str) -> Forest:
    """The trees of `Booster.model_to_string()`.

    Raises:
        UnsupportedModelError: several trees per round, linear trees, averaged trees,
            or nodes that saw no rows.
        ValueError, LookupError: the text is damaged.
    """
    head, _, rest = text.partition("\nTree=0\n")
    lines = head.splitlines()
    if "num_tree_per_iteration=1" not in lines or "average_output" in lines:
        raise UnsupportedModelError("not one tree per round, summed up")
    blocks, is_whole, _ = rest.partition("\nend of trees")
    if rest and not is_whole:
        raise ValueError("the text breaks off")
    trees = blocks.split("\nTree=") if rest else []
    planted = _Planted()
    for block in trees:
        planted.add(_fields(block))
    return planted.forest(int(_fields(head)["max_feature_idx"]) + 1)


class _Planted:
    """The trees read so far."""

    def __init__(self) -> None:
        self._feature, self._kind = list[int](), list[int]()
        self._left, self._right = list[int](), list[int]()
        self._place, self._is_root = list[int](), list[int]()
        self._threshold = list[float]()
        self._words, self._bits = [0], list[int]()
        self._leaf_value, self._n_leaves = list[float](), list[int]()
        self._first_part, self._part_feature = [0], list[int]()
        self._part_share = list[float]()
        self._base = 0.0

    def add(self, tree: Mapping[str, str]) -> None:
        """Take in one tree, as LightGBM's text states it."""
        if tree.get("is_linear", "0") != "0":
            raise UnsupportedModelError("linear trees")
        values = _floats(tree, "leaf_value")
        self._n_leaves.append(len(values))
        if len(values) == 1:
            self._leaf_value += values
            self._first_part.append(len(self._part_feature))
            self._base += values[0]
            return
        feature = _ints(tree, "split_feature")
        left, right = _ints(tree, "left_child"), _ints(tree, "right_child")
        counts, leaf_counts = _ints(tree, "internal_count"), _ints(tree, "leaf_count")
        if min(*counts, *leaf_counts) <= 0:
            raise UnsupportedModelError("nodes that saw no rows")
        self._base += _expected(values, leaf_counts, counts[0])
        places, ways = _ways(feature, left, right, counts, leaf_counts)
        for features, shares in ways:
            self._part_feature += features
            self._part_share += shares
            self._first_part.append(len(self._part_feature))
        first_node, first_leaf = len(self._feature), len(self._leaf_value)
        for kept, children in ((self._left, left), (self._right, right)):
            kept += [x + first_node if x >= 0 else x - first_leaf for x in children]
        self._leaf_value += values
        self._feature += feature
        self._place += places
        self._is_root += [1] + [0] * (len(feature) - 1)
        self._add_splits(tree)

    def _add_splits(self, tree: Mapping[str, str]) -> None:
        """What each node compares its feature with."""
        kinds, thresholds = _ints(tree, "decision_type"), _floats(tree, "threshold")
        self._kind += kinds
        self._threshold += thresholds
        is_any = int(tree["num_cat"]) > 0
        edges = _ints(tree, "cat_boundaries") if is_any else []
        words = _ints(tree, "cat_threshold") if is_any else []
        for kind, threshold in zip(kinds, thresholds, strict=True):
            if kind & CATEGORICAL:
                which = int(threshold)
                self._bits += words[edges[which] : edges[which + 1]]
            self._words.append(len(self._bits))

    def forest(self, n_features: int) -> Forest:
        """All trees that were added, as arrays."""
        return Forest(
            n_features=n_features,
            feature=np.array(self._feature, np.int32),
            threshold=np.array(self._threshold, np.float64),
            kind=np.array(self._kind, np.uint8),
            words=np.array(self._words, np.int32),
            bits=np.array(self._bits, np.uint32),
            left=np.array(self._left, np.int32),
            right=np.array(self._right, np.int32),
            place=np.array(self._place, np.int32),
            is_root=np.array(self._is_root, np.uint8),
            leaf_value=np.array(self._leaf_value, np.float64),
            first_part=np.array(self._first_part, np.int32),
            part_feature=np.array(self._part_feature, np.int32),
            part_share=np.array(self._part_share, np.float64),
            n_leaves=tuple(self._n_leaves),
            base=self._base,
        )


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, is_pair, value in pairs if is_pair}


def _ints(tree: Mapping[str, str], name: str) -> list[int]:
    return list(map(int, tree[name].split()))


def _floats(tree: Mapping[str, str], name: str) -> list[float]:
    return list(map(float, tree[name].split()))


def _ways(
    feature: list[int],
    left: list[int],
    right: list[int],
    counts: list[int],
    leaf_counts: list[int],
) -> tuple[list[int], list[_Way]]:
    """Per node the place of its feature on the way, and per leaf its way.

    LightGBM numbers a node after its parent.
    """
    of_node: list[_Way] = [([], [])] * len(feature)
    of_leaf: list[_Way] = [([], [])] * len(leaf_counts)
    places = []
    for node, asked in enumerate(feature):
        features, shares = of_node[node]
        if asked in features:
            place, so_far = features.index(asked), shares
        else:
            place, so_far = len(features), [*shares, 1.0]
            features = [*features, asked]
        places.append(place)
        for child in (left[node], right[node]):
            count = counts[child] if child >= 0 else leaf_counts[~child]
            shares = so_far.copy()
            shares[place] *= count / counts[node]
            if child >= 0:
                of_node[child] = features, shares
            else:
                of_leaf[~child] = features, shares
    return places, of_leaf


def _expected(values: list[float], counts: list[int], total: int) -> float:
    """The mean of the leaves over the rows of training, added up as LightGBM does."""
    expected = 0.0
    for value, count in zip(values, counts, strict=True):
        expected += count / total * value
    return expected
