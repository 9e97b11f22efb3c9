"""What the sentences of both audiences are made from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from math import floor
from typing import Any

from decisions.actions import STOPS, Action
from decisions.case import Case
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.recommendation import Recommendation
from decisions.terms import Terms
from features.money import UNITS
from wording.messages import Wording


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences on one topic; `topic` is a stable name, `title` is for people."""

    topic: str
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """One answer with all that sentences may quote."""

    case: Case
    answer: Recommendation
    terms: Terms
    words: Wording
    counterfactuals: Counterfactuals | None = None

    def passage(self, topic: str, sentences: Iterable[str]) -> tuple[Passage, ...]:
        """A passage, or nothing where there is nothing to say."""
        said = tuple(sentences)
        title = self.words.sentence(f"topics.{topic}")
        return (Passage(topic, title, said),) if said else ()

    @property
    def action(self) -> Action:
        """The recommended action; none where there is no decision."""
        return self.answer.action or "none"

    @property
    def is_stop(self) -> bool:
        """Whether access is taken away, or stays so."""
        return self.action in STOPS

    @property
    def is_by_fraud(self) -> bool:
        """Whether suspicion, not debt, is what the answer stands on."""
        return self.answer.permission.basis == "fraud"

    def is_ahead(self, when: date | None) -> bool:
        """Whether a moment or a local day is still to come."""
        if isinstance(when, datetime):
            return when > self.answer.at
        today = self.terms.calendar.local_day(self.answer.at)
        return when is not None and when > today

    def hold_kind(self, kind: str) -> str:
        """The kind as the policy treats it: what it does not know counts as manual."""
        return kind if self.words.has(f"staff.hold.{kind}") else "manual"

    def protected(self, code: str) -> str:
        """The code of a withheld reason; unknown kinds of holds count as manual."""
        held = {hold.kind for hold in self.answer.permission.holds}
        known = self.words.has(f"staff.withheld.{code}")
        return "manual" if code in held and not known else code

    def quoted(self) -> dict[str, Any]:
        """Numbers of the case and the policy by the names the messages use."""
        facts, document, terms = self.case.facts, self.terms.document, self.terms
        answer, rails = self.answer, self.terms.document.guardrails
        proposal = answer.proposal
        stability = None if proposal is None else proposal.stability
        return {
            "overdue": _major(facts.overdue),
            "actionable": _major(facts.actionable),
            "contested": _major(facts.contested),
            "promised": _major(facts.promised),
            "in_flight": _major(facts.in_flight),
            "days": facts.days_overdue,
            "materiality": terms.materiality,
            "min_invoice": document.clock.min_invoice,
            "p_bad": None if proposal is None else _below(1.0 - proposal.states.good),
            "p_fraud": _below(answer.p_fraud or 0.0),
            "min_p_bad": terms.min_p_bad,
            "min_p_block": terms.min_p_fraud_block,
            "min_p_path": terms.min_p_fraud_path,
            "exposure": None if proposal is None else proposal.stake.exposure,
            "min_exposure": terms.min_exposure,
            "min_net_gain": terms.min_net_gain,
            "min_tenure_days": rails.suspend.min_tenure_days,
            "cool_down_days": rails.suspend.cool_down_days,
            "stale_hours": rails.any.stale_hours,
            "decide_days": document.appeals.decide_days,
            "stability": round(stability or 0.0, 2),
        }


def _below(p: float) -> float:
    """To the thousandth and never up: what is below a floor must not look equal."""
    return floor(round(p * 1000, 6)) / 1000


def _major(units: int | None) -> float | None:
    return None if units is None else units / UNITS
