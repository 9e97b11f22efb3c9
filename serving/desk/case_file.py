"""What a page shows of one decision: money, reasons, what is withheld, letters due."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from markupsafe import Markup

from advice.advice import Advice
from decisions.actions import ACTIONS, SEVERITY, Action
from decisions.policy_file.load import Policy
from execution.letters.notice_values import Addresses, notice_values
from serving.desk.page import chosen_language
from serving.desk.replay_desk import ReplayDesk
from serving.language import Language
from serving.many_scores import BatchTurnstile
from store.decisions import Decision
from wording.explanation import Passage, explain
from wording.letters import notice_letter
from wording.plots.cost_plot import NothingToPlotError, cost_plot


@dataclass(frozen=True, slots=True)
class DraftedLetter:
    """A letter that a notice asks for, in the customer's language."""

    notice: str
    channel: str
    lang: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One decision with all that a person needs to judge it.

    Args:
        decision: as it was recorded.
        answer: its answer, in the reader's language where `refusal` is None.
        refusal: code of why it cannot be computed again here; then there is no
            explanation, plot or letter.
        passages: the explanation for the staff.
        plot: expected costs over the probability, with this customer's point.
        letters: due now.
    """

    decision: Decision
    answer: dict[str, Any]
    refusal: str | None
    passages: tuple[Passage, ...] = ()
    plot: Markup | None = None
    letters: tuple[DraftedLetter, ...] = ()

    @property
    def milder(self) -> tuple[Action, ...]:
        """What a person may choose instead, the mildest first."""
        severity = SEVERITY[self.answer["action"] or "none"]
        return tuple(one for one in ACTIONS if SEVERITY[one] < severity)

    def is_over(self, now: datetime) -> bool:
        """Whether the recommendation holds no longer."""
        return datetime.fromisoformat(self.answer["expires_at"]) <= now


async def case_file(request: Request, decision: Decision) -> CaseFile:
    """The decision, computed again in the reader's language where that is possible."""
    language = chosen_language(request)
    replays: ReplayDesk = request.app.state.replay_desk
    turns: BatchTurnstile = request.app.state.many_turns
    async with turns.item:  # it may load the models of then: not many at once
        return await asyncio.to_thread(_filed, replays, decision, language)


def _filed(replays: ReplayDesk, decision: Decision, language: Language) -> CaseFile:
    again = replays.again(decision, language)
    if again.advice is None or again.policy is None:
        return CaseFile(decision, again.answer, again.refusal)
    advice, policy = again.advice, again.policy
    told = explain(
        advice.case,
        advice.recommendation,
        policy,
        language,
        advice.counterfactuals,
        # as the rest of the page, and the sentences of the answer
        (policy.in_force(advice.recommendation.at) or policy.latest).zone,
    )
    return CaseFile(
        decision,
        again.answer,
        None,
        told.staff,
        _plot(advice, policy, language),
        tuple(_letters(again.answer, policy)),
    )


def _plot(advice: Advice, policy: Policy, language: Language) -> Markup | None:
    """Wide, and narrow for a phone."""
    try:
        drawn = [
            cost_plot(advice.recommendation, policy, language, is_narrow=is_narrow)
            for is_narrow in (False, True)
        ]
    except NothingToPlotError:
        return None
    # every text in it is escaped where it is drawn
    return Markup("\n".join(drawn))  # noqa: S704


def _letters(answer: dict[str, Any], policy: Policy) -> list[DraftedLetter]:
    """What each notice that is due says; number and links come when it is sent."""
    at = datetime.fromisoformat(answer["as_of"])
    terms = policy.in_force(at) or policy.latest
    drafted = []
    for due in answer["follow_up"]["notices_due"]:
        values = notice_values(answer, due, terms, "…", "", Addresses())
        letter = notice_letter(values)
        drafted.append(
            DraftedLetter(
                due["notice"], due["channel"], values.lang, letter.subject, letter.text
            )
        )
    return drafted
