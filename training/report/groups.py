"""The section of the report that sets groups of customers side by side."""

from training.report.evidence import Evidence
from training.report.fairness import FairnessAudit, GroupMetrics
from training.report.group_differences import GroupDifference
from training.report.number_text import number_text, share_text
from wording.publication.page import Block, Paragraph, Section, Table


def fairness(evidence: Evidence) -> Section:
    """Groups side by side."""
    blocks: list[Block] = [
        Paragraph(
            "Flagged are the riskiest tenth of all test rows. A group in which it"
            " happened to nobody has no share found: it is left open, not counted as"
            " 0. Customers whose group is not known are a group of their own."
        )
    ]
    for one in evidence.audits:
        blocks += [_groups(one), Paragraph(_verdict(one))]
    if not evidence.audits:
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
        number_text(group.auc),
        f"{group.flagged:.1%}",
        share_text(group.good_flagged),
        share_text(group.bad_found),
    )


def _verdict(one: FairnessAudit) -> str:
    """How far groups differ by one attribute, in a sentence."""
    parts = [
        f"of {whom}, {apart.value:.1%} more are {what} in one group than in another,"
        f" {_beside_chance(apart)}"
        for whom, what, apart in (
            ("the good", "flagged", one.good_flagged_difference),
            ("the bad", "found", one.bad_found_difference),
        )
        if apart is not None
    ]
    level = ", ".join(one.out_of_level)
    parts.append(
        f"the level is surely off for {level}"
        if level
        else "no group's level is surely off"
    )
    return f"By {one.attribute}: {'; '.join(parts)}."


def _beside_chance(apart: GroupDifference) -> str:
    explains = "more than" if apart.is_beyond_chance else "no more than"
    return (
        f"{explains} chance explains (customers dealt to the groups at random differ by"
        f" up to {apart.by_chance:.1%})"
    )
