"""The trees of a LightGBM model as plain arrays, read from its own text.

Only what a row's way through the trees depends on: see `Tree::NumericalDecision` and
`Tree::CategoricalDecision` in LightGBM's `include/LightGBM/tree.h` (version 4.7.0).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from features.arrays import FloatArray

Int32Array: TypeAlias = npt.NDArray[np.int32]

# bits of a node's `decision_type`
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_ZERO, MISSING_NAN = 1 << 2, 2 << 2
NEARLY_ZERO = float(np.float32(1e-35))  # LightGBM's `kZeroThreshold`


class UnsupportedModelError(ValueError):
    """A kind of model whose trees are not read here; LightGBM itself has to answer."""


class Leaf(NamedTuple):
    """A leaf and the way to it.

    Args:
        value: what it adds to the margin.
        features: that the way asks for, each once.
        shares: per feature, of the rows above its splits the share that goes this way.
        steps: every split on the way: node, whether the way goes left there, and the
            place of its feature in `features`.
    """

    value: float
    features: list[int]
    shares: list[float]
    steps: list[tuple[int, bool, int]]


_Way = tuple[list[int], list[float], list[tuple[int, bool, int]]]  # as a leaf's


@dataclass(frozen=True)
class Forest:
    """All inner nodes of all trees in one list, and the leaves in the trees' order.

    Args:
        feature, threshold, kind: (nodes,) what a node compares; `kind` is LightGBM's
            `decision_type`.
        words: (nodes + 1,) where a categorical node's bits begin in `bits`.
        bits: (…,) the categories that go left, 32 a word.
        left, right: (nodes,) the children, after their parent; `~i` is leaf `i`.
        place: (nodes,) of the node's feature on the way to its leaves.
        is_root: (nodes,) whether a tree begins here.
        leaves: of all trees.
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
    leaves: tuple[Leaf, ...]
    n_leaves: tuple[int, ...]
    base: float


def read_forest(text: str) -> Forest:
    """The trees of `Booster.model_to_string()`.

    Raises:
        UnsupportedModelError: several trees per round, linear trees, averaged trees,
            or nodes that saw no rows.
    """
    head, _, rest = text.partition("\nTree=0\n")
    lines = head.splitlines()
    if "num_tree_per_iteration=1" not in lines or "average_output" in lines:
        raise UnsupportedModelError("not one tree per round, summed up")
    trees = rest.partition("\nend of trees")[0].split("\nTree=") if rest else []
    planted = _Planted()
    for block in trees:
        planted.add(_fields(block))
    return planted.forest(int(_fields(head)["max_feature_idx"]) + 1)


class _Planted:
    """The trees read so far."""

    def __init__(self) -> None:
        self._nodes: dict[str, list[float]] = {
            name: []
            for name in ("feature", "threshold", "kind", "left", "right", "is_root")
        }
        self._words, self._bits = [0], list[int]()
        self._leaves: list[Leaf] = []
        self._n_leaves: list[int] = []
        self._base = 0.0

    def add(self, tree: Mapping[str, str]) -> None:
        """Take in one tree, as LightGBM's text states it."""
        if tree.get("is_linear", "0") != "0":
            raise UnsupportedModelError("linear trees")
        nodes = self._nodes
        first_node, first_leaf = len(nodes["feature"]), len(self._leaves)
        leaves = list(_leaves(tree, first_node))
        self._base += _expected(tree, leaves)
        self._leaves += leaves
        self._n_leaves.append(len(leaves))
        if len(leaves) == 1:
            return
        nodes["feature"] += _ints(tree, "split_feature")
        nodes["threshold"] += _floats(tree, "threshold")
        nodes["kind"] += _ints(tree, "decision_type")
        for side in ("left", "right"):
            nodes[side] += (
                child + first_node if child >= 0 else child - first_leaf
                for child in _ints(tree, f"{side}_child")
            )
        nodes["is_root"] += [1] + [0] * (len(leaves) - 2)
        for one in _categories(tree):
            self._bits += one
            self._words.append(len(self._bits))

    def forest(self, n_features: int) -> Forest:
        """All trees that were added, as arrays."""
        nodes = self._nodes
        place = np.zeros(len(nodes["feature"]), np.int32)
        for leaf in self._leaves:
            for node, _, at in leaf.steps:
                place[node] = at
        return Forest(
            n_features=n_features,
            feature=np.array(nodes["feature"], np.int32),
            threshold=np.array(nodes["threshold"], np.float64),
            kind=np.array(nodes["kind"], np.uint8),
            words=np.array(self._words, np.int32),
            bits=np.array(self._bits, np.uint32),
            left=np.array(nodes["left"], np.int32),
            right=np.array(nodes["right"], np.int32),
            place=place,
            is_root=np.array(nodes["is_root"], np.uint8),
            leaves=tuple(self._leaves),
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


def _categories(tree: Mapping[str, str]) -> Iterator[list[int]]:
    """Per node the words of the categories that go left; none where it is numeric."""
    kinds, thresholds = _ints(tree, "decision_type"), _floats(tree, "threshold")
    is_any = int(tree["num_cat"]) > 0
    edges = _ints(tree, "cat_boundaries") if is_any else []
    words = _ints(tree, "cat_threshold") if is_any else []
    for kind, threshold in zip(kinds, thresholds, strict=True):
        if kind & CATEGORICAL:
            which = int(threshold)
            yield words[edges[which] : edges[which + 1]]
        else:
            yield []


def _leaves(tree: Mapping[str, str], first_node: int) -> Iterator[Leaf]:
    """The leaves of one tree in LightGBM's order."""
    values = _floats(tree, "leaf_value")
    if len(values) == 1:
        yield Leaf(values[0], [], [], [])
        return
    feature = _ints(tree, "split_feature")
    sides = (True, _ints(tree, "left_child")), (False, _ints(tree, "right_child"))
    counts, leaf_counts = _ints(tree, "internal_count"), _ints(tree, "leaf_count")
    if min(*counts, *leaf_counts) <= 0:
        raise UnsupportedModelError("nodes that saw no rows")
    leaves: dict[int, Leaf] = {}
    waiting: list[tuple[int, _Way]] = [(0, ([], [], []))]
    while waiting:
        node, way = waiting.pop()
        for is_left, children in sides:
            child = children[node]
            count = counts[child] if child >= 0 else leaf_counts[~child]
            step = first_node + node, is_left
            longer = _extended(way, feature[node], count / counts[node], step)
            if child >= 0:
                waiting.append((child, longer))
            else:
                leaves[~child] = Leaf(values[~child], *longer)
    yield from (leaves[i] for i in range(len(values)))


def _extended(way: _Way, feature: int, share: float, step: tuple[int, bool]) -> _Way:
    features, shares, steps = way
    if feature in features:
        place = features.index(feature)
        shares = shares.copy()
        shares[place] *= share
    else:
        place = len(features)
        features, shares = [*features, feature], [*shares, share]
    return features, shares, [*steps, (*step, place)]


def _expected(tree: Mapping[str, str], leaves: list[Leaf]) -> float:
    """The mean of the leaves over the rows of training, added up as LightGBM does."""
    if len(leaves) == 1:
        return leaves[0].value
    total = float(_ints(tree, "internal_count")[0])
    expected = 0.0
    for leaf, count in zip(leaves, _ints(tree, "leaf_count"), strict=True):
        expected += count / total * leaf.value
    return expected
