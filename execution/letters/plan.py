"""From recorded decisions to letters: the notices each asks for."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from decisions.policy_file.load import parse_policy
from execution.latest_decisions import LatestDecisions
from execution.letters.carrier import EMAIL
from features.moments import microseconds
from store.act import Act
from store.decisions import Decision, DecisionReader
from store.letters import Letters, PlannedLetter, letter_id_of
from store.replies import Reply


class LetterPlan(NamedTuple):
    """What was planned together.

    Args:
        letters: in the order they are to be sent.
        n_decisions: that were looked at.
        decided_at: by letter, when the decision was recorded that asks for it.
    """

    letters: list[PlannedLetter]
    n_decisions: int
    decided_at: Mapping[str, int]


def plan_letters(decisions: DecisionReader, since: int, now: int) -> LetterPlan:
    """The notices that the last decision about each customer asks for, while it holds.

    Args:
        decisions: as recorded.
        since: of the first that is looked at, microseconds since 1970 UTC.
        now: microseconds since 1970 UTC.

    Raises:
        DecisionStoreError: the decisions cannot be read.
    """
    latest = LatestDecisions(decisions, since, now)
    letters: list[PlannedLetter] = []
    decided_at: dict[str, int] = {}
    for decision in latest:
        for letter in _letters_of(decision, now):
            letters.append(letter)
            decided_at[letter.letter_id] = decision.recorded_at
    return LetterPlan(letters, latest.n_decisions, decided_at)


def _letters_of(decision: Decision, now: int) -> Iterator[PlannedLetter]:
    answer = json.loads(decision.answer)
    if microseconds(datetime.fromisoformat(answer["expires_at"])) <= now:
        return
    for due in answer["follow_up"]["notices_due"]:
        yield PlannedLetter(
            letter_id=letter_id_of("notice", decision.decision_id, due["notice"]),
            customer_id=decision.customer_id,
            kind="notice",
            notice=due["notice"],
            about_id=decision.decision_id,
            channel=due["channel"],
            policy=answer["question"]["policy"],
            policy_hash=answer["question"]["policy_hash"],
            planned_at=now,
            due_at=now,
        )


def answer_of(reply: Reply, asked_by: PlannedLetter, now: int) -> PlannedLetter:
    """The letter that tells a customer how an appeal was decided.

    Args:
        reply: the appeal.
        asked_by: the letter it replies to, under whose policy it is decided.
        now: microseconds since 1970 UTC.
    """
    return PlannedLetter(
        letter_id=letter_id_of("answer", reply.reply_id, ""),
        customer_id=reply.customer_id,
        kind="answer",
        notice="",
        about_id=reply.reply_id,
        channel=asked_by.channel,
        policy=asked_by.policy,
        policy_hash=asked_by.policy_hash,
        planned_at=now,
        due_at=now,
    )


def restoration_letters(
    back: Iterable[Act],
    decisions: DecisionReader,
    letters: Letters,
    now: int,
) -> list[PlannedLetter]:
    """One letter to each customer to whom a run gives something back.

    They go out when it is back, by the channel of the customer's last letter.

    Args:
        back: the acts that give back, of one run.
        decisions: where the policies of decisions are.
        letters: sent before.
        now: microseconds since 1970 UTC.
    """
    by_customer = {act.customer_id: act for act in back}
    return [
        PlannedLetter(
            letter_id=letter_id_of("restoration", act.run_id, customer_id),
            customer_id=customer_id,
            kind="restoration",
            notice="",
            about_id=act.run_id,
            channel=next(
                (one.channel for one in reversed(letters.of_customer(customer_id))),
                EMAIL,
            ),
            policy=parse_policy(decisions.document(act.policy_hash)).reference,
            policy_hash=act.policy_hash,
            planned_at=now,
            due_at=now,
        )
        for customer_id, act in by_customer.items()
    ]
