"""First and mature outcomes, as the report tells them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from advice.mature_window import PendingOutcomes
from features.moments import DAY_US, to_datetime
from monitoring.early_outcomes import CONFIDENCE, EarlyOutcomes
from monitoring.figures import Interval, ratios
from monitoring.mature_outcomes import MatureOutcomes
from monitoring.run import FourClocks
from monitoring.scan import CHANCE, LEAST_DAYS, LEAST_EVENTS, cell_name
from scoring.bundle import Bundle
from scoring.early_warning import Expectation
from wording.publication.page import (
    Block,
    Figure,
    Items,
    Paragraph,
    Table,
)

FRAUD_NOT_WATCHED = (
    "Signs of fraud are not compared day by day: fewer than"
    f" {LEAST_EVENTS} first signs, or {LEAST_DAYS} days, tell what is usual."
)


def day(moment: int) -> str:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(moment / 1e6, UTC).date().isoformat()


def early_blocks(cohorts: Sequence[EarlyOutcomes]) -> Iterator[Block]:
    """What is known so far of dates whose horizon is not over."""
    if not cohorts:
        yield Paragraph(
            "Nothing can be said: no model was trained on this portfolio's own outcomes"
            " yet, or none of them has matured."
        )
        return
    yield _known_so_far(cohorts)
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
        f"Intervals of {CONFIDENCE:.1%}, exact for two Poisson counts: what is known"
        " now, and the customers who tell how much should be. An alarm needs the whole"
        " interval outside of 0.8 to 1.25. The smallest seen is the ratio that rings in"
        " four of five cases at this size: a smaller change may be there and is not"
        " seen." + _of_batches(cohorts)
    )
    oldest = max(one.age_days for one in cohorts)
    for one in cohorts:
        if one.age_days == oldest and one.parts:
            rows = [
                (f"{part.name}: {part.observed:,} of {part.n:,}", part.expectation)
                for part in one.parts
            ]
            yield _ratio_figure(
                f"parts-{one.target}", f"{_cohort(one)}, in parts", rows
            )


def _of_batches(cohorts: Sequence[EarlyOutcomes]) -> str:
    """What makes intervals wide where a month's outcomes are known on one day."""
    batched = [one for one in cohorts if one.batches != (1.0, 1.0)]
    if not batched:
        return ""
    targets = " and ".join(dict.fromkeys(one.target for one in batched))
    return (
        f" Outcomes of {targets} come in batches, as where everybody is billed on one"
        " day: intervals also allow for the least and the most that so many days"
        " usually hold."
    )


def _known_so_far(cohorts: Sequence[EarlyOutcomes]) -> Table:
    """What is known of each cohort, beside what was expected by now."""
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
    return Table("Outcomes known so far", head, rows)


def sign_blocks(run: FourClocks) -> Iterator[Block]:
    """First signs of fraud, beside how many are usual."""
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


def mature_blocks(run: FourClocks, bundles: Sequence[Bundle]) -> Iterator[Block]:
    """By target what came true, or why nothing can be said."""
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
    none_yet = f"{one.target}: no date after the training is mature yet."
    return f"{none_yet}{_when(one)} {_rule(one)}"


def _when(one: PendingOutcomes) -> str:
    """Which date matures first, and when."""
    if one.next_at is None:
        return ""
    days = one.horizon_days + one.lag_days
    begins = _local(one, one.next_at - round(days * DAY_US))
    at = to_datetime(one.next_at).astimezone(ZoneInfo(one.timezone))
    return f" They begin on {at:%Y-%m-%d %H:%M}, with those of {begins}."


def _rule(one: PendingOutcomes) -> str:
    """From which date on outcomes tell, with the numbers that it follows from."""
    horizon, since = f"{one.horizon_days:g} days", _local(one, one.since)
    learnt = (
        f"The bundle does not record until when it learnt: dates count from {since} on"
        if one.learnt_until is None
        else f"The model learnt from dates until {_local(one, one.learnt_until)}; later"
        f" ones count once the outcomes of that date have ended, {horizon} on, from"
        f" {since}"
    )
    return (
        f"{learnt}. A date is mature when its own {horizon} are over, and"
        f" {one.lag_days:g} more in which outcomes become known."
    )


def _local(one: PendingOutcomes, moment: int) -> str:
    """The portfolio's day of a moment."""
    zone = ZoneInfo(one.timezone)
    return to_datetime(moment).astimezone(zone).date().isoformat()


def _judged(one: MatureOutcomes) -> Iterator[Block]:
    """Metrics, money and arms of one target."""
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
        f" {old.intercept:.4f} and {old.slope:.4f}. forbear recalibrate PORTFOLIO"
        f" --target {one.target} makes a challenger with such a map, drawn a little"
        f" towards the one in force, and forbear promote {one.target} compares it with"
        " the champion."
    )
