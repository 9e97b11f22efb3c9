"""What a person is needed for by an answer, and what it gains to look at it."""

from datetime import datetime

from decisions.actions import STOPS, Action
from features.moments import microseconds
from features.money import ten_thousandths
from serving.answer import ScoreAnswer
from store.waiting import WaitingCustomer

TOPICS = (
    "appeal",
    "approval",
    "service_request",
    "restore",
    "pause",
    "review",
    "breaker",
    "no_decision",
    "measure",
    "notice",
)
# why stops beyond a limit that customers share are withheld
BREAKER = frozenset({"suspension_budget", "kill_switch", "monitoring_alarm"})
# an answer about another moment says what would be; nobody waits for it
_LATEST_LAG_S = 900.0


def waiting_of(answer: ScoreAnswer) -> WaitingCustomer | None:
    """Whether and for what the customer waits for a person; None: not about now."""
    if (answer.recorded_at - answer.as_of).total_seconds() > _LATEST_LAG_S:
        return None
    topic, due_at = _topic(answer)
    measures = answer.permission.measures
    gain = _gain(answer, topic)
    return WaitingCustomer(
        customer_id=answer.customer_id,
        decision_id=answer.decision_id,
        as_of=microseconds(answer.as_of),
        topic=topic,
        action=answer.action,
        gain=None if gain is None else ten_thousandths(gain),
        due_at=None if due_at is None else microseconds(due_at),
        expires_at=microseconds(answer.expires_at),
        measure=measures[0].measure if measures else None,
    )


def _topic(answer: ScoreAnswer) -> tuple[str, datetime | None]:
    """What a person is needed for, the most pressing first, and until when."""
    follow_up, permission = answer.follow_up, answer.permission
    back = follow_up.reactivation
    is_new_stop = answer.action in STOPS and not permission.in_force
    if follow_up.appeal is not None:
        return "appeal", follow_up.appeal.decide_by
    if is_new_stop and answer.people.requires_person:
        return "approval", follow_up.review_by
    if answer.action == "service_request":
        return "service_request", follow_up.review_by
    if back is not None and back.by == "person":
        return "restore", back.restore_by
    pause_ends_at = _pause_ends_at(answer)
    if pause_ends_at is not None:
        return "pause", pause_ends_at
    if answer.action == "review" or _is_to_be_reviewed(answer):
        return "review", follow_up.review_by
    return _lesser_topic(answer), None


def _is_to_be_reviewed(answer: ScoreAnswer) -> bool:
    """Whether a person must look before the next answer, at a stop that goes on."""
    review_by = answer.follow_up.review_by
    is_soon = review_by is not None and review_by <= answer.expires_at
    return is_soon and answer.permission.in_force


def _lesser_topic(answer: ScoreAnswer) -> str:
    if any(reason.code in BREAKER for reason in answer.permission.withheld):
        return "breaker"
    if answer.no_decision is not None:
        return "no_decision"
    if any(one.approvals for one in answer.permission.measures):
        return "measure"
    return "notice" if answer.follow_up.notices_due else ""


def _pause_ends_at(answer: ScoreAnswer) -> datetime | None:
    """When a pause for suspected fraud ends by itself."""
    ends = (
        hold.until
        for hold in answer.permission.holds
        if hold.kind == "fraud" and not hold.protects and hold.cure is None
    )
    return next((end for end in ends if end is not None), None)


def _gain(answer: ScoreAnswer, topic: str) -> float | None:
    """Expected cost of what happens meanwhile less that of what is recommended.

    In major units. Of what the breaker stopped: less that of what costs least. Of a
    measure that people must agree to: what it saves beside the action. While access is
    off it is what staying so costs more, or less, than giving it back. Where costs do
    not decide it is the money at stake.
    """
    proposal = answer.proposal
    if proposal is not None and answer.question.mode != "cost":
        return proposal.stake.exposure
    if proposal is None or proposal.expected_cost is None or answer.action is None:
        return None
    cost = proposal.expected_cost
    if topic == "measure":
        return answer.permission.measures[0].net_gain
    if topic == "restore":
        return max(cost["suspend"] - cost["none"], 0.0)
    if topic == "pause":  # wrong either way: confirmed or ended
        return abs(cost[answer.action] - cost["none"])
    meanwhile: Action = answer.people.meanwhile_action or "none"
    wished: Action = answer.action
    if topic == "breaker":
        meanwhile, wished = answer.action, proposal.action
    return cost[meanwhile] - cost[wished]
