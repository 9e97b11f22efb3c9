"""The model card: what a person should know before they trust a probability.

Its text stands in `templates/model_card.md`; here are the numbers it names.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from markdown_it import MarkdownIt

from features.arrays import IntArray
from features.head_count import PopulationCount
from scoring.bundle import Bundle
from scoring.intervals import MetricEstimate
from training.access import NO_ACTIONS
from training.evaluation import Evaluation, done_better, remarks
from training.held_back import held_back
from training.later import by_date, later_of
from training.learning_curve import LearningCurve
from training.outlook import Outlook
from training.rows import Rows
from training.trained_model import TrainedModel
from wording.templates import render

EVENT = {
    "nonpayment": "a customer does not pay: becomes long overdue, is written off, or "
    "leaves owing",
    "fraud": "a customer turns out to be fraudulent",
}
METRIC_NAMES = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "ks": "KS",
    "observed_over_expected": "observed / expected",
    "calibration_intercept": "calibration intercept (0 is perfect)",
    "calibration_slope": "calibration slope (1 is perfect)",
    "ici": "integrated calibration index",
    "spiegelhalter_z": "Spiegelhalter Z",
}
MOST_FEATURES = 15
CURVE_HEAD = (
    "customers that teach",
    "positive rows",
    "AUC",
    "log-loss",
    "log-loss minus that of all",
)


def model_card(
    bundle: Bundle,
    learnt: TrainedModel,
    rows: Rows,
    seed: int,
    outlook: Outlook | None = None,
    curve: LearningCurve | None = None,
    count: PopulationCount | None = None,
) -> str:
    """The card in Markdown; numbers are of test rows the judged model never saw."""
    judgement, gains = learnt.judgement, list(learnt.gains.items())
    return render(
        "model_card.md",
        "training",
        bundle=bundle,
        seed=seed,
        outlook=outlook,
        curve=curve,
        count=count,
        curve_rows=curve_rows(curve),
        curve_head=CURVE_HEAD,
        event=EVENT[bundle.target],
        dates=_dates(bundle, rows),
        n_customers=f"{len(np.unique(rows.customer)):,}",
        n_rows=f"{len(rows):,}",
        n_positives=f"{rows.n_positives:,}",
        rate=f"{rows.rate:.2%}",
        n_test=f"{int(learnt.split.test.sum()):,}",
        split=learnt.split.kind,
        judgement=judgement,
        metric_head=(
            "metric",
            judgement.learner,
            "95 % interval",
            "later period",
            *judgement.others,
        ),
        metric_rows=tuple(_metrics(judgement, later_of(learnt, rows))),
        learnt=learnt,
        access=NO_ACTIONS if learnt.access is None else learnt.access,
        spread=_spread(judgement, rows.as_of[learnt.split.test]),
        held_back=held_back(bundle, learnt, rows),
        remarks=remarks(judgement.metrics),
        done_better=done_better(judgement),
        fitted=learnt.fitted,
        alarms=learnt.alarms,
        left_out=learnt.left_out,
        suspected=learnt.suspected,
        accepted=learnt.accepted,
        gains=[(name, f"{share:.1%}") for name, share in gains[:MOST_FEATURES]],
    )


def curve_rows(curve: LearningCurve | None) -> list[tuple[str, ...]]:
    """A row per point of a learning curve, with intervals; none without a curve."""
    return [
        (
            f"{one.n_customers:,}",
            f"{one.n_positives:,}",
            f"{one.auc.value:.4f} ({_range(one.auc)})",
            f"{one.log_loss.value:.5f}",
            ""
            if one.less is None
            else f"{one.less.difference:+.5f} ({one.less.low:+.5f} to"
            f" {one.less.high:+.5f})",
        )
        for one in (curve.points if curve else ())
    ]


def as_html(card: str, title: str, images: list[str]) -> str:
    """The card as one page, plots included by file name; raw HTML in it is shown."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return render(
        "model_card.html",
        "training",
        card=markdown.render(card),
        title=title,
        images=images,
    )


def _dates(bundle: Bundle, rows: Rows) -> str:
    dates = np.unique(rows.as_of)
    first, last = (_day(int(moment), bundle) for moment in (dates[0], dates[-1]))
    if len(dates) == 1:
        return f"on {first}"
    return f"on {len(dates)} dates, {first} to {last}"


def _spread(judgement: Evaluation, as_of: IntArray) -> str | None:
    """How far single test dates lie apart; None where there is one."""
    dates = by_date(judgement.label, judgement.p, as_of)
    ratios = [date.observed_over_expected for date in dates]
    ranks = [date.auc for date in dates if date.auc is not None]
    if len(dates) < 2:
        return None
    auc = f", an AUC of {min(ranks):.3f} to {max(ranks):.3f}" if ranks else ""
    return (
        f"The {len(dates)} test dates one by one have {min(ratios):.2f} to"
        f" {max(ratios):.2f} times as many as were expected{auc}."
    )


def _day(moment: int, bundle: Bundle) -> str:
    at = datetime.fromtimestamp(moment / 1e6, bundle.settings.zone)
    return at.date().isoformat()


def _metrics(
    judgement: Evaluation, later: Mapping[str, MetricEstimate]
) -> Iterator[tuple[str, ...]]:
    """A row per metric: value, intervals, and the values of other learners."""
    for name, text in METRIC_NAMES.items() if judgement.metrics else ():
        metric = judgement.metrics[name]
        others = (f"{values[name]:.4f}" for values in judgement.others.values())
        expected = later.get(name)
        yield text, f"{metric.value:.4f}", _range(metric), _range(expected), *others


def _range(metric: MetricEstimate | None) -> str:
    return "" if metric is None else f"{metric.low:.4f} to {metric.high:.4f}"
