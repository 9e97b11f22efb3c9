"""The starter: a small model per target that ships with the release.

It stands in where nothing was ever promoted. It has seen simulated worlds and no real
portfolio (`data/make_starter.py` makes it), so it knows who is worse than others and
not how bad a portfolio is: its level is moved to what the portfolio shows so far.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.level import Level
from scoring.shelf import shelf_path

STARTER_TABLES = frozenset({"customers", "invoices", "payments"})
FRAUD_TABLES = frozenset({"disputes", "outcomes"})  # what tells of fraud


def starter_folder(target: str) -> Path:
    """Where the starter of a target ships."""
    return Path(__file__).with_name("starters") / target


@cache
def starter(target: str) -> Bundle:
    """The starter of `fraud` or `nonpayment`, as it ships.

    Raises:
        ScoringError: if the installation is damaged.
    """
    return Bundle.load(starter_folder(target))


def starters() -> dict[str, Bundle]:
    """The starter of every target."""
    return {target: starter(target) for target in TARGETS}


def keep_starters(home: Path) -> None:
    """Copy the starters to `home`: a later release replays what these decided."""
    for target, bundle in starters().items():
        bundle.save(home / "starters" / target)


def is_a_starter(home: Path, target: str, bundle_id: str) -> bool:
    """Whether a bundle is the starter, of this release or of one before."""
    kept = home / "starters" / target / bundle_id
    return starter(target).bundle_id == bundle_id or kept.is_dir()


def bundle_folder(home: Path, target: str, bundle_id: str) -> Path:
    """Where the bundle of this id is: on the shelf, else a starter of some release.

    It need not exist.
    """
    on_shelf = shelf_path(home, target, bundle_id)
    kept = home / "starters" / target / bundle_id
    if on_shelf.is_dir() or kept.is_dir():
        return on_shelf if on_shelf.is_dir() else kept
    ships = starter(target).bundle_id == bundle_id
    return starter_folder(target) if ships else on_shelf


def moved(bundle: Bundle, shift: float, level: Level | None = None) -> Bundle:
    """The same model with its level moved by `shift` log-odds.

    `level` is what it becomes, where something tells how surely.
    """
    calibration = bundle.calibration
    return replace(
        bundle,
        calibration=LogOddsMap(calibration.intercept + shift, calibration.slope),
        level=level,
    )
