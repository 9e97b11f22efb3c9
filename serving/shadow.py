"""A challenger answers what was decided, after the fact and apart from the service.

What a decision was made from is recorded with it. So a shadow needs nothing of the path
of an answer: it reads recorded decisions, whichever replica made them, in a process of
its own, and keeps what it finds in a table that no answer reads.
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import time_ns

from advice.advice import Advice
from features.targets import TARGETS
from monitoring.shadow import ComparedAdvice, ComparedDecision, Comparison
from scoring.bundle import Bundle
from serving.champions import InForce, in_force_now, put_together
from serving.decide import advised
from serving.errors import OURS, ProblemError
from serving.replay_errors import EventsGoneError, OtherFeaturesError, ReplayError
from serving.replay_run import ReplayRun
from serving.settings import ServingSettings
from store.decisions import Decision
from store.errors import StoreUnavailableError
from store.opening import open_decision_reader, open_shadows
from store.shadows import ChainedDecision, Decider, Shadow

_STEP = 200  # decisions looked at between two commits
OTHER_DECIDER = "other_models_or_policy"
ALTERED = "decision_altered"
# what says nothing of the challenger
NOT_ITS_FAULT = frozenset(
    {OTHER_DECIDER, ALTERED, EventsGoneError.code, OtherFeaturesError.code}
)


class SameAsChampionError(Exception):
    """A challenger that is the champion tells nothing."""

    code = "same_as_champion"

    def __init__(self) -> None:
        super().__init__(
            "there is no challenger: what was named are the models and the policy that"
            " are in force; `forbear train` on newer data makes one, or name another"
            " bundle or policy"
        )


def follow(
    settings: ServingSettings,
    bundles: Mapping[str, Bundle],
    policy: Path | None = None,
    since: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Shadow:
    """Ask a challenger what was decided since the last look, until this one began.

    Args:
        settings: of the service whose decisions these are.
        bundles: by target, the challenger's; other targets keep their champion.
        policy: the challenger's file; None: the policy in force.
        since: moment of the first decision, µs since 1970 UTC, of a shadow that has
            looked at nothing yet; None: of the first there is.
        progress: called with one line of text per step.

    Returns:
        The shadow as far as it is now.

    Raises:
        SameAsChampionError: there is nothing to compare.
        ScoringError, DecisionError, AdviceError: what does not fit together.
        NoDecisionsError, StoreUnavailableError: there are no decisions to read.
    """
    started = time_ns() // 1_000
    champion = in_force_now(settings)
    challenger = _challenger(champion, bundles, policy)
    pair = decider_of(champion), decider_of(challenger)
    if pair[0] == pair[1]:
        raise SameAsChampionError
    # as decisions of an earlier build name it
    former = replace(pair[0], policy_hash=champion.advisor.policy.full_hash)
    deciders = pair[0], former
    with (
        closing(ReplayRun(settings, open_decision_reader(*settings.store))) as run,
        closing(open_shadows(*settings.store)) as shadows,
    ):
        shadow = shadows.begun(*pair, since)
        while page := shadows.after(shadow, _STEP):
            further = _looked(run, shadow, page, deciders, challenger)
            if not shadows.advance(shadow, further):
                break  # another process goes on with it
            shadow = further
            progress(f"{shadow.n:,} decisions compared")
            if page[-1].recorded_at > started:
                break  # a busy service decides on; the next run goes on from here
        return shadow


def _challenger(
    champion: InForce, bundles: Mapping[str, Bundle], policy: Path | None
) -> InForce:
    text = champion.policy_text if policy is None else policy.read_text("utf-8")
    together = {**champion.advisor.bundles, **bundles}
    return put_together(together, text, champion.n_customers, champion.settings_text)


def decider_of(in_force: InForce) -> Decider:
    """What decides, as a shadow names it."""
    advisor = in_force.advisor
    ids = {target: bundle.bundle_id for target, bundle in advisor.bundles.items()}
    return Decider(ids, advisor.policy.hash)


def _looked(
    run: ReplayRun,
    shadow: Shadow,
    page: list[ChainedDecision],
    champions: Collection[Decider],
    challenger: InForce,
) -> Shadow:
    """The shadow after one more page."""
    comparison = Comparison.from_json(shadow.content)
    comparison.policy = challenger.advisor.policy.reference
    first_at, last_at, n_failed = shadow.first_at, shadow.last_at, shadow.n_failed
    for entry in page:
        found = _compared(run, entry, champions, challenger)
        if isinstance(found, str):
            comparison.leave_out(found)
            n_failed += found not in NOT_ITS_FAULT
            continue
        comparison.add(found)
        at = found.recorded_at
        first_at = at if first_at is None else min(first_at, at)
        last_at = at if last_at is None else max(last_at, at)
    total = comparison.total
    return replace(
        shadow,
        position=page[-1].position,
        updated_at=time_ns() // 1_000,
        first_at=first_at,
        last_at=last_at,
        n=total.n,
        n_failed=n_failed,
        n_different=total.n_different,
        stops_before=total.n_stops,
        stops_after=total.n_stops_after,
        content=comparison.to_json(),
    )


def _compared(
    run: ReplayRun,
    entry: ChainedDecision,
    champions: Collection[Decider],
    challenger: InForce,
) -> ComparedDecision | str:
    """Both answers; or the code of what prevents the comparison."""
    decision = entry.decision
    if decision is None:
        return ALTERED
    if _decided_by(decision) not in champions:
        return OTHER_DECIDER
    try:
        case = run.asked_of(decision, challenger)
        question = replace(
            case.question, with_counterfactuals=False, explains_none=False
        )
        advice = advised(question, challenger, case.prior)
    except StoreUnavailableError:
        raise
    except (ReplayError, ProblemError, *OURS) as error:
        return str(error.code)
    answer = json.loads(decision.answer)
    return ComparedDecision(
        decision_id=decision.decision_id,
        recorded_at=decision.recorded_at,
        segment=advice.facts.segment,
        open=answer["exposure"]["open"],
        champion=_side_of(answer),
        challenger=_side(advice),
    )


def _decided_by(decision: Decision) -> Decider:
    bundles = json.loads(decision.versions)["bundles"]
    ids = {target: used["bundle_id"] for target, used in bundles.items()}
    return Decider(ids, decision.policy_hash)


def _side_of(answer: dict[str, object]) -> ComparedAdvice:
    """What was answered then."""
    scores, proposal = answer["scores"], answer["proposal"]
    assert isinstance(scores, dict)  # noqa: S101 - our own answer
    known = {target: scores[target]["probability"] for target in TARGETS}
    cost = proposal["expected_cost"] if isinstance(proposal, dict) else None
    action = answer["action"]
    return ComparedAdvice(
        None if action is None else str(action),
        {target: p for target, p in known.items() if p is not None},
        cost,
    )


def _side(advice: Advice) -> ComparedAdvice:
    """What the challenger advises."""
    case, recommendation = advice.case, advice.recommendation
    known = {"fraud": case.p_fraud, "nonpayment": case.p_nonpayment}
    proposal = recommendation.proposal
    cost = None if proposal is None else proposal.expected_cost
    return ComparedAdvice(
        recommendation.action,
        {target: p for target, p in known.items() if p is not None},
        None if cost is None else {str(a): float(c) for a, c in cost.items()},
    )
