"""How far groups lie apart, and how far chance alone puts them.

The largest of several differences between small groups is never small. So it is set
beside what is found where the same customers are dealt to groups of the same sizes at
random: a permutation test (Good, 2005, Permutation, Parametric and Bootstrap Tests).
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray, IntArray

LEAST_GOOD, LEAST_BAD = 30, 5  # rows of a group; fewer say nothing of it
_N_DEALT = 400
_USUAL = 0.95


@dataclass(frozen=True)
class GroupDifference:
    """The largest difference of a share between groups, and what chance gives.

    Args:
        value: highest less lowest share, 0 to 1.
        by_chance: 95 of 100 random deals of the customers to these groups differ by no
            more.
    """

    value: float
    by_chance: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it is larger than chance explains."""
        return self.value > self.by_chance


def largest_differences(
    group: IntArray, label: FloatArray, flagged: FloatArray, blocks: IntArray
) -> tuple[GroupDifference | None, GroupDifference | None]:
    """Of the good who are flagged, and of the bad who are found.

    None where fewer than two groups have enough rows, as they are or mostly as dealt.

    Args:
        group: (n,) number of each row's group.
        label: (n,) 0 or 1.
        flagged: (n,) 0 or 1.
        blocks: (n,) number of each row's customer, whose rows are dealt together.
    """
    good, bad = label == 0.0, label == 1.0
    n_groups = int(group.max()) + 1
    return (
        _largest(group[good], flagged[good], blocks[good], n_groups, LEAST_GOOD),
        _largest(group[bad], flagged[bad], blocks[bad], n_groups, LEAST_BAD),
    )


def _largest(
    group: IntArray, flagged: FloatArray, blocks: IntArray, n_groups: int, least: int
) -> GroupDifference | None:
    _, first, customer = np.unique(blocks, return_index=True, return_inverse=True)
    value = _spread(group, flagged, n_groups, least)
    if value is None:
        return None
    rng = np.random.default_rng(0)
    dealt = [
        _spread(rng.permutation(group[first])[customer], flagged, n_groups, least)
        for _ in range(_N_DEALT)
    ]
    usual = [one for one in dealt if one is not None]
    if len(usual) < _N_DEALT / 2:  # a few customers with many rows each
        return None
    return GroupDifference(value, float(np.quantile(usual, _USUAL)))


def _spread(
    group: IntArray, flagged: FloatArray, n_groups: int, least: int
) -> float | None:
    """Highest less lowest share flagged, of groups with enough rows."""
    rows = np.bincount(group, minlength=n_groups)
    found = np.bincount(group, weights=flagged, minlength=n_groups)
    shares = found[rows >= least] / rows[rows >= least]
    return float(np.ptp(shares)) if len(shares) > 1 else None
