"""Sections on single features: what may know too much, what may move one way only."""

from training.report.evidence import Evidence
from training.report.number_text import number_text
from wording.publication.page import Block, Items, Paragraph, Section, Table


def leaks(evidence: Evidence) -> Section:
    """Suspected features, and the danger scale."""
    learnt = evidence.learnt
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
    if evidence.leak is not None:
        one = evidence.leak
        blocks.append(
            Paragraph(
                f"The danger scale: were every feature known {one.days} days too late,"
                f" the AUC of {one.n:,} rows would read {one.too_late:.3f} instead of"
                f" {one.now:.3f}. A gain of that size is what a leak looks like."
            )
        )
    return Section("leaks", "Does it know too much?", tuple(blocks))


def directions(evidence: Evidence) -> Section:
    """What holding each direction costs, the dearest first."""
    together, *each = evidence.directions
    each.sort(key=lambda row: -row.cost)
    told = (
        "A feature may move the probability one way only where a rule makes that"
        " legitimate: more days past due never speak for a customer. The AUC is by"
        " small trees of the same rows, predicted by folds of customers; without one"
        " direction they are also another draw, so differences of a few thousandths"
        " are chance. One that costs more needs a reason, or goes."
    )
    rows = [
        (
            row.feature,
            row.direction,
            number_text(row.auc_with),
            number_text(row.auc_without),
            f"{row.cost:+.4f}",
        )
        for row in (together, *each)
    ]
    head = ("feature", "direction", "AUC with all", "without this", "what it costs")
    table = Table("What each direction costs, the dearest first.", head, tuple(rows))
    return Section("directions", "Directions it holds", (Paragraph(told), table))
