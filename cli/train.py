"""`forbear train`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import AcceptLeak, Because, PortfolioFolder, acceptances
from cli.clock import now_us
from cli.exits import DIFFERENT, OK, REJECTS, UNUSABLE
from cli.output import begin, rejected_rows, say, show_table, steps
from cli.reading import tables_of
from features.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from features.portfolio import Portfolio
    from features.reading.duck_settings import DuckSettings
    from features.targets import Target
    from scoring.bundle import Bundle
    from scoring.intervals import MetricEstimate
    from training.audits.verdict import Acceptance
    from training.customer_sample import SampleLimits
    from training.learning import RecipeSearch
    from training.learning_curve import LearningCurve
    from training.train import TrainingResult
    from training.trained_model import TrainedModel

TABLES_MB = 2_000  # of which tables take a quarter; more would not make them quicker
Customers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="learn from so many, drawn by a hash of their id, and say what more would"
        " teach; default: as many as fit --memory",
    ),
]
Memory = Annotated[
    int,
    typer.Option(min=TABLES_MB, help="megabytes that training may use"),
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", help="fraud or nonpayment; default: all with labels"),
]
Tune = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="MINUTES",
        help="search parameters of the trees for so long per target; goes on where an"
        " earlier search ended, and 0 takes the best of before",
    ),
]
SHOWN = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "ks": "KS",
    "log_loss": "log-loss",
    "brier": "Brier",
    "observed_over_expected": "observed / expected",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
    "ici": "ICI",
}


WIDE_AUC = 0.5  # from worse than by chance to perfect: such an interval says nothing
NOT_TUNED = "not tried, for there are too few outcomes to set later ones aside"
WITHOUT_A_MODEL = (
    "so no model of it: without any champion the starter stands in, beside one the"
    " probability is unknown and fraud rests on evidence"
)


def register(app: typer.Typer) -> None:
    app.command()(train)


def train(
    portfolio: PortfolioFolder,
    target: Targets = None,
    seed: Annotated[
        int, typer.Option(help="the same data and seed give the same bundle")
    ] = 0,
    tune: Tune = None,
    accept_leak: AcceptLeak = None,
    because: Because = None,
    memory: Memory = 4_000,
    customers: Customers = None,
) -> None:
    """Train, judge and register a model per target with labels.

    With few, the starter is the prior of what is learnt; what more outcomes would bear
    is said. The first model of a target becomes champion; later ones are challengers
    until `forbear promote`. Exit code 1: a feature seems to know what came after its
    moment, and the model waits as challenger until somebody accepts it. 2: nothing can
    be trained. 3: done, but rows of the portfolio were rejected.

    Example: forbear train data/samples/lumen --target nonpayment
    """
    # LightGBM's threads wait for each other asleep: on a busy machine waiting awake
    # costs many times the CPU of the work. Read once, when the library is loaded
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    begin(f"training on {portfolio}: reading what it takes …")
    from training.customer_sample import SampleLimits

    accepted = acceptances(accept_leak, because)
    asked = _Asked(target, seed, tune, accepted, SampleLimits(memory, customers))
    with tables_of(portfolio, TABLES_MB) as duck:
        read, results = _trained(portfolio, duck, asked)
        _show_rejects(read)
        waits = not results and _starter_serves(read)
    if not waits and not any(result.is_trained for result in results):
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(_exit_code(results, read))


@dataclass(frozen=True)
class _Asked:
    """What the command line says of a training."""

    targets: "Sequence[str] | None"
    seed: int
    tuning_minutes: float | None
    accepted: "Sequence[Acceptance]"
    limits: "SampleLimits"


def _trained(
    folder: Path, duck: "DuckSettings", asked: _Asked
) -> "tuple[Portfolio, list[TrainingResult]]":
    """The portfolio as it was read, and its results, each shown as soon as it is."""
    from features.portfolio import Portfolio
    from scoring.shelf import forbear_home
    from training.train import train as train_targets

    home = forbear_home()
    untold: list[str] = []
    tuned: dict[Target, str] = {}
    is_tuned = asked.tuning_minutes is not None
    with steps("train") as step:
        step("reading the portfolio")
        read = Portfolio.open_usable(folder, duck, read_at=now_us())
        results = train_targets(
            read,
            asked.targets,  # type: ignore[arg-type]
            seed=asked.seed,
            progress=step,
            on_untold=untold.append,
            on_result=lambda one: show_result(one, home, tuned if is_tuned else None),
            accepted=asked.accepted,
            search=_search(asked.tuning_minutes, home, tuned.__setitem__),
            limits=asked.limits,
        )
    for line in untold:
        say(f"{line}; {WITHOUT_A_MODEL}")
    if not untold:
        _show_missing(home)
    return read, results


def _show_missing(home: Path) -> None:
    """What stands in for a target without a model beside one that has one."""
    from advice.assembly import champion_ids
    from advice.promises import missing_model_note

    in_force = champion_ids(home)
    note = missing_model_note(in_force) if in_force else None
    if note is not None:
        say(f"note: {note}")


def _starter_serves(read: "Portfolio") -> bool:
    """Whether invoices and payments let the starter decide while nothing is learnt."""
    from features.labels import all_labels_rejected
    from scoring.starter import STARTER_TABLES

    has_tables = read.settings.tables >= STARTER_TABLES
    return has_tables and not all_labels_rejected(read, "nonpayment")


def _exit_code(results: "Sequence[TrainingResult]", read: "Portfolio") -> int:
    if any(result.suspected for result in results):
        return DIFFERENT
    return REJECTS if read.rejects else OK


def _show_rejects(read: "Portfolio") -> None:
    """What nothing was learnt from."""
    n_rejected = sum(one.n for one in read.rejects)
    if n_rejected:
        tables = ", ".join(sorted({one.table for one in read.rejects}))
        say(
            f"{rejected_rows(n_rejected)} of {tables}, and nothing was learnt from"
            f" them: `forbear validate` says why"
        )


def _search(
    minutes: float | None, home: Path, on_end: "Callable[[Target, str], None]"
) -> "RecipeSearch | None":
    """Optuna is imported only where somebody asked for it."""
    if minutes is None:
        return None
    from training.tuning import Tuning

    return Tuning(home / "tuning", minutes, on_end=on_end)


def show_result(
    result: "TrainingResult",
    home: Path,
    tuned: "Mapping[Target, str] | None" = None,
) -> None:
    """What became of one target: metrics with intervals, gates, alarms.

    Args:
        result: of the target.
        home: state folder.
        tuned: what came of each target's search for parameters; None: nobody asked.
    """
    if result.bundle is None or result.learnt is None or result.registered is None:
        say(f"{result.target}: not trained: {result.refusal}")
        return
    learnt, bundle = result.learnt, result.bundle
    _show_metrics(bundle.bundle_id, learnt, result.later)
    _show_level(learnt, bundle)
    _show_gates(learnt)
    if tuned is not None:
        say(f"tuning: {tuned.get(result.target, NOT_TUNED)}")
    if result.outlook is not None:
        say(f"{result.outlook}")
    if result.curve is not None:
        _show_curve(result.curve)
    if result.young:
        _show_young(result, bundle.settings.zone)
    for line in learnt.left_out:
        say(f"left out: {line}")
    for alarm in learnt.alarms:
        say(f"look at this: {alarm.text} [{alarm.code}]")
    _show_standing(result)
    file = card(result, home)
    if file is not None:
        say(f"model card: {file}")
    say()


def _show_metrics(
    bundle_id: str, learnt: "TrainedModel", later: "Mapping[str, MetricEstimate]"
) -> None:
    """What rows it did not see say of it; that it cannot be told where nothing does."""
    judgement = learnt.judgement
    title = (
        f"{bundle_id}: {learnt.fitted.learner}, judged on"
        f" {counted(len(judgement.label), 'row')} it did not see"
        f" ({learnt.split.kind.replace('_', ' ')}), of which"
        f" {judgement.label.mean():.2%} happened"
    )
    if not judgement.metrics:
        say(f"{title}: to fewer than two customers, so no measure can be told")
        return
    rows = [
        (
            text,
            judgement.metrics[name].value,
            _range(judgement.metrics[name]),
            _range_later(name, later.get(name)),
        )
        for name, text in SHOWN.items()
        if name in judgement.metrics
    ]
    show_table(title, ("measure", "value", "95 % interval", "of a later period"), rows)


def _show_level(learnt: "TrainedModel", bundle: "Bundle") -> None:
    """How often it happens, where few outcomes or none tell it."""
    if learnt.level is not None:
        what = f"{bundle.target} within {bundle.horizon_days} days"
        say(f"level: {what} is expected of {learnt.level}")


def _show_gates(learnt: "TrainedModel") -> None:
    """What was asked of it, and what speaks against its probabilities for sure."""
    from training.evaluation import remarks

    for gate in learnt.judgement.gates:
        outcome = "not kept" if gate.is_comparison else "check failed"
        say(f"{'passed' if gate.is_passed else outcome}: {gate.text}")
    for remark in remarks(learnt.judgement.metrics):
        say(f"remark: {remark}")


def _show_young(result: "TrainingResult", zone: "ZoneInfo") -> None:
    """What the dates that are not mature show so far."""
    from advice.young_dates import sentence, strongest

    found = strongest(result.young)
    one, n_alone = found or (result.young[0], 0)
    outcome = "not mature yet" if found is None else "ALARM"
    say(f"{outcome}: {sentence(one, result.target, zone, n_alone=n_alone)}")


def _show_curve(curve: "LearningCurve") -> None:
    """Whom it learnt from, and what fewer of them would have taught."""
    from training.model_card import CURVE_HEAD, curve_rows

    if curve.points:
        show_table("what fewer customers teach", CURVE_HEAD, curve_rows(curve))
    say(f"{curve}")


def _show_standing(result: "TrainingResult") -> None:
    """Whether it serves, what keeps it from that, and what would do better."""
    from training.evaluation import done_better

    if result.learnt is None or result.registered is None:
        return
    for name, why in result.learnt.accepted.items():
        say(f"accepted: {name}, because {why}")
    for verdict in result.suspected:
        say(f"{verdict.level.upper()}: {verdict.why}")
    if result.suspected:
        say(
            f"{result.target}: challenger only. Look at `forbear audit leakage`; leave"
            f" the column out, or sign it off: `forbear promote {result.target}"
            ' --accept-leak NAME --because "…"`'
        )
    elif result.registered.is_champion:
        is_proven = result.learnt.is_proven
        limit = "" if is_proven else "; every stop that rests on it waits for a person"
        say(f"{result.target}: champion{limit}")
    else:
        say(
            f"{result.target}: challenger; what is in force stays until"
            f" `forbear promote {result.target}`"
        )
    better = done_better(result.learnt.judgement)
    if better is not None:
        say(f"look at this: {better}")
    _show_held_back(result)


def _show_held_back(result: "TrainingResult") -> None:
    """Why stops wait for a person, and what can be done: last, so it is read."""
    from advice.young_dates import strongest
    from training.held_back import LEAVES_A_STEP

    if strongest(result.young) is not None:
        say(
            f"{result.target}: dates that are not mature yet ring (ALARM above). It is"
            f" what {LEAVES_A_STEP}. What you can do: `forbear monitor PORTFOLIO` shows"
            " what moved in the data, and turns new stops into reviews where it rings"
        )
    if result.held_back is None:
        return
    say(
        "the outcomes do not bear it out yet: its probabilities order the list, and"
        " every stop that rests on it waits for a person"
    )
    say(f"why: {result.held_back.why}")
    say(f"what you can do: {result.held_back.to_do}")


def _range(metric: "MetricEstimate | None") -> str:
    return "" if metric is None else f"{metric.low:.4g} – {metric.high:.4g}"


def _range_later(name: str, metric: "MetricEstimate | None") -> str:
    """Where nearly every AUC is possible, that it cannot be told."""
    if name == "auc" and metric is not None and metric.high - metric.low > WIDE_AUC:
        return "cannot be told"
    return _range(metric)


def card(result: "TrainingResult", home: Path) -> Path | None:
    """The model card on this machine; a remote tracking server keeps its own."""
    if result.registered is None:
        return None
    run = home / "mlflow" / "artifacts" / result.registered.run_id
    file = run / "artifacts" / "card" / "model_card.html"
    return file if file.is_file() else None
