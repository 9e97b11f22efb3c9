"""Compute a recorded decision again and compare it byte for byte."""

import json
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from decisions.follow_up.counterfactual import Counterfactuals
from features.moments import to_datetime
from scoring.starter import bundle_folder
from serving.answer import AnsweredReason, ScoreAnswer, Versions, answer_bytes
from serving.champions import InForce, put_in_force
from serving.decide import Question, decide, read_question
from serving.errors import ProblemError
from serving.language import Language
from serving.prior_decisions import PriorDecisions, StoredEvents
from serving.records import test_folder
from serving.request import parse_request
from serving.settings import ServingSettings
from serving.stored_customers import question_then
from store.decisions import Decision, DecisionReader
from store.errors import StoreUnavailableError, UnknownDecisionError
from store.opening import open_decision_reader, open_event_reader

_EXPLANATION = frozenset({"reasons", "counterfactuals"})


class ReplayError(Exception):
    """Base of what makes a replay impossible."""

    code = "replay_error"


class BundleGoneError(ReplayError):
    code = "bundle_gone"

    def __init__(self, bundle_id: str) -> None:
        super().__init__(
            f"the bundle {bundle_id} is no longer on the shelf as it was;"
            " bring bundles/ back from a backup"
        )


class EventsGoneError(ReplayError):
    code = "events_gone"

    def __init__(self) -> None:
        super().__init__(
            "the stored events it was decided on are not there any more: they were"
            " erased, or events.sqlite is of another day than decisions.sqlite"
        )


class ReplayDiffersError(ReplayError):
    code = "replay_differs"

    def __init__(self) -> None:
        super().__init__(
            "what was recorded gives another answer now, so its reasons would be those"
            " of another decision; `forbear replay` says where they differ"
        )


class OtherReleaseError(ReplayError):
    code = "other_release"

    def __init__(self, decided_by: str) -> None:
        super().__init__(
            f"decided by forbear {decided_by}, this is {version('forbear')}:"
            f" install forbear=={decided_by} to compute it again"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of the answer that came out differently."""

    path: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """`is_identical` speaks of bytes; `differences` says where, for people."""

    decision: Decision
    answer: bytes
    differences: tuple[Difference, ...]

    @property
    def is_identical(self) -> bool:
        return self.answer == self.decision.answer


def replay(settings: ServingSettings, decision_id: str) -> Replay:
    """Answer the recorded request again with the recorded bundles and policy.

    Raises:
        UnknownDecisionError: if there is no such decision.
        OtherReleaseError: if another release decided; its rules may differ.
        BundleGoneError: if a bundle it used is not there any more, or changed.
        EventsGoneError: if stored events it rested on are not there any more.
    """
    again = _again(settings, decision_id)
    answer = answer_bytes(again.answered(again.question))
    recorded = again.decision.answer
    differences = _differences(json.loads(recorded), json.loads(answer))
    return Replay(again.decision, answer, tuple(differences))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why it was decided so, and what would change it, as of then."""

    decision_id: str
    language: Language
    reasons: tuple[AnsweredReason, ...]
    counterfactuals: Counterfactuals | None


def explain(settings: ServingSettings, decision_id: str) -> Explanation:
    """The reasons of a recorded decision, also where its answer was given without.

    They come from the recorded request, bundles and policy, and only if these give the
    recorded answer again.

    Raises:
        ReplayDiffersError: they do not.
        UnknownDecisionError, OtherReleaseError, BundleGoneError, EventsGoneError: as of
            `replay`.
    """
    again = _again(settings, decision_id)
    question = replace(again.question, with_counterfactuals=True, explains_none=True)
    answer = again.answered(question)
    recorded, replayed = (
        json.loads(again.decision.answer),
        json.loads(answer_bytes(answer)),
    )
    if _without_explanation(recorded) != _without_explanation(replayed):
        raise ReplayDiffersError
    return Explanation(
        decision_id, answer.language, answer.reasons or (), answer.counterfactuals
    )


def _without_explanation(answer: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in answer.items() if k not in _EXPLANATION}


@dataclass(frozen=True, slots=True)
class _Again:
    """A recorded decision with all it was made from."""

    decision: Decision
    in_force: InForce
    prior: PriorDecisions
    question: Question

    def answered(self, question: Question) -> ScoreAnswer:
        return decide(
            question,
            self.in_force,
            self.decision.decision_id,
            to_datetime(self.decision.recorded_at),
            self.prior,
        )


def _again(settings: ServingSettings, decision_id: str) -> _Again:
    try:
        decision, in_force = _recorded(settings.home, settings.store, decision_id)
    except UnknownDecisionError:
        apart = test_folder(settings.home)
        if not apart.is_dir():
            raise
        decision, in_force = _recorded(settings.home, (apart, None), decision_id)
    prior = PriorDecisions.from_json(decision.prior_decisions)
    question = _question_then(settings, decision, prior.stored, in_force)
    return _Again(decision, in_force, prior, question)


def _question_then(
    settings: ServingSettings,
    decision: Decision,
    stored: StoredEvents | None,
    in_force: InForce,
) -> Question:
    request = parse_request(decision.request, in_force.advisor.settings)
    as_of = to_datetime(decision.as_of)
    language = cast("Language", decision.language)
    if stored is None:
        return read_question(request, in_force, as_of, language)
    try:
        with closing(open_event_reader(*settings.store)) as reader:
            question = question_then(
                request, reader, stored.sequence, in_force, as_of, language
            )
    except (ProblemError, StoreUnavailableError) as error:
        raise EventsGoneError from error
    if question.stored != stored:
        raise EventsGoneError
    return question


def _recorded(
    home: Path, store: tuple[Path, str | None], decision_id: str
) -> tuple[Decision, InForce]:
    reader = open_decision_reader(*store)
    try:
        decision = reader.find(decision_id)
        return decision, _in_force_then(home, decision, reader)
    finally:
        reader.close()


def _in_force_then(home: Path, decision: Decision, store: DecisionReader) -> InForce:
    """The models, policy and settings that decided."""
    # first of all, for another release may have recorded its versions in another form
    decided_by = json.loads(decision.versions)["forbear"]
    if decided_by != version("forbear"):
        raise OtherReleaseError(decided_by)
    versions = Versions.model_validate_json(decision.versions)
    ids = {}
    for target, used in versions.bundles.items():
        manifest = bundle_folder(home, target, used.bundle_id) / "manifest.json"
        if not manifest.is_file() or _sha256(manifest.read_bytes()) != (
            used.manifest_sha256
        ):
            raise BundleGoneError(used.bundle_id)
        ids[str(target)] = used.bundle_id
    settings_hash = versions.settings_hash
    return put_in_force(
        home,
        ids,
        store.document(decision.policy_hash),
        settings_text=None if settings_hash is None else store.document(settings_hash),
    )


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


def _differences(recorded: Any, replayed: Any, path: str = "") -> list[Difference]:  # noqa: ANN401 - JSON
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        return [
            difference
            for key in sorted(recorded.keys() | replayed.keys())
            for difference in _differences(
                recorded.get(key), replayed.get(key), f"{path}/{key}"
            )
        ]
    if (
        isinstance(recorded, list)
        and isinstance(replayed, list)
        and len(recorded) == len(replayed)
    ):
        return [
            difference
            for i, (one, other) in enumerate(zip(recorded, replayed, strict=True))
            for difference in _differences(one, other, f"{path}/{i}")
        ]
    if recorded == replayed and type(recorded) is type(replayed):
        return []
    return [Difference(path, recorded, replayed)]
