"""The report of a run: a page for people that fetches nothing."""

from collections.abc import Iterator, Sequence

from monitoring.mature_outcomes import MatureOutcomes
from monitoring.report_inputs import input_blocks, score_blocks
from monitoring.report_outcomes import day, early_blocks, mature_blocks, sign_blocks
from monitoring.run import FourClocks
from scoring.bundle import Bundle
from wording.publication.page import (
    Block,
    Items,
    Page,
    Paragraph,
    Section,
)
from wording.templates import render


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
            ("In the models' population", f"{run.count.n_population:,}"),
            *((f"Model of {target}", one) for target, one in run.bundles.items()),
            ("Policy", run.policy_hash[:12]),
        ),
        sections=(
            *_rings(run),
            Section("inputs", "Inputs: what comes in", tuple(input_blocks(run))),
            Section("scores", "Scores: what is answered", tuple(score_blocks(run))),
            Section(
                "early", "First outcomes", (*early_blocks(run.early), *sign_blocks(run))
            ),
            Section("mature", "Mature outcomes", tuple(mature_blocks(run, bundles))),
            Section("rests-on", "What this rests on", tuple(_rests_on(run))),
        ),
        contents="Clocks",
        footer="Alarms stop automation until a person releases them:"
        " forbear monitor release --by NAME --reason TEXT.",
    )


def _lead(run: FourClocks) -> str:
    if not run.causes:
        return "Nothing rings: what is seen is as it was expected, at this size."
    return (
        "Something rings. Where it was recorded, and no person has released it lately,"
        " it stops automation: nobody new is suspended or blocked."
    )


def _rings(run: FourClocks) -> Iterator[Section]:
    """Each cause on a line of its own; no section where nothing rings."""
    causes = tuple(f"{cause.why} [{cause.code}]." for cause in run.causes)
    if causes:
        yield Section("rings", "What rings", (Items(causes),))


def _rests_on(run: FourClocks) -> Iterator[Block]:
    """What our own stops hide, and which changes would not be seen."""
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
