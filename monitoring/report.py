"""The report of a run: a page for people that fetches nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from advice.mature_window import PendingOutcomes
from decisions.actions import STOPS
from monitoring.due_days import MOVED_DAYS, NOW_DAYS
from monitoring.early_outcomes import CONFIDENCE, EarlyOutcomes
from monitoring.figures import Interval, bars, ratios
from monitoring.inputs import SHIFTED, TargetInputs
from monitoring.mature_outcomes import MatureOutcomes
from monitoring.run import FourClocks
from monitoring.scan import CHANCE, LEAST_DAYS, LEAST_EVENTS, cell_name
from scoring.bundle import Bundle
from scoring.early_warning import Expectation
from wording.publication.page import (
    Block,
    Figure,
    Items,
    Page,
    Paragraph,
    Section,
    Table,
)
from wording.templates import render

_SHOWN = 12  # features


def page(run: FourClocks, bundles: Sequence[Bundle]) -> str:
    """The report as HTML."""
    return render("monitoring.html", "monitoring", page=report(run, bundles))


def report(run: FourClocks, bundles: Sequence[Bundle]) -> Page:
    """The report's parts."""
    return Page(
        lang="en",
        title=f"Was it true? {run.portfolio}",
        lead=_lead(run),
        facts=(
            ("Data until", day(run.as_of)),
            ("Customers", f"{run.n_customers:,}"),
            *((f"Model of {target}", one) for target, one in run.bundles.items()),
            ("Policy", run.policy_hash[:12]),
        ),
        sections=(
            Section("inputs", "Inputs: what comes in", tuple(_inputs(run))),
            Section("scores", "Scores: what is answered", tuple(_scores(run))),
            Section("early", "First outcomes", (*_early(run.early), *_signs(run))),
            Section("mature", "Mature outcomes", tuple(_mature(run, bundles))),
            Section("rests-on", "What this rests on", tuple(_rests_on(run))),
        ),
        contents="Clocks",
        footer="Alarms stop automation until a person releases them:"
        " forbear monitor release --by NAME --reason TEXT.",
    )


def day(moment: int) -> str:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(moment / 1e6, UTC).date().isoformat()


def _lead(run: FourClocks) -> str:
    causes = run.causes
    if not causes:
        return "Nothing rings: what is seen is as it was expected, at this size."
    return " ".join(f"{cause.why} [{cause.code}]." for cause in causes)


def _inputs(run: FourClocks) -> Iterator[Block]:
    head = ("table", "rows", "rejected", "last week", "weeks before", "quiet, days")
    rows = tuple(
        (
            one.table,
            f"{one.n_accepted:,}",
            f"{one.n_rejected:,}",
            f"{one.n_last_week:,}",
            "too few" if one.usual is None else f"{one.usual[0]:,} to {one.usual[1]:,}",
            "unknown" if one.quiet_days is None else f"{one.quiet_days:.1f}",
        )
        for one in run.tables
    )
    yield Table("Tables and how their rows arrive", head, rows)
    if run.terms is not None:
        terms = run.terms
        yield Paragraph(
            f"Of the {terms.n_customers:,} customers who were sent invoices in the last"
            f" {NOW_DAYS} days and in the year before, those of now ({terms.n_now:,})"
            f" fall due {terms.mean_now:.1f} days after their issue on average, those"
            f" before ({terms.n_before:,}) {terms.mean_before:.1f} (each customer"
            f" counts once). The terms moved by {terms.moved:.1f} days; they ring above"
            f" {MOVED_DAYS:g} days and four standard errors."
        )
    for target in run.no_reference:
        yield Paragraph(
            f"The bundle of {target} does not say what its training looked like: it is"
            " from an older release. Train again, and drift can be told."
        )
    for one in run.inputs:
        yield from _drift(one)


def _drift(one: TargetInputs) -> Iterator[Block]:
    yield Paragraph(
        f"{one.target}: {len(one.drifts)} features move the model. Weighted by how"
        f" much, they have moved by an index of {one.shift:.3f} (limit {SHIFTED}). With"
        " so many, one at least passes its own threshold by chance in 1 of 100 runs"
        " (Bonferroni). Features that grow with the calendar are listed and not"
        " counted."
    )
    first = one.drifts[:_SHOWN]
    yield bars(
        f"drift-{one.target}",
        f"{one.target}: index of the most important features, each at most 1",
        [(e.column, min(e.index, 1.0), min(e.threshold, 1.0)) for e in first],
    )
    head = ("feature", "weight", "index", "threshold", "distance", "unknown", "before")
    rows = tuple(
        (
            each.column + (" (calendar)" if each.column in one.ageing else ""),
            f"{one.importance[each.column]:.1%}",
            f"{each.index:.3f}",
            f"{each.threshold:.3f}",
            "" if each.moved is None else f"{each.moved:.2f}",
            f"{each.unknown_now:.1%}",
            f"{each.unknown_before:.1%}",
        )
        for each in first
    )
    yield Table(f"{one.target}: features against the training", head, rows)


