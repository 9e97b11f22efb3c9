"""The leak audit: ten checks, and a verdict for each feature."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from features.catalogue import feature_set
from features.portfolio import Portfolio
from features.targets import TARGETS, Target
from training.audits.check import Check
from training.audits.controls import controls
from training.audits.hindsight import hindsight, is_stated
from training.audits.present_echo import power_text, with_present_echo
from training.audits.stated import known_at_of
from training.audits.time_travel import time_travel
from training.audits.verdict import Acceptance, LeakEvidence, LeakVerdict, unaccepted
from training.errors import UnknownFeatureAcceptedError
from training.lateness_now import PresentLateness
from training.trained_model import Progress
from training.training_data import TrainingData, gather


@dataclass(frozen=True)
class TargetAudit:
    """What the audit found about one target.

    Args:
        n_rows, n_positives: looked at.
        verdicts: of every feature.
        echo_power: which flag of who is late `present_echo` would see; None: none.
    """

    target: Target
    n_rows: int
    n_positives: int
    checks: tuple[Check, ...]
    verdicts: tuple[LeakVerdict, ...]
    echo_power: str | None = None

    @property
    def named(self) -> tuple[LeakVerdict, ...]:
        """The features that do not pass."""
        return tuple(v for v in self.verdicts if v.is_blocking)


@dataclass(frozen=True)
class LeakageAudit:
    """What the audit found about a portfolio.

    Args:
        checks: of all features together (1 to 5).
        targets: one per target with labels.
        accepted: features a person vouches for.
        left_out: a sentence about each declared attribute that is not learnt.
    """

    portfolio: str
    checks: tuple[Check, ...]
    targets: tuple[TargetAudit, ...]
    accepted: tuple[Acceptance, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def suspected(self) -> tuple[LeakVerdict, ...]:
        """What nobody has accepted."""
        named = [v for one in self.targets for v in one.named]
        return unaccepted(named, self.accepted)

    @property
    def is_clean(self) -> bool:
        """Whether no check found a leak that nobody has accepted."""
        accepted = {one.feature for one in self.accepted}
        every = [*self.checks, *(c for one in self.targets for c in one.checks)]
        leaks = [c for c in every if c.outcome == "leak"]
        return not self.suspected and all(
            c.features and set(c.features) <= accepted for c in leaks
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "portfolio": self.portfolio,
            "is_clean": self.is_clean,
            "checks": [check.to_json() for check in self.checks],
            "targets": [
                {
                    "target": one.target,
                    "n_rows": one.n_rows,
                    "n_positives": one.n_positives,
                    "checks": [check.to_json() for check in one.checks],
                    "verdicts": [verdict.to_json() for verdict in one.verdicts],
                    "echo_power": one.echo_power,
                }
                for one in self.targets
            ],
            "accepted": [
                {"feature": one.feature, "because": one.because}
                for one in self.accepted
            ],
            "left_out": list(self.left_out),
        }


def audit_leakage(
    portfolio: Portfolio,
    accepted: Sequence[Acceptance] = (),
    *,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> LeakageAudit:
    """Look for features that know what came after their moment. Writes nothing.

    Args:
        portfolio: an opened portfolio.
        accepted: features a person vouches for.
        seed: of samples, folds and draws.
        progress: called with one line per step.

    Raises:
        UnknownFeatureAcceptedError: no feature of that name.
    """
    progress("gathering labels and features")
    gathered = gather(portfolio, TARGETS)
    check_names(accepted, gathered.known_names)
    progress("computing features again without what came later")
    largest = max(TARGETS, key=lambda target: len(gathered.rows[target]))
    checks: tuple[Check, ...] = ()
    if len(rows := gathered.rows[largest]):
        ids = gathered.customer_ids
        checks = tuple(time_travel(portfolio, largest, rows, ids, seed))
    audits = []
    for target in TARGETS:
        rows = gathered.rows[target]
        if rows.n_positives:
            progress(f"{target}: looking for hindsight")
            audits.append(_of_target(portfolio, target, gathered, seed))
    name = portfolio.settings.name
    left_out = tuple(gathered.repeated_text)
    return LeakageAudit(name, checks, tuple(audits), tuple(accepted), left_out)


def verdicts_of(
    portfolio: Portfolio, target: Target, gathered: TrainingData, seed: int = 0
) -> tuple[LeakVerdict, ...]:
    """A verdict for each feature of one target: the part of the audit `train` needs."""
    rows = gathered.rows[target]
    now = gathered.now or PresentLateness(portfolio, gathered.customer_ids)
    found = with_present_echo(now, rows, hindsight(target, rows, seed))
    return _with_known_at(portfolio, found)


def check_names(accepted: Sequence[Acceptance], names: Collection[str]) -> None:
    """Refuse to accept what is no feature, before hours of work.

    Raises:
        UnknownFeatureAcceptedError: naming it.
    """
    for one in accepted:
        if one.feature not in names:
            raise UnknownFeatureAcceptedError(one.feature)


def _of_target(
    portfolio: Portfolio, target: Target, gathered: TrainingData, seed: int
) -> TargetAudit:
    rows = gathered.rows[target]
    verdicts = verdicts_of(portfolio, target, gathered, seed)
    checks = tuple(controls(target, rows, verdicts, seed=seed))
    now = gathered.now or PresentLateness(portfolio, gathered.customer_ids)
    power = power_text(now, rows)
    return TargetAudit(target, len(rows), rows.n_positives, checks, verdicts, power)


def _with_known_at(
    portfolio: Portfolio, verdicts: Sequence[LeakVerdict]
) -> tuple[LeakVerdict, ...]:
    """The same, with what the rows of a suspected column say of when it was known."""
    by_name = {f.name: f for f in feature_set(portfolio.settings).features}
    completed = []
    for verdict in verdicts:
        feature = by_name.get(verdict.feature)
        if verdict.is_blocking and feature is not None and is_stated(feature):
            known = known_at_of(portfolio, feature)
            numbers: Mapping[str, float | None] = {
                **(verdict.numbers or {}),
                **known.numbers(),
            }
            evidence = (*verdict.evidence, LeakEvidence("known_at", known.text))
            completed.append(replace(verdict, evidence=evidence, numbers=numbers))
        else:
            completed.append(verdict)
    return tuple(completed)
