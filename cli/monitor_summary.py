"""What `forbear monitor` says on the terminal."""

from typing import TYPE_CHECKING

from cli.output import say, show_table
from features.counted import counted

if TYPE_CHECKING:
    from monitoring.run import FourClocks


def show(run: "FourClocks") -> None:
    """A line per thing that was compared, then what rings."""
    from features.moments import to_datetime

    say(f"{run.portfolio}, data until {to_datetime(run.as_of):%Y-%m-%d %H:%M} UTC")
    say(f"{run.count}")
    _inputs_and_scores(run)
    _early(run)
    _mature(run)
    causes = run.causes
    for cause in causes:
        clock = cause.clock.replace("_", " ")
        say(f"ALARM of {clock}: {cause.why} [{cause.code}]")
    if not causes:
        say("nothing rings: what is seen is as it was expected, at this size")


def _inputs_and_scores(run: "FourClocks") -> None:
    index_of = {one.target: one.least.index for one in run.scores}
    rows = [
        (one.target, len(one.drifts), one.shift, index_of[one.target])
        for one in run.inputs
    ]
    if rows:
        head = ("model", "features", "weighted index", "index of P")
        show_table("Against the training", head, rows)
    for target in run.no_reference:
        say(f"{target}: no reference of its training in the bundle; train again")
    for target in run.starters:
        say(f"{target}: the starter stands in, so nothing of its training can be told")


def _early(run: "FourClocks") -> None:
    """Outcomes known early, and first signs of fraud, beside what was expected."""
    rows = [
        (
            f"{one.target}, {counted(one.age_days, 'day')}",
            one.observed,
            one.by_model.expected,
            one.by_model.ratio,
            one.as_before.ratio,
            "none" if one.smallest_seen is None else f"{one.smallest_seen:g}",
        )
        for one in run.early
    ]
    head = ("outcomes so far", "known", "expected", "ratio", "to before", "seen from")
    if rows:
        show_table("", head, rows)
    if run.fraud_signs is None:
        from monitoring.report_outcomes import FRAUD_NOT_WATCHED

        say(FRAUD_NOT_WATCHED)
    else:
        from monitoring.scan import cell_name

        cell = run.fraud_signs.scan.strongest
        say(
            f"first signs of fraud {cell_name(cell)}: {cell.observed:,}, usual"
            f" {cell.expected:.1f}"
        )


def _mature(run: "FourClocks") -> None:
    """What came true of dates after the training, and what would set it right."""
    from monitoring.mature_outcomes import MatureOutcomes
    from monitoring.report_outcomes import not_yet

    for one in run.mature:
        if not isinstance(one, MatureOutcomes):
            say(not_yet(one))
            continue
        m = {name: metric.value for name, metric in one.metrics.items()}
        say(
            f"{one.target}: {one.n:,} mature rows after the training; observed over"
            f" expected {m['observed_over_expected']:.2f}, slope"
            f" {m['calibration_slope']:.2f}, AUC {m['auc']:.3f};"
            f" {one.stopped_share:.1%} of customers we stopped"
        )
        if one.recalibrated is not None:
            say(
                f"{one.target}: recalibration proposed, intercept"
                f" {one.recalibrated.intercept:.4f} and slope"
                f" {one.recalibrated.slope:.4f}: `forbear recalibrate PORTFOLIO"
                f" --target {one.target}`, then `forbear promote {one.target}`"
            )
