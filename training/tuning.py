"""Tuning on request: parameters of the trees with the least log-loss on later months.

Each trial fits trees with other parameters on the rolling origins of the training rows.
The rows that judge the model are not among them, so what the report says of it stays
honest. Nor is the last origin: it alone decides whether what was found is used, for the
best of many trials looks good by luck where it was chosen. Optuna's TPE proposes,
trials that are behind after an origin are cut short, and every trial is kept in a
journal: whoever tunes again goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from time import monotonic
from typing import Any

import lightgbm
import numpy as np
import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from features.arrays import FloatArray
from features.targets import Target
from scoring.intervals import compare_log_loss, customer_blocks
from scoring.shelf import make_home
from training.boosting import BinnedRows, fit_stopped, least_log_loss, recipe
from training.fitting import BoostedFolds
from training.folds import Fold
from training.rows import Rows
from training.trained_model import Progress

MOST_TRIALS = 60
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
SURE = 0.8  # share of the draws in which what was found must be better to be used
LEAST_ORIGINS = 2  # to search on all but one, and to decide on that
WITHOUT_EFFECT = {"num_threads", "verbosity"}  # on what a trial finds
N_STARTUP = 5  # trials that are never cut short: the others are compared with them
# bins are made once for all trials, so no feature may be dropped for one of them
SHARED = {"feature_pre_filter": False}


@dataclass(frozen=True)
class Tuning:
    """How long to search, and where what was found is kept.

    Args:
        folder: of the journals, one for each target, training rows and seed; in the
            state folder.
        minutes: for each target. A trial that has begun is completed. With 0 the best
            of the trials of before is taken.
        most_trials: of one journal. With the same number of trials the same data and
            seed give the same parameters, however often the search was interrupted.
        on_end: called with the target and what came of its search.
    """

    folder: Path
    minutes: float
    most_trials: int = MOST_TRIALS
    on_end: Callable[[Target, str], None] = lambda _target, _text: None

    def __call__(
        self,
        target: Target,
        rows: Rows,
        parts: Sequence[Fold],
        seed: int,
        progress: Progress,
    ) -> dict[str, Any]:
        """LightGBM's parameters: the best that were found, or the usual ones.

        Args:
            target: whose labels the rows carry.
            rows: all of them.
            parts: the folds; the last one judges and is not looked at.
            seed: of LightGBM and of the search.
            progress: called with one line per trial.
        """
        usual = recipe(rows, seed)
        taught, origins = parts[-1].train, parts[:-1]
        if len(origins) < LEAST_ORIGINS:
            text = "one origin alone cannot search and decide: the usual parameters"
            self._end(target, text, progress)
            return usual
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = self._study(target, rows[taught], usual)
        binned = BinnedRows(rows, {**usual, **SHARED}, taught)
        self._search(study, binned, _without_last(origins), seed, progress)
        finished = study.get_trials(deepcopy=False, states=FINISHED)
        if not any(t.state is TrialState.COMPLETE for t in finished):
            self._end(target, "no trial was completed: the usual parameters", progress)
            return usual
        found = {**usual, **SHARED, **study.best_params}
        p = _p_better(rows, origins, found, usual, seed)
        kept = p >= SURE
        text = (
            f"{len(finished)} trials, best log-loss {study.best_value:.5f}: better than"
            f" with the usual parameters in {p:.0%} of the draws on the last origin,"
            f" {'used' if kept else f'not used (asked for: {SURE:.0%})'}"
        )
        self._end(target, text, progress)
        return found if kept else usual

    def _end(self, target: Target, text: str, progress: Progress) -> None:
        progress(text)
        self.on_end(target, text)

    def _study(
        self, target: Target, rows: Rows, usual: Mapping[str, Any]
    ) -> optuna.Study:
        make_home(self.folder.parent)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        file = self.folder / f"{target}-{_fingerprint(rows, usual)}.journal"
        return optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(file))),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=N_STARTUP),
            study_name=target,
            direction="minimize",
            load_if_exists=True,
        )

    def _search(
        self,
        study: optuna.Study,
        binned: BinnedRows,
        origins: Sequence[Fold],
        seed: int,
        progress: Progress,
    ) -> None:
        """Trials until time or their number ends; those of before count."""
        end = monotonic() + 60.0 * self.minutes
        n_finished = len(study.get_trials(deepcopy=False, states=FINISHED))
        while n_finished < self.most_trials and (left := end - monotonic()) > 0.0:
            # seeded trial by trial: an interruption changes nothing
            study.sampler = TPESampler(
                seed=int(np.random.default_rng([seed, n_finished]).integers(2**31)),
                constant_liar=False,
            )
            if n_finished == 0:
                usual = binned.parameters
                study.enqueue_trial({name: usual[name] for name in SPACE})
            trial = study.ask(SPACE)
            loss, state = _tried(trial, binned.under(trial.params), origins)
            study.tell(trial, loss, state)
            n_finished += 1
            outcome = (
                "cut short" if state is TrialState.PRUNED else f"log-loss {loss:.5f}"
            )
            progress(
                f"trial {n_finished} of at most {self.most_trials}: {outcome};"
                f" {left / 60.0:.0f} of {self.minutes:.0f} minutes were left"
            )


SPACE: dict[str, optuna.distributions.BaseDistribution] = {
    "num_leaves": optuna.distributions.IntDistribution(4, 63, log=True),
    "min_data_in_leaf": optuna.distributions.IntDistribution(20, 1_000, log=True),
    "lambda_l2": optuna.distributions.FloatDistribution(0.1, 100.0, log=True),
    "feature_fraction": optuna.distributions.FloatDistribution(0.2, 1.0),
    "path_smooth": optuna.distributions.FloatDistribution(0.0, 50.0),
}


def _fingerprint(rows: Rows, usual: Mapping[str, Any]) -> str:
    """Of all that a trial depends on: rows, seed, parameters and LightGBM."""
    told = blake2b(digest_size=8)
    for values in (rows.x, rows.label, rows.customer, rows.as_of, rows.mature_at):
        told.update(np.ascontiguousarray(values).data)
    parameters = sorted((k, v) for k, v in usual.items() if k not in WITHOUT_EFFECT)
    told.update(repr((parameters, lightgbm.__version__)).encode())
    return told.hexdigest()


def _tried(
    trial: optuna.Trial, binned: BinnedRows, origins: Sequence[Fold]
) -> tuple[float | None, TrialState]:
    """Least log-loss over the origins; none where it fell behind after some."""
    fits = []
    for place, origin in enumerate(origins):
        fits.append(fit_stopped(binned, origin))
        trial.report(least_log_loss(fits), place)
        if place < len(origins) - 1 and trial.should_prune():
            return None, TrialState.PRUNED
    return least_log_loss(fits), TrialState.COMPLETE


def _without_last(origins: Sequence[Fold]) -> list[Fold]:
    """All but the last; what it judges does not teach them either."""
    last = origins[-1].judged
    return [Fold(each.train & ~last, each.judged) for each in origins[:-1]]


def _p_better(
    rows: Rows,
    origins: Sequence[Fold],
    found: Mapping[str, Any],
    usual: Mapping[str, Any],
    seed: int,
) -> float:
    """In which share of draws over customers what was found is better, calibrated.

    On the last origin; the number of trees and the calibration come from the others.
    """
    judged = origins[-1].judged
    p_found, p_usual = (
        _expected_last(rows, origins, seed, one) for one in (found, usual)
    )
    blocks = customer_blocks(rows.customer[judged])
    label = rows.label[judged]
    return compare_log_loss(label, p_found, p_usual, blocks, seed=seed).p_a_is_better


def _expected_last(
    rows: Rows, origins: Sequence[Fold], seed: int, parameters: Mapping[str, Any]
) -> FloatArray:
    """(n,) probabilities of what the last origin judges."""
    trees = BoostedFolds.of(rows, origins, seed, parameters)
    return trees.last_judged().probability(rows)
