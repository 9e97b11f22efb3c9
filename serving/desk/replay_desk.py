"""Recorded decisions computed again, in the reader's language, with their reasons."""

import json
import threading
from dataclasses import dataclass, replace
from typing import Any

from advice.advice import Advice
from decisions.policy_file.load import Policy
from serving.answer import answer_bytes
from serving.errors import ProblemError
from serving.language import Language
from serving.replay_errors import ReplayError
from serving.replay_run import ReplayRun
from serving.settings import ServingSettings
from store.decisions import Decision
from store.errors import DecisionStoreError
from store.opening import open_decision_reader

# parts of an answer that no language changes
_SAME = "action", "scores", "exposure", "question", "proposal", "people"


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """A decision as it is shown.

    Args:
        answer: in the reader's language; as it was recorded where `refusal` is not
            None.
        advice, policy: what it was made from; None where it cannot be computed again.
        refusal: code of why not: another release decided, or what decided is gone.
    """

    answer: dict[str, Any]
    advice: Advice | None = None
    policy: Policy | None = None
    refusal: str | None = None


class ReplayDesk:
    """Computes one after the other; models and policies stay loaded in between.

    Args:
        settings: where bundles, decisions and events are.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._settings, self._lock = settings, threading.Lock()
        self._run: ReplayRun | None = None

    def again(self, decision: Decision, language: Language) -> ShownDecision:
        """The decision with reasons and counterfactuals; called in a thread."""
        recorded: dict[str, Any] = json.loads(decision.answer)
        try:
            with self._lock:
                answer, advice, policy = self._computed(decision, language)
        except (ReplayError, ProblemError, DecisionStoreError) as error:
            return ShownDecision(recorded, refusal=error.code)
        if any(answer[name] != recorded[name] for name in _SAME):
            return ShownDecision(recorded, refusal="replay_differs")
        return ShownDecision(answer, advice, policy)

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        with self._lock:
            if self._run is not None:
                self._run.close()

    def _computed(
        self, decision: Decision, language: Language
    ) -> tuple[dict[str, Any], Advice, Policy]:
        if self._run is None:
            reader = open_decision_reader(*self._settings.store)
            self._run = ReplayRun(self._settings, reader)
        again = self._run.again(decision)
        question = replace(
            again.question,
            with_counterfactuals=again.basis != "features",
            explains_none=True,
            language=language,
        )
        answer, advice = again.answered(question)
        shown: dict[str, Any] = json.loads(answer_bytes(answer))
        return shown, advice, again.in_force.advisor.policy
