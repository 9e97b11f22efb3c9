"""The report of one model, section by section."""

from collections.abc import Iterator

import numpy as np

from training.access import NO_ACTIONS
from training.evaluation import plain_metrics, remarks
from training.model_card import EVENT, METRIC_NAMES
from training.plots import plots
from training.report import figures
from training.report.evidence import Evidence
from training.report.feature_checks import directions, leaks
from training.report.groups import fairness
from training.report.number_text import (
    interval_text,
    money_text,
    number_text,
    percent_text,
)
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
WORTH = "What is it worth?"


def page_of(evidence: Evidence) -> Page:
    """The whole report of one model, in English."""
    sections = [population(evidence)]
    if evidence.learnt.judgement.metrics:
        sections += [
            discrimination(evidence),
            calibration(evidence),
            over_time(evidence),
            money(evidence),
            fairness(evidence),
        ]
    sections += [reasons(evidence), leaks(evidence)]
    if evidence.directions:
        sections.append(directions(evidence))
    sections.append(limits(evidence))
    bundle = evidence.bundle
    return Page(
        lang="en",
        title=f"Model report: {evidence.target} of {bundle.settings.name}",
        lead=_lead(evidence),
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


def _lead(evidence: Evidence) -> str:
    metrics = evidence.learnt.judgement.metrics
    what = (
        f"How well {evidence.bundle.bundle_id} knows whether {EVENT[evidence.target]}"
    )
    within = f"within {evidence.bundle.horizon_days} days"
    if not metrics:
        return f"{what} {within}: it happened to too few customers to say."
    auc, ratio = evidence.later["auc"], evidence.later["observed_over_expected"]
    return (
        f"{what} {within}. In a later period of the same size expect an AUC of"
        f" {auc.low:.2f} to {auc.high:.2f}, and {ratio.low:.2f} to {ratio.high:.2f}"
        " times as many such customers as the probabilities say."
    )


def population(evidence: Evidence) -> Section:
    """For whom the numbers hold."""
    test, split = evidence.test, evidence.learnt.split.kind
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
    access = evidence.with_access
    items.append(NO_ACTIONS if access is None else str(access))
    return Section("population", "For whom this holds", (Items(tuple(items)),))


def discrimination(evidence: Evidence) -> Section:
    """Ranking, and what a look at the top of the list finds."""
    judged = evidence.learnt.judgement
    drawn = plots(evidence.learnt, evidence.test.customer, evidence.target)
    head = ("metric", judged.learner, "95 % interval", "later period", *judged.others)
    rows = []
    for name, text in METRIC_NAMES.items():
        metric = judged.metrics[name]
        later = evidence.later.get(name)
        others = (f"{values[name]:.4f}" for values in judged.others.values())
        rows.append(
            (
                text,
                f"{metric.value:.4f}",
                interval_text(metric),
                interval_text(later),
                *others,
            )
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
            ("of each date's customers", "of those it happened to", "95 % interval"),
            tuple(
                (f"{share:.1%}", f"{v.value:.1%}", f"{v.low:.1%} to {v.high:.1%}")
                for share, v in evidence.found_at.items()
            ),
        ),
        figures.found_at(evidence),
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


def calibration(evidence: Evidence) -> Section:
    """Level by decile and by segment."""
    drawn = plots(evidence.learnt, evidence.test.customer, evidence.target)
    head = ("tenth", "rows", "mean P", "observed", "95 % interval", "positives")
    blocks: list[Block] = [
        figures.as_svg(
            drawn["calibration.png"],
            "Observed rate over mean probability, by tenth of the test rows, lowest"
            " first; on the dashed line the probabilities mean what they say. Lines"
            " are 95 % intervals, in which a customer with rows of several dates"
            " counts once.",
        ),
        Table("The same as numbers", head, figures.deciles(evidence)),
    ]
    rows = tuple(_segment_rows(evidence))
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


def _segment_rows(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    judged = evidence.learnt.judgement
    for name in sorted(set(evidence.segments.astype(str))):
        own = evidence.segments == name
        if not name or own.sum() < LEAST_SEGMENT:
            continue
        label, p = judged.label[own], judged.p[own]
        ranks = 5 <= label.sum() < own.sum()
        auc = f"{plain_metrics(label, p)['auc']:.3f}" if ranks else "too few"
        yield name, f"{own.sum():,}", f"{p.mean():.2%}", f"{label.mean():.2%}", auc


def over_time(evidence: Evidence) -> Section:
    """Spread over test dates, and optimism over origins."""
    blocks: list[Block] = []
    if len(evidence.dates) > 1:
        rows = tuple(
            (
                evidence.day(d.as_of),
                f"{d.n:,}",
                f"{d.n_positives:,}",
                f"{d.observed_over_expected:.2f}",
                number_text(d.auc),
                number_text(d.pr_auc),
            )
            for d in evidence.dates
        )
        head = (
            "test date",
            "rows",
            "positives",
            "observed / expected",
            "AUC",
            "PR-AUC",
        )
        blocks += [Table("Test dates", head, rows), figures.over_time(evidence)]
    else:
        blocks.append(Paragraph("There is one test date: nothing is known of others."))
    blocks += list(_optimism(evidence))
    return Section("time", "Does it last?", tuple(blocks))


def _optimism(evidence: Evidence) -> Iterator[Block]:
    """How far earlier reports flattered, by what came of them."""
    if not evidence.origins:
        yield Paragraph(
            "Training could not be rehearsed at an earlier moment: too little was known"
            " then, or there is one moment only. How far the report flatters is not"
            " known."
        )
        return
    rows = []
    for origin in evidence.origins:
        for name in ("auc", "pr_auc", "observed_over_expected"):
            reported = origin.reported[name]
            rows.append(
                (
                    evidence.day(origin.as_of),
                    METRIC_NAMES[name],
                    f"{reported.value:.3f}",
                    interval_text(reported),
                    f"{origin.found[name]:.3f}",
                    "yes" if origin.is_covered(name) else "no",
                )
            )
    head = ("first date after", "metric", "reported", "later period", "found", "within")
    yield Table(
        "Training rehearsed with what was known at earlier moments", head, tuple(rows)
    )
    gaps = [o.reported["auc"].value - o.found["auc"] for o in evidence.origins]
    n = sum(o.is_covered(k) for o in evidence.origins for k in o.reported)
    gap = float(np.mean(gaps))
    yield Paragraph(
        f"Optimism: on average the AUC reported was {abs(gap):.3f}"
        f" {'higher' if gap > 0 else 'lower'} than what was found."
        f" {n} of {len(rows)} intervals held what came. The choice of the learner and"
        " the calibration are part of every rehearsal."
    )
    yield figures.reported_and_found(evidence)


def money(evidence: Evidence) -> Section:
    """What decisions by this model alone would have cost."""
    one = evidence.savings
    if one is None:
        text = (
            "Not measured: no money at stake is known for enough rows, or the policy"
            " states no costs."
        )
        return Section("money", WORTH, (Paragraph(text),))
    rows = tuple(
        (
            way.name,
            money_text(way.per_customer),
            percent_text(way.captured),
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
        f" decisions cost {money_text(one.regret)} more than if what came had been"
        " known."
        " The best single threshold was found on these very rows, and is flattered;"
        " the plain timeline acts as if every notice had arrived on its day."
    )
    blocks = (
        Table("Ways to decide", head, rows),
        Paragraph(text),
        figures.captured(evidence),
    )
    return Section("money", WORTH, blocks)


def reasons(evidence: Evidence) -> Section:
    """What moves the probabilities."""
    one = evidence.reasons
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
        blocks.append(figures.contributions(evidence))
    return Section("reasons", "What moves it?", tuple(blocks))


def limits(evidence: Evidence) -> Section:
    """Gates and what no number here can say."""
    gates = tuple(
        f"{'passed' if gate.is_passed else 'not passed'}: {gate.text}"
        for gate in evidence.learnt.judgement.gates
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
    said = tuple(remarks(evidence.learnt.judgement.metrics))
    blocks = (Items(gates), *((Items(said),) if said else ()), Items(items))
    return Section("limits", "Gates and limits", blocks)
