"""A recommendation in sentences, for the staff and for the customer."""

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from decisions.case import Case
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.policy_file.load import Policy
from decisions.recommendation import Recommendation
from wording.explanation.customer import customer_passages
from wording.explanation.passage import Passage, Subject
from wording.explanation.staff import staff_passages
from wording.messages import Wording

Audience = Literal["staff", "customer"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is told to the staff and what to the customer, in one language."""

    lang: str
    staff: tuple[Passage, ...]
    customer: tuple[Passage, ...]

    def text(self, audience: Audience = "staff") -> str:
        """The passages as plain text, one paragraph each."""
        passages = self.staff if audience == "staff" else self.customer
        return "\n".join(" ".join(passage.sentences) for passage in passages)


def explain(
    case: Case,
    recommendation: Recommendation,
    policy: Policy,
    lang: str,
    counterfactuals: Counterfactuals | None = None,
    zone: ZoneInfo | None = None,
) -> Explanation:
    """Say a recommendation in plain language.

    Args:
        case: what the policy looked at.
        recommendation: its answer to that case.
        policy: the policy that gave it.
        lang: one of `LANGUAGES`.
        counterfactuals: what would change the answer, where that was asked.
        zone: in which moments are told; None: the portfolio's, or the policy's where
            the case names none.

    Raises:
        UnknownLanguageError: when there is no such translation.
    """
    terms = policy.in_force(recommendation.at) or policy.latest
    zone = zone or case.zone or terms.zone
    words = Wording(lang, recommendation.question.currency, zone)
    subject = Subject(case, recommendation, terms, words, counterfactuals)
    return Explanation(lang, staff_passages(subject), customer_passages(subject))
