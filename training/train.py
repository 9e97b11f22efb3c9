"""`train`: every target of a portfolio that has labels becomes a bundle."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.population import with_reference
from advice.young_dates import early_warning
from features.batch import feature_table
from features.feature_set import FeatureSet
from features.head_count import PopulationCount
from features.labels import all_labels_rejected, lacking_tables
from features.portfolio import Portfolio
from features.snapshots import population_and_count
from features.targets import TARGETS, Target
from scoring.bundle import Bundle, Typical
from scoring.early_warning import YoungOutcomes
from scoring.intervals import MetricEstimate
from scoring.shelf import forbear_home
from scoring.starter import FRAUD_TABLES, starter
from training.access import with_access
from training.audits.leakage import check_names, verdicts_of
from training.audits.verdict import Acceptance, LeakVerdict, unaccepted
from training.before import said_before
from training.customer_sample import CustomerSample, SampleLimits
from training.errors import (
    TooFewPositivesError,
    TrainingError,
    UnknownTargetError,
)
from training.held_back import WaitReason, held_back
from training.judged_money import money_of
from training.judged_rows import judged_table
from training.later import later_of
from training.learning import RecipeSearch, learn
from training.learning_curve import LearningCurve, learning_curve
from training.logged_run import JUDGED, JUDGED_BEFORE
from training.outlook import Outlook, outlook
from training.prior import can_be_prior
from training.rows import Rows
from training.tracking import RegisteredModel, Tracker
from training.trained_model import Progress, TrainedModel
from training.training_data import EVERYONE, TrainingData, gather


@dataclass(frozen=True)
class TrainingResult:
    """What became of one target: a registered bundle, or a refusal with its code."""

    target: Target
    bundle: Bundle | None = None
    learnt: TrainedModel | None = None
    registered: RegisteredModel | None = None
    refusal: TrainingError | None = None
    outlook: Outlook | None = None  # what more outcomes would bear
    later: Mapping[str, MetricEstimate] = field(default_factory=dict)
    """What to expect of a later period, by metric."""
    verdicts: tuple[LeakVerdict, ...] = ()  # of the leak audit, one per feature
    young: tuple[YoungOutcomes, ...] = ()  # dates that are not mature, so far
    curve: LearningCurve | None = None  # where a sample was learnt from
    held_back: WaitReason | None = None  # why stops that rest on it wait for a person

    @property
    def suspected(self) -> tuple[LeakVerdict, ...]:
        """Features that keep the model from serving until somebody accepts them."""
        if self.learnt is None:
            return ()
        return tuple(v for v in self.verdicts if v.feature in self.learnt.suspected)

    @property
    def is_trained(self) -> bool:
        return self.bundle is not None


def train(
    portfolio: Portfolio,
    targets: Sequence[Target] | None = None,
    *,
    seed: int = 0,
    progress: Progress = lambda _: None,
    on_untold: Progress = lambda _: None,
    on_result: Callable[[TrainingResult], None] = lambda _: None,
    accepted: Sequence[Acceptance] = (),
    search: RecipeSearch | None = None,
    limits: SampleLimits = EVERYONE,
    tracking_uri: str | None = None,
    home: Path | None = None,
) -> list[TrainingResult]:
    """Train, judge, register; the first model of a target becomes champion.

    Not while a feature is suspected of knowing what came after: it then waits as
    challenger until somebody accepts the feature.

    Args:
        portfolio: an opened portfolio.
        targets: `fraud`, `nonpayment` or both; None for all that have labels.
        seed: of splits, folds and learners: same data and seed, same bundle.
        progress: called with one line of text per step.
        on_untold: called with one line about each target that no outcome tells of.
        on_result: called as soon as a target has ended: what is registered is in force,
            whatever becomes of the next.
        accepted: features that a person vouches for; recorded.
        search: for the parameters of the trees, such as `tuning.Tuning`.
        limits: of what may be learnt from; of more customers a sample is taken.
        tracking_uri: of MLflow; default `MLFLOW_TRACKING_URI`, else under `home`.
        home: state folder; default `FORBEAR_HOME`.

    Returns:
        One result per target that has outcomes, however few. One asked for by name
        that has none is refused in its result, not by raising.

    Raises:
        UnknownTargetError, UnknownFeatureAcceptedError: what is no name here.
        RegistryUnavailableError: before anything is learnt.
    """
    _check_targets(targets or ())
    tracker = Tracker(home or forbear_home(), tracking_uri)
    tracker.require_registry()
    progress("gathering labels and features")
    # both targets' labels are always needed: ρ joins them
    gathered = gather(portfolio, TARGETS, limits)
    check_names(accepted, gathered.known_names)
    if gathered.sample is not None and not gathered.sample.is_everyone:
        progress(f"learning from {gathered.sample}")
    present = Present(portfolio, gathered.feature_set, gathered.sample)
    results = []
    for target in targets or TARGETS:
        if not targets and not _is_told(target, gathered):
            on_untold(nothing_told(target, gathered, portfolio))
            continue  # not a refusal: the portfolio says nothing about this target
        work = (present, target, gathered, seed, accepted, search, tracker, progress)
        result = _or_refused(target, partial(_train_one, *work))
        results.append(result)
        on_result(result)
    return results


def _check_targets(targets: Sequence[Target]) -> None:
    for target in targets:
        if target not in TARGETS:
            raise UnknownTargetError(f"{target!r} is none of {', '.join(TARGETS)}")


class Present:
    """Everybody at the end of the data, looked at once for all targets."""

    def __init__(
        self,
        portfolio: Portfolio,
        feature_set: FeatureSet,
        sample: CustomerSample | None = None,
    ) -> None:
        self.portfolio = portfolio
        self._feature_set, self._sample = feature_set, sample

    @cached_property
    def features(self) -> pa.Table:
        """Of the population of training, or those of it who are in the sample."""
        population, _ = self._population_and_count
        if self._sample is not None and not self._sample.is_everyone:
            chosen = pa.array(self._sample.customer_ids, pa.string())
            population = population.filter(pc.is_in(population["customer_id"], chosen))
        return feature_table(self.portfolio, population, self._feature_set)

    @property
    def count(self) -> PopulationCount:
        """Whom a list of today would hold, and whom the models speak of."""
        return self._population_and_count[1]

    @cached_property
    def _population_and_count(self) -> tuple[pa.Table, PopulationCount]:
        return population_and_count(self.portfolio)


def _or_refused(
    target: Target, train_one: Callable[[], TrainingResult]
) -> TrainingResult:
    """The result of training, or why there is none."""
    try:
        return train_one()
    except TrainingError as refusal:
        # its traceback would keep the rows of this target while the next one learns
        return TrainingResult(target, refusal=refusal.with_traceback(None))


def _train_one(
    present: Present,
    target: Target,
    gathered: TrainingData,
    seed: int,
    accepted: Sequence[Acceptance],
    search: RecipeSearch | None,
    tracker: Tracker,
    progress: Progress,
) -> TrainingResult:
    """Raises TrainingError: why there is no model of this target."""
    portfolio, rows = present.portfolio, gathered.rows[target]
    if len(rows) == 0:
        raise TooFewPositivesError(nothing_told(target, gathered, portfolio))
    say: Progress = lambda line: progress(f"{target}: {line}")  # noqa: E731
    learnt = learn(target, rows, seed, say, starter(target), search)
    say("looking for features that know too much")
    verdicts = verdicts_of(portfolio, target, gathered, seed)
    learnt = with_verdicts(learnt, verdicts, accepted)
    test, p = rows[learnt.split.test], learnt.judgement.p
    who = np.array(gathered.customer_ids, dtype=object)[test.customer]
    learnt = replace(
        learnt,
        left_out=gathered.left_out(target, portfolio.settings.zone),
        access=with_access(portfolio, who, test.as_of, test.label, p),
    )
    ahead = outlook(target, rows, portfolio.observed_until)
    curve = _curve(target, gathered, learnt, seed, say)
    bundle = bundle_of(present, target, gathered, learnt)
    later = later_of(learnt, rows)
    say("comparing outcomes that are not all known yet with what it expects")
    young = early_warning(portfolio, bundle, gathered.drawn)
    # last of all: once it is registered it may serve, and that must be told at once
    progress(f"{target}: registering {bundle.bundle_id}")
    key = tracker.pseudonym_key()
    money = money_of(portfolio, test, gathered.customer_ids, seed)
    names = gathered.customer_ids
    judged = {JUDGED: judged_table(bundle, test, p, money, names, key)}
    before = said_before(portfolio, tracker.home, target, test, names)
    if before is not None:
        theirs = money.taken(before.chosen)
        judged[JUDGED_BEFORE] = judged_table(
            before.champion, before.rows, before.p, theirs, names, key
        )
    by = None if before is None else before.champion.bundle_id
    registered = tracker.register(
        bundle, learnt, rows, judged, seed, ahead, curve, present.count, by
    )
    return TrainingResult(
        target,
        bundle,
        learnt,
        registered,
        outlook=ahead,
        later=later,
        verdicts=verdicts,
        young=young,
        curve=curve,
        held_back=held_back(bundle, learnt, rows),
    )


def _curve(
    target: Target,
    gathered: TrainingData,
    learnt: TrainedModel,
    seed: int,
    progress: Progress,
) -> LearningCurve | None:
    """Whether more customers would help; None where everybody was learnt from."""
    sample = gathered.sample
    if sample is None or (sample.is_everyone and not sample.is_asked_for):
        return None
    rows, ids = gathered.rows[target], gathered.customer_ids
    return learning_curve(sample, rows, learnt, ids, starter(target), seed, progress)


def with_verdicts(
    learnt: TrainedModel,
    verdicts: Sequence[LeakVerdict],
    accepted: Sequence[Acceptance],
) -> TrainedModel:
    """The model with the features that are suspected and those somebody accepted."""
    named = {v.feature for v in verdicts if v.is_blocking}
    return replace(
        learnt,
        suspected={v.feature: v.why for v in unaccepted(verdicts, accepted)},
        accepted={a.feature: a.because for a in accepted if a.feature in named},
    )


def _is_told(target: Target, gathered: TrainingData) -> bool:
    """Whether outcomes say something; that it happened to nobody does so too.

    No fraud seen is not no fraud: the starter's level falls, but never to zero.
    """
    rows = gathered.rows[target]
    return rows.n_positives > 0 or (
        len(rows) > 0 and can_be_prior(starter(target), rows)
    )


def nothing_told(target: Target, gathered: TrainingData, portfolio: Portfolio) -> str:
    """Why there is nothing to learn from, and when there will be."""
    which = _rejected(portfolio, FRAUD_TABLES)
    rejected = f"; but {which}: see `forbear validate`" if which else ""
    if target == "fraud" and not portfolio.settings.tables & FRAUD_TABLES:
        tables = " nor ".join(sorted(FRAUD_TABLES))
        return f"fraud: neither {tables} can tell of any{rejected}"
    if all_labels_rejected(portfolio, target):
        incomplete = frozenset[str]().union(*portfolio.rejected.values())
        return (
            f"{target}: no outcome of any customer can be known, for"
            f" {_rejected(portfolio, incomplete)}; correct them (`forbear validate`"
            " says how) and train again"
        )
    if lacking := lacking_tables(portfolio.settings, target):
        return f"{target}: no outcome can be known, for {lacking}"
    if len(gathered.rows[target]) > 0 or rejected:
        return f"{target}: none happened, for all that is known{rejected}"
    first = gathered.first_mature_at[target]
    if first is None:
        return f"{target}: there is no date yet whose outcomes could be known"
    day = datetime.fromtimestamp(first / 1e6, UTC).date()
    return f"{target}: outcomes of the first date can be known from {day} on"


def _rejected(portfolio: Portfolio, tables: Collection[str]) -> str:
    """Which rows of some tables were not taken, and why not; empty where none."""
    return "; ".join(
        f"{r.n:,} rows of {r.table} were rejected ({r.rule.replace('_', ' ')}"
        f"{f': {r.column}' if r.column else ''})"
        for r in portfolio.rejects
        if r.table in tables
    )


def bundle_of(
    present: Present, target: Target, gathered: TrainingData, learnt: TrainedModel
) -> Bundle:
    """What was learnt, with all it needs to score."""
    portfolio = present.portfolio
    settings = portfolio.settings
    horizon = getattr(settings.labels, target).horizon_days
    metrics = {
        name: (round(m.value, 6), round(m.low, 6), round(m.high, 6))
        for name, m in learnt.judgement.metrics.items()
    }
    observed_until = portfolio.observed_until / 1e6
    bundle = Bundle(
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
        n_customers=present.count.scored.n_scored or None,
        versions={name: version(name) for name in ("forbear", "lightgbm", "numpy")},
        is_proven=learnt.is_proven,
        level=learnt.level,
    )
    return with_reference(portfolio, bundle, present.features)


def _typical(rows: Rows) -> dict[str, Typical]:
    """Median of each number, commonest value of each category."""
    typical: dict[str, Typical] = {}
    for column, feature in enumerate(rows.feature_set.features):
        known = rows.x[:, column]
        known = known[~np.isnan(known)]
        if len(known) == 0:
            typical[feature.name] = None
        elif feature.is_category:
            words = rows.feature_set.vocabularies[feature.name]
            typical[feature.name] = words[int(np.bincount(known.astype(int)).argmax())]
        else:
            typical[feature.name] = float(np.median(known))
    return typical
