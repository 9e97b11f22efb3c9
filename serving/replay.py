"""Compute a recorded decision again and compare it byte for byte."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from features.moments import to_datetime
from scoring.starter import bundle_folder
from serving.answer import Versions
from serving.champions import put_in_force
from serving.decide import answer_bytes, decide, read_question
from serving.language import Language
from serving.prior_decisions import PriorDecisions
from serving.request import parse_request
from serving.settings import ServingSettings
from store.decisions import Decision
from store.opening import open_decision_reader


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
        BundleGoneError: if a bundle it used is not there any more, or changed.
    """
    store = open_decision_reader(settings.home)
    try:
        decision = store.find(decision_id)
        policy_text = store.document(decision.policy_hash)
        versions = Versions.model_validate_json(decision.versions)
        settings_text = (
            None
            if versions.settings_hash is None
            else store.document(versions.settings_hash)
        )
    finally:
        store.close()
    ids = {}
    for target, used in versions.bundles.items():
        folder = bundle_folder(settings.home, target, used.bundle_id)
        manifest = folder / "manifest.json"
        if not manifest.is_file() or _sha256(manifest.read_bytes()) != (
            used.manifest_sha256
        ):
            raise BundleGoneError(used.bundle_id)
        ids[str(target)] = used.bundle_id
    in_force = put_in_force(
        settings.home, ids, policy_text, settings_text=settings_text
    )
    request, as_of = parse_request(decision.request), to_datetime(decision.as_of)
    language = cast("Language", decision.language)
    answer = decide(
        read_question(request, in_force, as_of, language),
        in_force,
        decision.decision_id,
        to_datetime(decision.recorded_at),
        PriorDecisions.from_json(decision.prior_decisions),
    )
    again = answer_bytes(answer)
    differences = _differences(json.loads(decision.answer), json.loads(again))
    return Replay(decision, again, tuple(differences))


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
