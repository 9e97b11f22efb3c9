"""The report of one model, section by section."""

from collections.abc import Iterator

import numpy as np

from scoring.intervals import MetricEstimate
from training.evaluation import plain_metrics
from training.model_card import EVENT, METRIC_NAMES
from training.plots import plots
from training.report import figures
from training.report.evidence import Evidence
from training.report.fairness import FairnessAudit, GroupMetrics
from wording.publication.page import Block, Items, Page, Paragraph, Section, Table

SPLITS = {
    "time": "The test rows lie later than every label that was learnt from.",
    "customers": "The portfolio has one moment, so other customers of the same moment"
    " judge the model; nothing here says how it does at a later one.",
    "customers_short_history": "The history is too short for a later period: the test"
    " rows are other customers, with all dates mixed. What separates them at one date"
    " need not at the next: these numbers flatter the model. Judge it again when more"
    " is known.",
    "cross_fitted": "There are too few outcomes to set a later period aside: every row"
    " was predicted by a model that never saw its customer, with all dates mixed. What"
    " separates customers at one date need not at the next: these numbers flatter the"
    " model.",
}
LEAST_SEGMENT = 30


def page_of(found: Evidence) -> Page:
    """The whole report of one model, in English."""
    sections = [population(found)]
    if found.learnt.judgement.metrics:
        sections += [
            discrimination(found),
            calibration(found),
            over_time(found),
            money(found),
            fairness(found),
        ]
    sections += [reasons(found), leaks(found), limits(found)]
    bundle = found.bundle
    return Page(
        lang="en",
        title=f"Model report: {found.target} of {bundle.settings.name}",
        lead=_lead(found),
        facts=(
            ("Model", f"{bundle.bundle_id} ({bundle.learner})"),
            ("Observed until", bundle.trained_on.isoformat()),
            ("Horizon", f"{bundle.horizon_days} days"),
            ("Data", bundle.data_hash[:16]),
        ),
        sections=tuple(sections),
        contents="Contents",
        footer="Every number is of rows the judged model never saw, unless it says"
        " otherwise.",
    )


def _lead(found: Evidence) -> str:
    metrics = found.learnt.judgement.metrics
    what = f"How well {found.bundle.bundle_id} knows whether {EVENT[found.target]}"
    within = f"within {found.bundle.horizon_days} days"
    if not metrics:
        return f"{what} {within}: it happened to too few customers to say."
    auc, ratio = found.later["auc"], found.later["observed_over_expected"]
    return (
        f"{what} {within}. In a later period of the same size expect an AUC of"
        f" {auc.low:.2f} to {auc.high:.2f}, and {ratio.low:.2f} to {ratio.high:.2f}"
        " times as many such customers as the probabilities say."
    )


def population(found: Evidence) -> Section:
    """For whom the numbers hold."""
    test, split = found.test, found.learnt.split.kind
    n_dates = len(np.unique(test.as_of))
    items = [
        (
            f"{len(test):,} test rows of {len(np.unique(test.customer)):,} customers on"
            f" {n_dates} date{'s' if n_dates > 1 else ''}, of which"
            f" {test.rate:.2%} happened."
        ),
        SPLITS[split],
        (
            "Customers whose outcome is unknown are left out, never counted as good; so"
            " are those known as fraudulent, long overdue or departed before."
        ),
    ]
    if found.with_access is not None:
        share = float(found.with_access.mean())
        items.append(
            f"{share:.1%} of the rows are of customers who had access at the moment:"
            " decisions are about these."
            + (
                f" Among them the AUC is {found.auc_with_access:.3f}."
                if found.auc_with_access is not None
                else ""
            )
        )
    else:
        items.append("The portfolio records no actions: everybody is taken as served.")
    return Section("population", "For whom this holds", (Items(tuple(items)),))


def discrimination(found: Evidence) -> Section:
    """Ranking, and what a look at the top of the list finds."""
    judged = found.learnt.judgement
    drawn = plots(found.learnt, found.target)
    head = ("metric", judged.learner, "95 % interval", "later period", *judged.others)
    rows = []
    for name, text in METRIC_NAMES.items():
        metric = judged.metrics[name]
        later = found.later.get(name)
        others = (f"{values[name]:.4f}" for values in judged.others.values())
        rows.append(
            (text, f"{metric.value:.4f}", _interval(metric), _interval(later), *others)
        )
    blocks: list[Block] = [
        Table(
            "Metrics of the test rows, beside the learners not used", head, tuple(rows)
        ),
        Paragraph(
            "The interval draws customers again and speaks of the period that was"
            " tested. The last column says where a later period of the same size is to"
            " be expected: it adds how dates differ, and that the next period is drawn"
            " by chance, too."
        ),
        Table(
            "Customers looked at, and those found",
            ("of each date's customers", "of those it happened to"),
            tuple((f"{s:.1%}", f"{v:.1%}") for s, v in found.found_at.items()),
        ),
        figures.found_at(found),
        figures.as_svg(
            drawn["roc.png"],
            "Bad customers found over good customers flagged, at every threshold.",
        ),
        figures.as_svg(
            drawn["precision_recall.png"],
            "Of those flagged how many are bad, over the share of the bad found.",
        ),
    ]
    return Section("discrimination", "Does it rank?", tuple(blocks))


