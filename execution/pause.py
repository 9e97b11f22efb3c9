"""A pause for suspected fraud ends by itself: its end is planned when it begins."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from features.moments import microseconds
from store.act import Act, act_id_of


def end_of_pause(act: Act, answer: Mapping[str, Any], now: int) -> Act | None:
    """The act that gives back what `act` took, at the moment the policy says.

    It is checked like any other when it is due: where a person has confirmed the fraud
    by then, or the customer's access is off for another reason, it is withdrawn.

    Args:
        act: done at `now`.
        answer: of the decision it was planned from.
        now: microseconds since 1970 UTC.

    Returns:
        None where it is no pause: another act, for another reason, a person's, or
        one that is undone, for which access comes back at once.
    """
    pause = answer.get("follow_up", {}).get("pause")
    is_pause = act.kind == "suspend" and act.reason == "fraud"
    is_of_person = act.n_approvals > 0 or act.ordered_by is not None
    if pause is None or not is_pause or is_of_person or act.is_undone:
        return None
    expires_at = microseconds(datetime.fromisoformat(pause["auto_expires_at"]))
    as_of = microseconds(datetime.fromisoformat(answer["as_of"]))
    return replace(
        act,
        act_id=act_id_of(act.provider, act.decision_id, "restore", act.subscription_id),
        kind="restore",
        state="planned",
        planned_at=now,
        # the service counts from the row that says when access went
        due_at=now + (expires_at - as_of),
        n_attempts=0,
        asked_at=None,
    )
