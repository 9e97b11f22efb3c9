"""`train`: every target of a portfolio that has labels becomes a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from features.labels import TARGETS, Target
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots
from scoring.bundle import Bundle, Typical
from scoring.shelf import forbear_home
from training.errors import TrainingError, UnknownTargetError
from training.gathering import Gathered, gather
from training.learning import Learnt, Progress, learn
from training.rows import Rows
from training.tracking import Registered, Tracker


@dataclass(frozen=True)
class TrainingResult:
    """What became of one target: a registered bundle, or a refusal with its code."""

    target: Target
    bundle: Bundle | None = None
    learnt: Learnt | None = None
    registered: Registered | None = None
    refusal: TrainingError | None = None

    @property
    def is_trained(self) -> bool:
        return self.bundle is not None


def train(
    portfolio: Portfolio,
    targets: Sequence[Target] | None = None,
    *,
    seed: int = 0,
    progress: Progress = lambda _: None,
    tracking_uri: str | None = None,
    home: Path | None = None,
) -> list[TrainingResult]:
    """Train, judge, register; the first model of a target becomes champion.

    Args:
        portfolio: an opened portfolio.
        targets: `fraud`, `nonpayment` or both; None for all that have labels.
        seed: of splits, folds and learners: same data and seed, same bundle.
        progress: called with one line of text per step.
        tracking_uri: of MLflow; default `MLFLOW_TRACKING_URI`, else
            SQLite and a folder under `home`.
        home: state folder; default `FORBEAR_HOME`.

    Returns:
        One result per target. A target without enough labels is refused in its
        result, not by raising, unless it was asked for by name.
    """
    for target in targets or ():
        if target not in TARGETS:
            raise UnknownTargetError(f"{target!r} is none of {', '.join(TARGETS)}")
    progress("gathering labels and features")
    # both targets' labels are always needed: ρ joins them
    gathered = gather(portfolio, TARGETS)
    tracker = Tracker(home or forbear_home(), tracking_uri)
    results = []
    for target in targets or TARGETS:
        rows = gathered.rows[target]
        if not targets and (len(rows) == 0 or rows.n_positives == 0):
            continue  # not a refusal: the portfolio says nothing about this target
        try:
            results.append(
                _train_one(portfolio, target, gathered, seed, tracker, progress)
            )
        except TrainingError as refusal:
            progress(f"{target}: {refusal}")
            results.append(TrainingResult(target, refusal=refusal))
    return results


def _train_one(
    portfolio: Portfolio,
    target: Target,
    gathered: Gathered,
    seed: int,
    tracker: Tracker,
    progress: Progress,
) -> TrainingResult:
    rows = gathered.rows[target]
    learnt = learn(target, rows, seed, lambda line: progress(f"{target}: {line}"))
    bundle = _bundle(portfolio, target, gathered, learnt)
    progress(f"{target}: registering {bundle.bundle_id}")
    registered = tracker.register(bundle, learnt, rows, seed)
    return TrainingResult(target, bundle, learnt, registered)


def _bundle(
    portfolio: Portfolio, target: Target, gathered: Gathered, learnt: Learnt
) -> Bundle:
    settings = portfolio.settings
    horizon = getattr(settings.labels, target).horizon_days
    metrics = {
        name: (round(m.value, 6), round(m.low, 6), round(m.high, 6))
        for name, m in learnt.judgement.metrics.items()
    }
    observed_until = portfolio.observed_until / 1e6
    present = latest_snapshots(portfolio, portfolio.observed_until)
    return Bundle(
        target=target,
        model=learnt.fitted.model,
        calibration=learnt.fitted.calibration,
        feature_set=gathered.feature_set,
        settings=settings,
        horizon_days=horizon,
        trained_on=datetime.fromtimestamp(observed_until, UTC).date(),
        nonpayment_given_fraud=gathered.nonpayment_given_fraud,
        typical=_typical(gathered.rows[target]),
        metrics=metrics,
        data_hash=portfolio.content_hash,
        n_customers=present.num_rows or None,
        versions={name: version(name) for name in ("forbear", "lightgbm", "numpy")},
    )


def _typical(rows: Rows) -> dict[str, Typical]:
    """Median of each number, commonest value of each category."""
    found: dict[str, Typical] = {}
    for column, feature in enumerate(rows.feature_set.features):
        known = rows.x[:, column]
        known = known[~np.isnan(known)]
        if len(known) == 0:
            found[feature.name] = None
        elif feature.is_category:
            words = rows.feature_set.vocabularies[feature.name]
            found[feature.name] = words[int(np.bincount(known.astype(int)).argmax())]
        else:
            found[feature.name] = float(np.median(known))
    return found