def calibration(found: Evidence) -> Section:
    """Level by decile and by segment."""
    drawn = plots(found.learnt, found.target)
    head = ("tenth", "rows", "mean P", "observed", "positives")
    blocks: list[Block] = [
        figures.as_svg(
            drawn["calibration.png"],
            "Observed rate over mean probability, by tenth of the test rows, lowest"
            " first; on the dashed line the probabilities mean what they say.",
        ),
        Table("The same as numbers", head, figures.deciles(found)),
    ]
    rows = tuple(_segment_rows(found))
    if rows:
        blocks.append(
            Table(
                "By segment",
                ("segment", "rows", "mean P", "observed", "AUC"),
                rows,
            )
        )
    return Section(
        "calibration", "Do the probabilities mean what they say?", tuple(blocks)
    )


def _segment_rows(found: Evidence) -> Iterator[tuple[str, ...]]:
    judged = found.learnt.judgement
    for name in sorted(set(found.segments.astype(str))):
        own = found.segments == name
        if not name or own.sum() < LEAST_SEGMENT:
            continue
        label, p = judged.label[own], judged.p[own]
        ranks = 5 <= label.sum() < own.sum()
        auc = f"{plain_metrics(label, p)['auc']:.3f}" if ranks else "too few"
        yield name, f"{own.sum():,}", f"{p.mean():.2%}", f"{label.mean():.2%}", auc


def over_time(found: Evidence) -> Section:
    """Spread over test dates, and optimism over origins."""
    blocks: list[Block] = []
    if len(found.dates) > 1:
        rows = tuple(
            (
                found.day(d.as_of),
                f"{d.n:,}",
                f"{d.n_positives:,}",
                f"{d.observed_over_expected:.2f}",
                _number(d.auc),
                _number(d.pr_auc),
            )
            for d in found.dates
        )
        head = (
            "test date",
            "rows",
            "positives",
            "observed / expected",
            "AUC",
            "PR-AUC",
        )
        blocks += [Table("Test dates", head, rows), figures.over_time(found)]
    else:
        blocks.append(Paragraph("There is one test date: nothing is known of others."))
    blocks += list(_optimism(found))
    return Section("time", "Does it last?", tuple(blocks))


def _optimism(found: Evidence) -> Iterator[Block]:
    if not found.origins:
        yield Paragraph(
            "Training could not be rehearsed at an earlier moment: too little was known"
            " then, or there is one moment only. How far the report flatters is not"
            " known."
        )
        return
    rows = []
    for origin in found.origins:
        for name in ("auc", "pr_auc", "observed_over_expected"):
            reported = origin.reported[name]
            rows.append(
                (
                    found.day(origin.as_of),
                    METRIC_NAMES[name],
                    f"{reported.value:.3f}",
                    _interval(reported),
                    f"{origin.found[name]:.3f}",
                    "yes" if origin.is_covered(name) else "no",
                )
            )
    head = ("first date after", "metric", "reported", "later period", "found", "within")
    yield Table(
        "Training rehearsed with what was known at earlier moments", head, tuple(rows)
    )
    gaps = [o.reported["auc"].value - o.found["auc"] for o in found.origins]
    n = sum(o.is_covered(k) for o in found.origins for k in o.reported)
    yield Paragraph(
        f"Optimism: the AUC reported was on average {np.mean(gaps):+.3f} above what was"
        f" found. {n} of {len(rows)} intervals held what came. The choice of the"
        " learner and the calibration are part of every rehearsal."
    )
    yield figures.reported_and_found(found)


def money(found: Evidence) -> Section:
    """What decisions by this model alone would have cost."""
    one = found.savings
    if one is None:
        text = (
            "Not measured: no money at stake is known for enough rows, or the policy"
            " states no costs."
        )
        return Section("money", "What is it worth?", (Paragraph(text),))
    rows = tuple(
        (
            way.name,
            _money(way.per_customer),
            _percent(way.captured),
            f"{way.acted_on:.1%}",
            f"{way.good_stopped:.2f}",
        )
        for way in one.ways
    )
    head = (
        "decided by",
        f"saved, {one.currency} a row",
        "of the ceiling",
        "acted on",
        "good stopped of 1,000",
    )
    text = (
        f"{one.n:,} rows whose money is known, costs of {one.priced_with}, for what"
        f" really came; the other target and the policy's guard-rails are left out."
        f" Doing nothing costs {one.nothing:,.2f} {one.currency} a row; the model's"
        f" decisions cost {_money(one.regret)} more than if what came had been known."
        " The best single threshold was found on these very rows, and is flattered;"
        " the plain timeline acts as if every notice had arrived on its day."
    )
    blocks = (
        Table("Ways to decide", head, rows),
        Paragraph(text),
        figures.captured(found),
    )
    return Section("money", "What is it worth?", blocks)


