"""Recorded decisions computed again, one after the other, with what decided then."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Literal, cast

from advice.advice import Advice, Inputs
from features.events import Events
from features.moments import to_datetime
from features.reading.rows import empty_tables
from scoring.errors import BundleHashMismatchError
from scoring.starter import bundle_folder
from serving.ahead import until_now
from serving.answer import ScoreAnswer, Versions, answer_bytes
from serving.champions import InForce, put_in_force
from serving.decide import Question, decide, read_question
from serving.differences import Difference, differences
from serving.errors import ProblemError
from serving.language import Language
from serving.prior_decisions import PriorDecisions, StoredEvents
from serving.recorded_inputs import RecordedInputs
from serving.replay_errors import (
    BundleGoneError,
    EventsGoneError,
    OtherFeaturesError,
    OtherReleaseError,
)
from serving.request import ScoreRequest, parse_request
from serving.settings import ServingSettings
from serving.stored_customers import question_then
from store.decisions import Decision, DecisionReader
from store.opening import has_events, open_event_reader

# what was read again: the request's own events, stored events, or, where these are not
# there any more, the facts and features recorded with the decision
Basis = Literal["request", "events", "features"]

_KEPT = 8  # combinations of bundles and policy kept loaded


@dataclass(frozen=True, slots=True)
class Replay:
    """`is_identical` speaks of bytes; `differences` says where, for people.

    With basis `features` counterfactuals are not compared: they are tried on events.
    """

    decision: Decision
    answer: bytes
    basis: Basis
    is_identical: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """A recorded decision with all it was made from."""

    decision: Decision
    in_force: InForce
    prior: PriorDecisions
    question: Question
    basis: Basis
    recorded: RecordedInputs | None

    def answered(self, question: Question) -> tuple[ScoreAnswer, Advice]:
        """The answer to a question, given as on that day, and the advice in it."""
        answer, advice = decide(
            question,
            self.in_force,
            self.decision.decision_id,
            to_datetime(self.decision.recorded_at),
            self.prior,
        )
        recorded = self.decision.policy_hash
        if recorded == self.in_force.advisor.policy.full_hash:  # by an earlier build
            named = replace(answer.question, policy_hash=recorded)
            answer = replace(answer, question=named)
        return answer, advice


class ReplayRun:
    """Computes recorded decisions again, one after the other.

    Models and policies stay loaded from one decision to the next.

    Args:
        settings: where bundles and events are.
        decisions: the recorded ones; closed with the run.
        any_release: those of other releases as well, which may differ.
    """

    def __init__(
        self,
        settings: ServingSettings,
        decisions: DecisionReader,
        *,
        any_release: bool = False,
    ) -> None:
        self.decisions, self._any_release = decisions, any_release
        self._home = settings.home
        self._events = None
        if has_events(*settings.store):
            self._events = open_event_reader(*settings.store)
        self._in_force = lru_cache(_KEPT)(self._in_force_then)

    def close(self) -> None:
        self.decisions.close()
        if self._events is not None:
            self._events.close()

    def replay(self, decision: Decision) -> Replay:
        """Raises what `replay` does."""
        again = self.again(decision)
        answered, advice = again.answered(again.question)
        answer = answer_bytes(answered)
        recorded, replayed = json.loads(decision.answer), json.loads(answer)
        is_identical = answer == decision.answer
        if again.basis == "features" and not is_identical:
            del recorded["counterfactuals"], replayed["counterfactuals"]
            is_identical = recorded == replayed
        found = tuple(differences(recorded, replayed))
        if again.basis == "events" and again.recorded is not None:
            found += tuple(_differing_inputs(again, again.recorded, advice.inputs))
        is_identical &= not found
        return Replay(decision, answer, again.basis, is_identical, found)

    def again(self, decision: Decision) -> RecordedCase:
        """All that a decision was made from. Raises what `replay` does."""
        in_force = self._in_force(decision.versions, decision.policy_hash)
        return self.asked_of(decision, in_force)

    def asked_of(self, decision: Decision, in_force: InForce) -> RecordedCase:
        """What a decision was made from, as these models and this policy read it.

        Raises:
            EventsGoneError: as of `replay`.
            OtherFeaturesError: features alone are left, and they are others.
        """
        prior = PriorDecisions.from_json(decision.prior_decisions)
        request = parse_request(decision.request, in_force.advisor.settings)
        as_of = to_datetime(decision.as_of)
        recorded_at = to_datetime(decision.recorded_at)
        language = cast("Language", decision.language)
        if prior.stored is None:
            question = read_question(request, in_force, as_of, language)
            question = until_now(question, recorded_at)
            return RecordedCase(decision, in_force, prior, question, "request", None)
        recorded = None
        if decision.inputs is not None:
            recorded = RecordedInputs.from_json(decision.inputs)
        then = self._of_events(decision, request, prior.stored, in_force)
        if then is not None:
            then = until_now(then, recorded_at)
            return RecordedCase(decision, in_force, prior, then, "events", recorded)
        if recorded is None:
            raise EventsGoneError
        _require_same_features(decision, in_force)
        question = _of_inputs(request, recorded, decision, in_force)
        return RecordedCase(decision, in_force, prior, question, "features", recorded)

    def _of_events(
        self,
        decision: Decision,
        request: ScoreRequest,
        stored: StoredEvents,
        in_force: InForce,
    ) -> Question | None:
        """The question about the stored events of then; None where some are gone."""
        if self._events is None:
            return None
        as_of, language = (
            to_datetime(decision.as_of),
            cast("Language", decision.language),
        )
        try:
            question = question_then(
                request, self._events, stored.sequence, in_force, as_of, language
            )
        except ProblemError:
            return None
        return question if question.stored == stored else None

    def _in_force_then(self, recorded_versions: str, policy_hash: str) -> InForce:
        """The models, policy and settings that decided."""
        # first of all, for another release may have recorded its versions in another
        # form
        decided_by = json.loads(recorded_versions)["forbear"]
        if decided_by != version("forbear") and not self._any_release:
            raise OtherReleaseError(decided_by)
        versions = Versions.model_validate_json(recorded_versions)
        ids = {}
        for target, used in versions.bundles.items():
            folder = bundle_folder(self._home, target, used.bundle_id)
            if _sha256(folder / "manifest.json") != used.manifest_sha256:
                raise BundleGoneError(used.bundle_id)
            ids[str(target)] = used.bundle_id
        text, settings_hash = None, versions.settings_hash
        if settings_hash is not None:
            text = self.decisions.document(settings_hash)
        policy_text = self.decisions.document(policy_hash)
        try:
            return put_in_force(self._home, ids, policy_text, settings_text=text)
        except BundleHashMismatchError as changed:
            raise BundleGoneError(", ".join(ids.values())) from changed


def _sha256(file: Path) -> str | None:
    return sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _require_same_features(decision: Decision, in_force: InForce) -> None:
    recorded = json.loads(decision.versions)["bundles"]
    for target, bundle in in_force.advisor.bundles.items():
        used = recorded.get(target)
        if used is not None and used["feature_set_hash"] != bundle.feature_set.hash:
            raise OtherFeaturesError


def _of_inputs(
    request: ScoreRequest,
    recorded: RecordedInputs,
    decision: Decision,
    in_force: InForce,
) -> Question:
    """The question about what the events came to."""
    nothing = Events(request.customer_id, empty_tables(in_force.advisor.settings))
    return Question(
        events=nothing,
        as_of=to_datetime(decision.as_of),
        tables=recorded.facts.tables,
        has_contacts=False,  # what was asked for before is recorded
        observed_until=None,
        observed=recorded.observed,
        with_counterfactuals=False,
        explains_none=request.explain == "always",
        language=cast("Language", decision.language),
        warnings=recorded.warnings,
        inputs=recorded.inputs(),
    )


def _differing_inputs(
    again: RecordedCase, recorded: RecordedInputs, inputs: Inputs
) -> Iterator[Difference]:
    """Where facts and features of the events are not those of then."""
    question = again.question
    replayed = RecordedInputs.of(inputs, question.observed, question.warnings)
    if replayed != recorded:
        bundles = again.in_force.advisor.bundles
        names = {target: b.feature_set.names for target, b in bundles.items()}
        before, now = recorded.named(names), replayed.named(names)
        yield from differences(before, now, "/inputs")