def _scores(run: FourClocks) -> Iterator[Block]:
    head = ("model", "index", "threshold", "mean P now", "AUC if right")
    rows = tuple(
        (
            one.target,
            f"{one.drift.index:.3f}",
            f"{one.drift.threshold:.3f}",
            f"{one.mean_now:.2%}",
            "unknown" if one.expected_auc is None else f"{one.expected_auc:.3f}",
        )
        for one in run.scores
    )
    if rows:
        yield Table("Probabilities against the training", head, rows)
    usual = run.actions.usual
    yield Table(
        "Share of customers by recommended action",
        ("action", "now", "usual"),
        tuple(
            (
                action.replace("_", " "),
                f"{share:.2%}",
                "unknown" if usual is None else f"{usual[action]:.2%}",
            )
            for action, share in run.actions.shares.items()
        ),
    )
    stops = " or ".join(STOPS)
    yield Paragraph(
        f"Of {run.actions.n:,} customers drawn. Usual is the mean of runs before"
        " under the same policy and models, one per state of the data, from three on;"
        f" {stops} that begin twice as often, and by more than three standard errors,"
        " ring. A stop in force simply goes on."
    )


def _early(cohorts: Sequence[EarlyOutcomes]) -> Iterator[Block]:
    if not cohorts:
        yield Paragraph(
            "Nothing can be said: no model was trained on this portfolio's own outcomes"
            " yet, or none of them has matured."
        )
        return
    head = (
        "cohort",
        "customers",
        "known",
        "model expects",
        "as before",
        "smallest seen",
    )
    rows = tuple(
        (
            _cohort(one),
            f"{one.n:,}",
            f"{one.observed:,}",
            f"{one.by_model.expected:.1f}",
            f"{one.as_before.expected:.1f}",
            "none" if one.smallest_seen is None else f"{one.smallest_seen:g} times",
        )
        for one in cohorts
    )
    yield Table("Outcomes known so far", head, rows)
    yield _ratio_figure(
        "early-model",
        "Known over what the model expects",
        [(_cohort(one), one.by_model) for one in cohorts],
    )
    yield _ratio_figure(
        "early-before",
        "Known over what cohorts before had by then",
        [(_cohort(one), one.as_before) for one in cohorts],
    )
    yield Paragraph(
        f"Intervals of {CONFIDENCE:.1%}, exact for two Poisson counts; the share known"
        " by now is taken as certain. An alarm needs the whole interval outside of 0.8"
        " to 1.25. The smallest seen is the ratio that rings in four of five cases at"
        " this size: a smaller change may be there and is not seen."
    )
    for one in cohorts:
        if one.age_days == max(each.age_days for each in cohorts) and one.parts:
            yield _ratio_figure(
                f"parts-{one.target}",
                f"{_cohort(one)}, in parts",
                [
                    (f"{part.name}: {part.observed:,} of {part.n:,}", part.expectation)
                    for part in one.parts
                ],
            )


FRAUD_NOT_WATCHED = (
    "Signs of fraud are not compared day by day: fewer than"
    f" {LEAST_EVENTS} first signs, or {LEAST_DAYS} days, tell what is usual."
)


def _signs(run: FourClocks) -> Iterator[Block]:
    if run.fraud_signs is None:
        yield Paragraph(FRAUD_NOT_WATCHED)
        return
    scan = run.fraud_signs.scan
    head = ("first signs of fraud", "known", "usual", "strength", "smallest seen")
    rows = tuple(
        (
            cell_name(cell),
            f"{cell.observed:,}",
            f"{cell.expected:.1f}",
            f"{cell.strength:.2f}",
            "none" if cell.smallest_seen is None else f"{cell.smallest_seen:g} times",
        )
        for cell in scan.cells
    )
    yield Table("First signs of fraud, as they became known", head, rows)
    more = (
        f" Counts of two weeks swing {scan.batches:.1f} times as much as single signs"
        " would, so the strength is divided by that."
        if scan.batches > 1.0
        else ""
    )
    yield Paragraph(
        f"Usual is what the {scan.n_learnt:,} signs of the year before say, by the time"
        " since joining. The strength is the log-likelihood ratio of a rise by a"
        f" quarter or more; above {scan.limit:.2f} it rings, which chance alone does in"
        f" {CHANCE:.0%} of quarters.{more}"
    )