def fairness(found: Evidence) -> Section:
    """Groups side by side."""
    blocks: list[Block] = [
        Paragraph(
            "Flagged are the riskiest tenth of all test rows. A group in which it"
            " happened to nobody has no share found: it is left open, not counted as"
            " 0. Customers whose group is not known are a group of their own."
        )
    ]
    for one in found.audits:
        blocks += [_groups(one), Paragraph(_verdict(one))]
    if not found.audits:
        blocks.append(
            Paragraph(
                "No groups are known: name a file of groups that are no features"
                " (--protected)."
            )
        )
    return Section("fairness", "Does it serve groups alike?", tuple(blocks))


def _groups(one: FairnessAudit) -> Table:
    head = (
        one.attribute,
        "rows",
        "positives",
        "mean P",
        "observed / expected",
        "AUC",
        "flagged",
        "of the good flagged",
        "of the bad found",
    )
    return Table(f"By {one.attribute}", head, tuple(map(_group_row, one.groups)))


def _group_row(group: GroupMetrics) -> tuple[str, ...]:
    ratio = "too few"
    if group.ratio is not None:
        value, low, high = group.ratio
        ratio = f"{value:.2f} ({low:.2f} to {high:.2f})"
    return (
        group.name,
        f"{group.n:,}",
        f"{group.n_positives:,}",
        f"{group.mean_p:.2%}",
        ratio,
        _number(group.auc),
        f"{group.flagged:.1%}",
        _share(group.good_flagged),
        _share(group.bad_found),
    )


def _verdict(one: FairnessAudit) -> str:
    parts = []
    if one.good_flagged_difference is not None:
        parts.append(
            f"between groups, {one.good_flagged_difference:.1%} of the good more are"
            " flagged in one than in another"
        )
    if one.bad_found_difference is not None:
        parts.append(
            f"the share of the bad found differs by {one.bad_found_difference:.1%}"
        )
    level = ", ".join(one.out_of_level)
    parts.append(
        f"the level is surely off for {level}"
        if level
        else "no group's level is surely off"
    )
    return f"By {one.attribute}: {'; '.join(parts)}."


def reasons(found: Evidence) -> Section:
    """What moves the probabilities."""
    one = found.reasons
    total = sum(one.family.values()) or 1.0
    rows = tuple(
        (name.replace("_", " "), f"{mass:.3f}", f"{mass / total:.1%}")
        for name, mass in list(one.family.items())[: figures.MOST_FAMILIES]
    )
    stability = (
        f"Over models of successive origins {one.overlap:.0%} of the families named for"
        " the riskiest customers stay the same."
        if one.overlap is not None
        else "How stable reasons are from one training to the next is not known: there"
        " are no two origins to compare."
    )
    head = ("family", "mean |contribution|", "share")
    blocks: list[Block] = [
        Table("Families of features", head, rows),
        Paragraph(stability),
    ]
    if one.parts.any():
        blocks.append(figures.contributions(found))
    return Section("reasons", "What moves it?", tuple(blocks))


def leaks(found: Evidence) -> Section:
    """Suspected features, and the danger scale."""
    learnt = found.learnt
    items = [
        f"{name}: {why} (nobody has accepted it)"
        for name, why in learnt.suspected.items()
    ]
    items += [f"{name}: accepted, {why}" for name, why in learnt.accepted.items()]
    items += [f"{alarm.text} [{alarm.code}]" for alarm in learnt.alarms]
    blocks: list[Block] = [
        Items(tuple(items))
        if items
        else Paragraph("No feature is suspected of a leak.")
    ]
    if found.leak is not None:
        one = found.leak
        blocks.append(
            Paragraph(
                f"The danger scale: were every feature known {one.days} days too late,"
                f" the AUC of {one.n:,} rows would read {one.too_late:.3f} instead of"
                f" {one.now:.3f}. A gain of that size is what a leak looks like."
            )
        )
    return Section("leaks", "Does it know too much?", tuple(blocks))


def limits(found: Evidence) -> Section:
    """Gates and what no number here can say."""
    gates = tuple(
        f"{'passed' if gate.is_passed else 'not passed'}: {gate.text}"
        for gate in found.learnt.judgement.gates
    )
    items = (
        (
            "Customers acted upon may have behaved otherwise; no action of the"
            " reseller is a label."
        ),
        (
            "Intervals speak of chance and of how dates differed so far, not of a"
            " change that never happened before."
        ),
    )
    return Section("limits", "Gates and limits", (Items(gates), Items(items)))


def _interval(metric: MetricEstimate | None) -> str:
    return "" if metric is None else f"{metric.low:.3f} to {metric.high:.3f}"


def _money(metric: MetricEstimate) -> str:
    return f"{metric.value:,.2f} ({metric.low:,.2f} to {metric.high:,.2f})"


def _percent(metric: MetricEstimate) -> str:
    if np.isnan(metric.value):
        return "unknown"
    return f"{metric.value:.0%} ({metric.low:.0%} to {metric.high:.0%})"


def _number(value: float | None) -> str:
    return "too few" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "too few" if value is None else f"{value:.1%}"
