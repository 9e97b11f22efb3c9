"""What the passages of an explanation are made from: answer, terms and words."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from decisions.actions import STOPS, Action
from decisions.case import Case
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.recommendation import Recommendation
from decisions.terms import Terms
from features.facts import OpenItem
from features.made_often import dataclass
from wording.explanation.sums import Sums, in_own_currencies
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
        texts = tuple(sentences)
        title = self.words.sentence(f"topics.{topic}")
        return (Passage(topic, title, texts),) if texts else ()

    @property
    def late_items(self) -> list[OpenItem]:
        """Open invoices whose due day has ended."""
        today = self.terms.calendar.local_day(self.answer.at)
        return [item for item in self.case.facts.items if item.due_on < today]

    def sums(
        self, items: Iterable[OpenItem], part: Callable[[OpenItem], int], whole: int
    ) -> Sums:
        """What a part of the items comes to, in the currencies of the invoices."""
        return in_own_currencies(items, part, whole, self.words.currency)

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
