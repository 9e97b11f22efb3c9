"""Cards: how a bundle was judged, for people who compare it with the one in force.

`<home>/cards/<target>/<bundle_id>.json` is written when a bundle is registered, and
beside it what the gates said of it. The file `challenger` names the latest one. A card
holds numbers alone: the bundle of a challenger is on no shelf.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from features.arrays import FloatArray
from scoring.bundle import Bundle

_TENTHS = 10  # of the rows, by probability


class Bin(NamedTuple):
    """A tenth of the judged rows: how many, the mean probability, and the share."""

    n: int
    expected: float
    observed: float


class PromotionGate(NamedTuple):
    """One condition of a promotion, whether it holds, and its numbers in words.

    `is_passed` is None where it could not be measured: that blocks nobody, and is said.
    """

    name: str
    is_passed: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a bundle without loading it.

    Args:
        trained_on: last day that its data observe, ISO 8601.
        metrics: on rows it did not see: name to value, low and high.
        curve: the same rows by probability, lowest first; empty: not kept.
        gates: what the gates said last; empty: they were not asked.
    """

    bundle_id: str
    learner: str
    trained_on: str
    n_customers: int | None
    n_features: int
    metrics: dict[str, tuple[float, float, float]]
    curve: tuple[Bin, ...] = ()
    gates: tuple[PromotionGate, ...] = ()


def card_of(bundle: Bundle, label: FloatArray, p: FloatArray) -> Card:
    """The card of a bundle.

    Args:
        bundle: that was judged.
        label: (n,) of rows that it did not see.
        p: (n,) its probabilities of them.
    """
    from scoring.metrics import equal_count_bins  # SciPy, which a service goes without

    curve: tuple[Bin, ...] = ()
    if bundle.metrics:  # else there are too few outcomes
        bins = equal_count_bins(label, p, _TENTHS)
        columns = bins.n.tolist(), bins.mean_p.tolist(), bins.rate.tolist()
        curve = tuple(Bin(int(n), *both) for n, *both in zip(*columns, strict=True))
    return Card(
        bundle.bundle_id,
        bundle.learner,
        bundle.trained_on.isoformat(),
        bundle.n_customers,
        len(bundle.feature_set.names),
        dict(bundle.metrics),
        curve,
    )


def keep_card(home: Path, target: str, card: Card) -> None:
    """Write a card down, and that this bundle is the latest."""
    folder = _folder(home, target)
    _write(folder / f"{card.bundle_id}.json", json.dumps(asdict(card)))
    _write(folder / "challenger", card.bundle_id)


def keep_gates(
    home: Path, target: str, bundle_id: str, gates: Sequence[PromotionGate]
) -> None:
    """Write down what the gates said of a bundle."""
    written = json.dumps([list(gate) for gate in gates])
    _write(_folder(home, target) / f"{bundle_id}.gates.json", written)


def challenger_card(home: Path, target: str) -> Card | None:
    """Of the latest bundle that was registered here; None where none was."""
    pointer = _folder(home, target) / "challenger"
    if not pointer.is_file():
        return None
    return card(home, target, pointer.read_text(encoding="utf-8").strip())


def card(home: Path, target: str, bundle_id: str) -> Card | None:
    """Of a bundle; None where none was kept."""
    file = _folder(home, target) / f"{bundle_id}.json"
    if not file.is_file():
        return None
    stated = json.loads(file.read_text(encoding="utf-8"))
    gates = file.with_name(f"{bundle_id}.gates.json")
    said = json.loads(gates.read_text(encoding="utf-8")) if gates.is_file() else []
    return Card(
        **stated
        | {
            "metrics": {name: tuple(v) for name, v in stated["metrics"].items()},
            "curve": tuple(Bin(*one) for one in stated["curve"]),
            "gates": tuple(PromotionGate(*one) for one in said),
        }
    )


def _folder(home: Path, target: str) -> Path:
    return home / "cards" / target


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(file)
