"""Compute a recorded decision again and compare it byte for byte."""

import json
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from features.moments import to_datetime
from scoring.starter import bundle_folder
from serving.answer import Versions, answer_bytes
from serving.champions import InForce, put_in_force
from serving.decide import Question, decide, read_question
from serving.errors import ProblemError
from serving.language import Language
from serving.prior_decisions import PriorDecisions, StoredEvents
from serving.request import parse_request
from serving.settings import ServingSettings
from serving.stored_customers import question_then
from store.decisions import Decision, DecisionReader
from store.errors import StoreUnavailableError
from store.opening import open_decision_reader, open_event_reader


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
    store = open_decision_reader(*settings.store)
    try:
        decision = store.find(decision_id)
        in_force = _in_force_then(settings.home, decision, store)
    finally:
        store.close()
    prior = PriorDecisions.from_json(decision.prior_decisions)
    answer = decide(
        _question_then(settings, decision, prior.stored, in_force),
        in_force,
        decision.decision_id,
        to_datetime(decision.recorded_at),
        prior,
    )
    again = answer_bytes(answer)
    differences = _differences(json.loads(decision.answer), json.loads(again))
    return Replay(decision, again, tuple(differences))


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
