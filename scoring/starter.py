"""The starter: a small model per target that ships with the release.

It stands in where nothing was ever promoted. It has seen simulated worlds and no real
portfolio (`data/make_starter.py` makes it), so it knows who is worse than others and
not how bad a portfolio is: its level is moved to what the portfolio shows so far.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from features.arrays import FloatArray, IntArray
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.logistic import expit
from scoring.shelf import shelf_path

STARTER_TABLES = frozenset({"customers", "invoices", "payments"})
FRAUD_TABLES = frozenset({"disputes", "outcomes"})  # what tells of fraud
PRIOR_CUSTOMERS = 50.0  # the starter's own level counts as much as so many customers
_FURTHEST = 8.0  # log-odds by which a portfolio may move the level


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


def level_shift(
    log_odds: FloatArray,
    label: FloatArray,
    customer: IntArray,
    stands_for: FloatArray | None = None,
) -> float:
    """By how much the level moves to what a portfolio shows so far, in log-odds.

    A Beta prior on the portfolio's rate: its mean is what the starter expects of these
    very rows, its weight that of 50 customers. The shift makes the mean probability
    of the rows the posterior mean. A customer's rows count as one customer, for they
    tell the same story many times. Without rows the shift is 0.

    Args:
        log_odds: (n,) of the starter for labelled rows.
        label: (n,) of 0 and 1.
        customer: (n,) number of each row's customer.
        stands_for: (n,) how many rows each one counts as; one without.

    >>> rows = np.full(400, -2.0)
    >>> level_shift(rows, np.zeros(400), np.arange(400)) < -1.0
    True
    >>> level_shift(rows[:0], rows[:0], np.arange(0))
    0.0
    """
    if len(label) == 0:
        return 0.0
    _, one_of, n_rows = np.unique(customer, return_inverse=True, return_counts=True)
    counts = np.ones(len(label)) if stands_for is None else stands_for
    n_customers = float((counts / n_rows[one_of]).sum())
    expected = float(np.average(expit(log_odds), weights=stands_for))
    seen = float(np.average(label, weights=stands_for))
    rate = (n_customers * seen + PRIOR_CUSTOMERS * expected) / (
        n_customers + PRIOR_CUSTOMERS
    )

    def excess(shift: float) -> float:
        """How far the mean probability, moved by `shift`, lies above the rate."""
        mean = np.average(expit(log_odds + shift), weights=stands_for)
        return float(mean) - rate

    if excess(-_FURTHEST) >= 0.0:
        return -_FURTHEST
    if excess(_FURTHEST) <= 0.0:
        return _FURTHEST
    from scipy.optimize import brentq  # dear to import, and rarely needed

    return float(brentq(excess, -_FURTHEST, _FURTHEST, xtol=1e-9))


def moved(bundle: Bundle, shift: float) -> Bundle:
    """The same model with its level moved by `shift` log-odds."""
    calibration = bundle.calibration
    return replace(
        bundle,
        calibration=LogOddsMap(calibration.intercept + shift, calibration.slope),
    )
