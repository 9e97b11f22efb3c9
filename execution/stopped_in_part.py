"""Customers of whom a run stopped some subscriptions and not the others.

What no longer holds is withdrawn act by act, so a policy that changes in the middle of
a run, or a provider that fails, leaves a customer between two states.
"""

from collections.abc import Iterable
from typing import NamedTuple

from store.act import Act
from store.acts import Acts

_MOST = 10_000
# nothing is left to stop there: somebody else did, it has ended, or it is given back
_NOTHING_LEFT = frozenset({"so_already", "provider_state", "undone", "planned_anew"})


class StoppedInPart(NamedTuple):
    """One customer.

    Args:
        run_id: that stopped a part.
        stopped: subscriptions that are stopped by it.
        left: by subscription that is not, why.
    """

    customer_id: str
    run_id: str
    stopped: tuple[str, ...]
    left: dict[str, str]


def stopped_in_part(acts: Acts, carried_out: Iterable[Act]) -> list[StoppedInPart]:
    """Of the runs and customers of these acts, those that are stopped in part.

    Args:
        acts: where they are written down.
        carried_out: of which something came just now.
    """
    stops = [act for act in carried_out if act.kind == "suspend"]
    about = dict.fromkeys((act.run_id, act.customer_id) for act in stops)
    seen = [_of_run(acts, *one) for one in about]
    return [one for one in seen if one.stopped and one.left]


def _of_run(acts: Acts, run_id: str, customer_id: str) -> StoppedInPart:
    listed = acts.listed(_MOST, run_id=run_id, kind="suspend", customer_id=customer_id)
    stopped = tuple(act.subscription_id for act in listed if _is_stopped(acts, act))
    left = {
        act.subscription_id: act.why or act.state
        for act in listed
        if act.state in ("withdrawn", "failed")
        and (act.why or "").partition(":")[0] not in _NOTHING_LEFT
    }
    return StoppedInPart(customer_id, run_id, stopped, left)


def _is_stopped(acts: Acts, act: Act) -> bool:
    what = act.provider, act.customer_id, act.subscription_id
    return act.state == "done" and acts.last_done(*what) == "suspend"
