"""Compute a recorded decision again and compare it byte for byte."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from decisions.follow_up.counterfactual import Counterfactuals
from serving.answer import AnsweredReason, answer_bytes
from serving.language import Language
from serving.records import test_folder
from serving.replay_errors import (
    ReplayDiffersError,
)
from serving.replay_run import Replay, ReplayRun
from serving.settings import ServingSettings
from store.decisions import Decision
from store.errors import UnknownDecisionError
from store.opening import open_decision_reader

_EXPLANATION = frozenset({"reasons", "counterfactuals"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why it was decided so, and what would change it, as of then.

    `counterfactuals` is null where the events are not stored any more.
    """

    decision_id: str
    language: Language
    reasons: tuple[AnsweredReason, ...]
    counterfactuals: Counterfactuals | None


def replay(settings: ServingSettings, decision_id: str) -> Replay:
    """Answer the recorded request again with the recorded bundles and policy.

    Raises:
        UnknownDecisionError: if there is no such decision.
        OtherReleaseError: if another release decided; its rules may differ.
        BundleGoneError: if a bundle it used is not there any more, or changed.
        EventsGoneError: if stored events it rested on are not there any more, and no
            features were recorded with it.
    """
    with _replaying(settings, decision_id) as (run, decision):
        return run.replay(decision)


def decides_the_same(settings: ServingSettings, decision_id: str) -> bool:
    """Whether this release gives a decision's action and probabilities again.

    Whichever release made it: a later one may add to an answer, or reword it.

    Raises:
        UnknownDecisionError, BundleGoneError, EventsGoneError: as of `replay`.
        ValidationError: that release recorded its versions in another form.
    """
    with _replaying(settings, decision_id, any_release=True) as (run, decision):
        replayed = json.loads(run.replay(decision).answer)
    return _decided(json.loads(decision.answer)) == _decided(replayed)


def _decided(answer: dict[str, Any]) -> tuple[Any, ...]:
    scores = answer["scores"]
    return answer["action"], {name: scores[name]["probability"] for name in scores}


def explain(settings: ServingSettings, decision_id: str) -> Explanation:
    """The reasons of a recorded decision, also where its answer was given without.

    They come from the recorded request, bundles and policy, and only if these give the
    recorded answer again.

    Raises:
        ReplayDiffersError: they do not.
        UnknownDecisionError, OtherReleaseError, BundleGoneError, EventsGoneError: as of
            `replay`.
    """
    with _replaying(settings, decision_id) as (run, decision):
        again = run.again(decision)
    question = replace(
        again.question,
        with_counterfactuals=again.basis != "features",
        explains_none=True,
    )
    answer, _ = again.answered(question)
    recorded, replayed = json.loads(decision.answer), json.loads(answer_bytes(answer))
    if _without_explanation(recorded) != _without_explanation(replayed):
        raise ReplayDiffersError
    return Explanation(
        decision_id, answer.language, answer.reasons or (), answer.counterfactuals
    )


def _without_explanation(answer: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in answer.items() if k not in _EXPLANATION}


@contextmanager
def _replaying(
    settings: ServingSettings, decision_id: str, *, any_release: bool = False
) -> Iterator[tuple["ReplayRun", Decision]]:
    """The decision, of the real ones or those of test keys."""
    reader = open_decision_reader(*settings.store)
    run = ReplayRun(settings, reader, any_release=any_release)
    try:
        decision = run.decisions.find(decision_id)
    except UnknownDecisionError:
        run.close()
        apart = test_folder(settings.home)
        if not apart.is_dir():
            raise
        reader = open_decision_reader(apart)
        run = ReplayRun(settings, reader, any_release=any_release)
        decision = run.decisions.find(decision_id)
    try:
        yield run, decision
    finally:
        run.close()
