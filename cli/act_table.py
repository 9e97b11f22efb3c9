"""A list of acts as people read it."""

from typing import TYPE_CHECKING

from cli.clock import now_us
from cli.output import say, show_table

if TYPE_CHECKING:
    from cli.act_options import Stores
    from store.act import Act
    from store.acts import Acts

REMINDED_HOURS = 24
MOST = 10_000  # acts that wait, which are counted
SHOWN = 20


def show_acts(acts: "Acts", listed: "list[Act]") -> None:
    """Acts with who agreed and what came of them."""
    from features.moments import to_datetime

    rows, moment = [], now_us()
    for act in listed:
        now = acts.find(act.act_id)
        agreed = f"{len(acts.approved_by(act.act_id))} of {now.n_approvals}"
        planned = to_datetime(now.planned_at)
        rows.append(
            (
                now.act_id,
                now.run_id,
                planned.isoformat(timespec="seconds"),
                now.provider,
                now.kind,
                now.customer_id,
                now.subscription_id,
                now.reason,
                agreed,
                _state(now, moment),
                now.why or "",
            )
        )
    if rows:
        head = (
            "act",
            "run",
            "planned",
            "at",
            "what",
            "customer",
            "subscription",
            "reason",
        )
        show_table("", (*head, "agreed", "state", "why"), rows, is_copied=True)


def show_waiting(stores: "Stores", provider: str) -> None:
    """Say which acts at a provider wait for people, and for whom."""
    acts = stores.acts
    waiting = [a for a in acts.waiting_for_people(MOST) if a.provider == provider]
    if not waiting:
        return
    n = len(waiting)
    say("1 act waits for people" if n == 1 else f"{n:,} acts wait for people")
    for act in waiting[:SHOWN]:
        about = f"{act.kind} {act.customer_id} {act.subscription_id}".rstrip()
        agreed = f"{len(acts.approved_by(act.act_id))} of {act.n_approvals} agreed"
        say(f"{act.act_id}  {about}: {agreed}; may agree: {_who_may(stores, act)}")
    say("to agree: the desk, or forbear act approve ACT --by NAME")


def _who_may(stores: "Stores", act: "Act") -> str:
    """The teams that the decision names."""
    import json

    from store.errors import UnknownDecisionError

    try:
        answer = json.loads(stores.decisions.find(act.decision_id).answer)
    except UnknownDecisionError:
        return "unknown, its decision is gone"
    return " or ".join(answer["people"]["approver_roles"]) or "an approver"


def remind(acts: "Acts", provider: str) -> None:
    """Say what is planned for the next day: pauses that end."""
    from features.moments import to_datetime

    now = now_us()
    for act in acts.of_later(provider, now, now + REMINDED_HOURS * 3_600_000_000):
        at = to_datetime(act.due_at).isoformat(timespec="minutes")
        say(
            f"{act.customer_id} {act.subscription_id}: access comes back at {at},"
            " unless a person confirms the fraud before"
        )


def _state(act: "Act", now: int) -> str:
    from features.moments import to_datetime

    if act.state != "planned" or act.due_at <= now:
        return act.state
    return f"planned for {to_datetime(act.due_at).isoformat(timespec='minutes')}"
