"""What came in and what was answered, as the report tells it."""

from collections.abc import Iterator
from dataclasses import replace

from decisions.actions import STOPS
from monitoring.due_days import MOVED_DAYS, NOW_DAYS
from monitoring.figures import bars
from monitoring.report_outcomes import day
from monitoring.run import FourClocks
from monitoring.target_inputs import SHIFTED, TargetInputs
from wording.publication.page import (
    Block,
    Paragraph,
    Table,
)

_SHOWN = 12  # features


def input_blocks(run: FourClocks) -> Iterator[Block]:
    """Whom it is about, tables, terms of payment, features against the training."""
    yield Paragraph(f"{run.count}.")
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
    """Features of one model, by how much each weighs in it."""
    yield Paragraph(
        f"{one.target}: {len(one.drifts)} features move the model. Weighted by how"
        f" much, they have moved by an index of {one.shift:.3f} (limit {SHIFTED}). With"
        " so many, one at least passes its own threshold by chance in 1 of 100 runs"
        " (Bonferroni). Features that grow with the calendar are listed and not"
        " counted."
    )
    if one.same_day_at is not None:
        at_end = replace(one, calendar={}).shift
        yield Paragraph(
            f"Against the last moment of the training's data the index is {at_end:.3f}."
            " Part of that may be the day of the month, quarter or year alone, so each"
            " feature was compared with the same portfolio on"
            f" {day(one.same_day_at)}, too, the same day of one before the training"
            " ended: the smaller of both counts."
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


def score_blocks(run: FourClocks) -> Iterator[Block]:
    """Probabilities and recommended actions, against what was usual."""
    head = (
        "model",
        "index",
        "same age",
        "same day",
        "threshold",
        "mean P now",
        "AUC if right",
    )
    rows = tuple(
        (
            one.target,
            f"{one.drift.index:.3f}",
            "" if one.same_age is None else f"{one.same_age.index:.3f}",
            "" if one.same_day is None else f"{one.same_day.index:.3f}",
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
