"""From a run that was carried out to the acts that give back what it took."""

from secrets import token_hex
from typing import NamedTuple

from execution.measures import ENDS
from execution.planned_run import Run
from store.act import Act, ActKind, act_id_of
from store.acts import Acts

_END: dict[ActKind, ActKind] = {
    "suspend": "restore",
    **{measure: end for end, measure in ENDS.items()},
}


class UndoneRun(NamedTuple):
    """What is given back of a run.

    Args:
        run: what gives it back.
        n_withdrawn: acts that had not begun.
        n_under_way: acts of which it must be read whether they were done.
    """

    run: Run
    n_withdrawn: int
    n_under_way: int


def plan_undo(
    acts: Acts, run_id: str, by: str, now: int, customer_id: str | None = None
) -> UndoneRun:
    """What gives back all that one run took, by the order of a person.

    What the run had not begun is withdrawn. What was stopped anew by a later run, or
    given back already, is left as it is; so is a meter, which nobody can start again.

    Args:
        acts: where runs are written down.
        run_id: of the run.
        by: who orders it.
        now: microseconds since 1970 UTC.
        customer_id: whom alone something is given back; None: everybody.
    """
    undo_id = f"undo-{token_hex(6)}"
    counted = acts.end_run(run_id, now, customer_id)
    back = [
        Act(
            act_id=act_id_of(act.provider, undo_id, _END[act.kind], act.act_id),
            run_id=undo_id,
            decision_id=act.decision_id,
            customer_id=act.customer_id,
            subscription_id=act.subscription_id,
            kind=_END[act.kind],
            reason="manual",
            provider=act.provider,
            policy_hash=act.policy_hash,
            n_approvals=0,
            planned_at=now,
            due_at=now,
            ordered_by=by,
            amount=act.amount,
        )
        for act in acts.taken(run_id, customer_id)  # what went last comes back first
    ]
    return UndoneRun(Run(undo_id, back), *counted)
