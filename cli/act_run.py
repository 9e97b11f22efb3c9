"""What `forbear act run` shows: what would be done, and who is left in between."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.clock import now_us
from cli.output import say, show_table

if TYPE_CHECKING:
    from execution.carry_out import Execution, Step
    from store.act import Act
    from store.acts import Acts

SHOWN = 100


def preview(acts: "Acts", name: str, execution: "Execution") -> int:
    """Show what would be done; how many acts are due."""
    from execution.errors import NotOfferedError, ProviderRefusedError

    due = acts.due(name, now_us(), SHOWN)
    rows = []
    for act in due:
        about = act.act_id, act.customer_id, act.subscription_id
        try:
            step = execution.preview(act)
        except (ProviderRefusedError, NotOfferedError) as error:  # of this one
            reason = getattr(error, "reason", "")
            failed = f"fail: {error.code}:{reason}".rstrip(":")
            rows.append((*about, "", failed, ""))
            continue
        would = {"ask": act.kind, "done": "report"}.get(step.what)
        would = would or f"{step.what}: {step.why}"
        rows.append((*about, step.stated, would, _bill(step)))
    say(
        f"{'1 act is' if len(due) == 1 else f'{len(due):,} acts are'} due and agreed to"
        " (of each customer the first); nothing was asked for"
    )
    if rows:
        show_table(
            "",
            ("act", "customer", "subscription", "now", "would", "billed on"),
            rows,
            is_copied=True,
        )
    return len(rows)


def _bill(step: "Step") -> str:
    """What the provider says of its bill while a subscription is suspended."""
    proof = {} if step.now is None else step.now.proof
    if step.what != "ask" or "is_billed_while_suspended" not in proof:
        return ""
    told = {True: "yes", False: "no", None: "not told"}
    billed = told[proof["is_billed_while_suspended"]]
    until: datetime | None = proof["cancel_until"]
    if until is None or until <= datetime.now(UTC):
        return billed
    return f"{billed}; can be cancelled until {until:%Y-%m-%d %H:%M} UTC"


def tell_stopped_in_part(acts: "Acts", told: "list[Act]") -> bool:
    """Name who is left between two states; whether anybody is."""
    from execution.stopped_in_part import stopped_in_part

    partly = stopped_in_part(acts, told)
    for one in partly:
        left = ", ".join(f"{name} ({why})" for name, why in one.left.items())
        say(
            f"{one.customer_id} is stopped in part: {', '.join(one.stopped)} is"
            f" stopped, not {left}. Plan anew (forbear act plan), or give it back:"
            f" forbear act undo {one.run_id} --by NAME"
        )
    return bool(partly)