def _cohort(one: EarlyOutcomes) -> str:
    return f"{one.target}, {one.age_days} days"


def _ratio_figure(
    name: str, caption: str, rows: Sequence[tuple[str, Expectation]]
) -> Figure:
    intervals = [
        Interval(label, one.ratio, one.low, one.high, one.is_alarm)
        for label, one in rows
    ]
    return ratios(name, caption, intervals)


def _mature(run: FourClocks, bundles: Sequence[Bundle]) -> Iterator[Block]:
    for one in run.mature:
        if isinstance(one, PendingOutcomes):
            yield Paragraph(not_yet(one))
        else:
            yield from _judged(one)
            bundle = next(b for b in bundles if b.target == one.target)
            yield from _proposal(one, bundle)


def not_yet(one: PendingOutcomes) -> str:
    """Why mature outcomes say nothing."""
    if one.n_positives and not one.n_negatives:
        return (
            f"{one.target}: it happened on all {one.n_positives:,} mature rows of dates"
            " after the training; rows where it did not are needed to say something."
        )
    if one.n_positives:
        return (
            f"{one.target}: it happened on only {one.n_positives:,} mature rows of"
            " dates after the training; twenty are needed to say something."
        )
    if one.n_negatives:
        return (
            f"{one.target}: it happened on none of {one.n_negatives:,} mature rows of"
            " dates after the training; twenty are needed to say something."
        )
    when = "" if one.next_at is None else f" They begin on {day(one.next_at)}."
    return f"{one.target}: no date after the training is mature yet.{when}"


def _judged(one: MatureOutcomes) -> Iterator[Block]:
    rows = tuple(
        (name.replace("_", " "), f"{m.value:.3f}", f"{m.low:.3f} to {m.high:.3f}")
        for name, m in one.metrics.items()
    )
    if one.auc_before is not None:
        rows += (("auc at the training", f"{one.auc_before:.3f}", ""),)
    dates = f"{one.target}, {day(one.first)} to {day(one.last)}"
    head = (dates, "value", "99 % interval")
    yield Table(f"{one.target}: mature outcomes", head, rows)
    counted = f"{one.n:,} rows, one for each customer and date"
    lines = [f"{counted}; it happened on {one.n_positives:,} of them."]
    if one.money is not None:
        lines.append(
            f"What was open where it happened: {one.money.realised:,.0f}; expected were"
            f" {one.money.expected:,.0f} (in the portfolio's currency, at face value,"
            " at dates a horizon apart). Left out, as what was open is unknown:"
            f" {one.money.n_unknown:,} rows."
        )
    yield Items(tuple(lines))
    if one.arms:
        arms = tuple(
            (arm.name, f"{arm.n:,}", f"{arm.rate:.2%}", f"{arm.expected_rate:.2%}")
            for arm in one.arms
        )
        yield Table(
            f"{one.target}: by arm of recorded actions",
            ("arm", "rows", "happened", "expected"),
            arms,
        )


def _proposal(one: MatureOutcomes, bundle: Bundle) -> Iterator[Block]:
    if one.recalibrated is None:
        return
    old, new = bundle.calibration, one.recalibrated
    yield Paragraph(
        f"Recalibration proposed: intercept {new.intercept:.4f} and slope"
        f" {new.slope:.4f} of the log-odds map fit this window; in force are"
        f" {old.intercept:.4f} and {old.slope:.4f}. Train again (forbear train): its"
        " map is fitted on the latest mature window, and forbear promote compares it"
        " with the champion."
    )


def _rests_on(run: FourClocks) -> Iterator[Block]:
    judged = [one for one in run.mature if isinstance(one, MatureOutcomes)]
    stopped = [
        f"{one.target}: {one.stopped_share:.1%} of the mature customer dates are of"
        f" customers we stopped within 90 days; of {one.n_unknown:,} nobody can know"
        f" the outcome, and {one.positives_stopped:,} of {one.n_positives:,} that"
        " happened are among the stopped. What these would have done without a stop is"
        " not known: only the holdout arm tells."
        for one in judged
    ]
    oldest = max((one.age_days for one in run.early), default=0)
    seen = [
        f"{one.target}: at this size a change is seen in four of five cases from"
        f" {one.smallest_seen:g} times what is expected."
        for one in run.early
        if one.smallest_seen is not None and one.age_days == oldest
    ]
    lines = (*stopped, *seen)
    yield Items(lines) if lines else Paragraph("Outcomes say nothing yet.")
