"""`forbear evaluate`: train, rehearse and report, without registering anything."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from decisions.terms import Terms
from features.portfolio import Portfolio
from features.targets import TARGETS, Target
from scoring.starter import starter
from training.audits.leakage import verdicts_of
from training.audits.monotone import monotone_ablation
from training.errors import TooFewPositivesError, TrainingError
from training.learning import learn
from training.rehearsal import rehearsed
from training.report.evidence import Evidence, evidence
from training.report.sections import page_of
from training.train import Present, bundle_of, nothing_told, with_verdicts
from training.trained_model import Progress
from training.training_data import TrainingData, gather
from wording.templates import render

N_ORIGINS = 3


@dataclass(frozen=True)
class EvaluationResult:
    """What is known of one target's model, or why nothing is."""

    target: Target
    evidence: Evidence | None = None
    refusal: TrainingError | None = None


def evaluate(
    portfolio: Portfolio,
    targets: Sequence[Target] | None,
    terms: Terms,
    *,
    seed: int = 0,
    n_origins: int = N_ORIGINS,
    protected: Mapping[str, Mapping[str, str | None]] | None = None,
    directions: bool = False,
    progress: Progress = lambda _: None,
) -> Iterator[EvaluationResult]:
    """Judge what `train` would make of a portfolio, more thoroughly than it does.

    Args:
        portfolio: an opened portfolio.
        targets: None for both.
        terms: of the policy whose costs price the decisions.
        seed: as of `train`.
        n_origins: earlier moments at which training is rehearsed.
        protected: attribute to customer id to group; never features.
        directions: whether to measure what each direction costs that is held.
        progress: called with one line of text per step.
    """
    progress("gathering labels and features")
    gathered = gather(portfolio, TARGETS)
    present = Present(portfolio, gathered.feature_set)
    for target in targets or TARGETS:
        try:
            evidence = _evidence(
                present, target, gathered, terms, seed, n_origins, protected, progress
            )
        except TrainingError as refusal:
            yield EvaluationResult(target, refusal=refusal)
        else:
            if directions:
                progress(f"{target}: learning without one direction after the other")
                costs = monotone_ablation(evidence.rows)
                evidence = replace(evidence, directions=costs)
            yield EvaluationResult(target, evidence)


def _evidence(
    present: Present,
    target: Target,
    gathered: TrainingData,
    terms: Terms,
    seed: int,
    n_origins: int,
    protected: Mapping[str, Mapping[str, str | None]] | None,
    progress: Progress,
) -> Evidence:
    """Raises TrainingError where nothing can be judged."""
    portfolio, rows = present.portfolio, gathered.rows[target]
    if len(rows) == 0 or rows.n_positives == 0:
        raise TooFewPositivesError(nothing_told(target, gathered, portfolio))
    say: Progress = lambda line: progress(f"{target}: {line}")  # noqa: E731
    learnt = learn(target, rows, seed, say, starter(target))
    say("looking for features that know too much")
    learnt = with_verdicts(learnt, verdicts_of(portfolio, target, gathered, seed), ())
    origins = list(rehearsed(target, rows, seed, starter(target), n_origins, say))
    say("gathering the evidence")
    bundle = bundle_of(present, target, gathered, learnt)
    return evidence(
        portfolio, target, gathered, bundle, learnt, origins, terms, protected or {}
    )


def write_evaluation(evidence: Evidence, out: Path) -> tuple[Path, Path]:
    """Write `<target>.html`, one file that fetches nothing, and `<target>.json`."""
    out.mkdir(parents=True, exist_ok=True)
    page, document = out / f"{evidence.target}.html", out / f"{evidence.target}.json"
    html = render("report.html", "training", page=page_of(evidence))
    _replace(page, html)
    _replace(
        document, json.dumps(document_of(evidence), indent=1, allow_nan=False) + "\n"
    )
    return page, document


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def document_of(evidence: Evidence) -> dict[str, Any]:
    """The numbers of the report, for programs."""
    judged = evidence.learnt.judgement
    return {
        "target": evidence.target,
        "bundle_id": evidence.bundle.bundle_id,
        "learner": evidence.bundle.learner,
        "horizon_days": evidence.bundle.horizon_days,
        "observed_until": evidence.bundle.trained_on.isoformat(),
        "data_hash": evidence.bundle.data_hash,
        "split": evidence.learnt.split.kind,
        "n_test": len(evidence.test),
        "n_positives": int(judged.label.sum()),
        "share_with_access": evidence.with_access and evidence.with_access.share,
        "auc_with_access": evidence.with_access and evidence.with_access.auc,
        "metrics": plain(judged.metrics),
        "later_period": plain(evidence.later),
        "other_learners": plain(judged.others),
        "gates": plain(judged.gates),
        "dates": plain(evidence.dates),
        "origins": [
            {
                "as_of": origin.as_of,
                "learner": origin.learnt.judgement.learner,
                "reported": plain(origin.reported),
                "found": plain(origin.found),
            }
            for origin in evidence.origins
        ],
        "found_at_share": {f"{s:g}": plain(v) for s, v in evidence.found_at.items()},
        "savings": plain(evidence.savings),
        "families": plain(evidence.reasons.family),
        "reason_overlap": evidence.reasons.overlap,
        "leak_scale": plain(evidence.leak),
        "suspected": dict(evidence.learnt.suspected),
        "accepted": dict(evidence.learnt.accepted),
        "fairness": plain(evidence.audits),
        "directions": plain(evidence.directions),
    }


def plain(value: object) -> Any:  # noqa: ANN401  whatever JSON can say
    """Values as JSON has them; what is not a number is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
