"""The passage on thresholds: where one action begins to pay more than another."""

from collections.abc import Iterator

from decisions.actions import ACTIONS, Action
from decisions.money.typed import tier_of
from decisions.terms import Edges
from features.targets import TARGETS, Target
from wording.explanation.comparison import compare, leading_target
from wording.explanation.frequency import fitting_base, frequency
from wording.explanation.passage import Subject

IN_TEXTS: tuple[Target, ...] = TARGETS[::-1]  # the likelier one comes first


def weighed(s: Subject) -> Iterator[str]:
    """Sentences of the passage `comparison`, for the staff."""
    comparison = compare(s.answer, s.terms)
    if comparison is not None:
        yield s.words.sentence(
            f"staff.comparison.{comparison.target}",
            milder=comparison.milder,
            harsher=comparison.harsher,
            good=comparison.dearer_if_good,
            bad=comparison.saved_if_bad,
        )
        base = fitting_base(comparison.probability, comparison.break_even)
        n = frequency(comparison.break_even, base).n
        yield s.words.sentence(
            "staff.comparison.break_even", harsher=comparison.harsher, n=n, base=base
        )
    if s.answer.question.mode == "cost":
        yield from _all_steps(s)
    if s.answer.question.mode == "thresholds":
        yield from _typed_tier(s)


def _all_steps(s: Subject) -> Iterator[str]:
    target = leading_target(s.answer)
    edges = s.answer.thresholds(s.terms.model).get(target, ())
    if not edges:
        return
    base = fitting_base(*(edge.probability for edge in edges))
    steps = [_step(s, edge.action, edge.probability, base) for edge in edges]
    yield s.words.sentence("staff.comparison.all", base=base, steps=", ".join(steps))


def _typed_tier(s: Subject) -> Iterator[str]:
    """The typed thresholds that count for this customer."""
    proposal = s.answer.proposal
    if proposal is None:
        return
    tier = tier_of(s.terms, proposal.stake.exposure, proposal.stake.clv)
    if tier is None:
        return
    yield s.words.sentence(
        "staff.comparison.tier", exposure=tier.exposure_from, clv=tier.clv_from
    )
    for target in IN_TEXTS:
        edges: Edges = getattr(tier, target)
        if edges:
            base = fitting_base(*(p for p, _ in edges))
            steps = [_step(s, ACTIONS[action], p, base) for p, action in edges]
            key = f"staff.comparison.typed.{target}"
            yield s.words.sentence(key, base=base, steps=", ".join(steps))


def _step(s: Subject, action: Action, p: float, base: int) -> str:
    n = frequency(p, base).n
    return s.words.say("staff.comparison.step", action=action, n=n)
