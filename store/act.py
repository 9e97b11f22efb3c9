"""One act at the provider, as it is written down; moments are µs since 1970 UTC."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Literal, get_args

from features.contract import MeasureName

# of measures that can be ended: nobody can start a meter again
EndKind = Literal[
    "end_limit_spending", "end_restrict", "end_stop_charging", "end_prepayment"
]
ActKind = Literal["suspend", "restore", "open_request", MeasureName, EndKind]
ActState = Literal["planned", "asked", "done", "withdrawn", "failed"]
ACT_KINDS: tuple[ActKind, ...] = get_args(ActKind)
ACT_STATES: tuple[ActState, ...] = get_args(ActState)
UNKNOWN_WHETHER_DONE = "unknown_whether_done"  # why an act was left to a person
PLANNED_ANEW = "planned_anew"  # why one that waited for people was withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing to be done at the provider for one decision.

    Args:
        act_id: the same however often it is planned or asked for.
        run_id: of what was planned together, and can be undone together.
        subscription_id: empty where the act is about the customer as a whole.
        reason: why the decision took access: `fraud`, `nonpayment`, or `manual`.
        policy_hash: of the policy that decided; under another the act is withdrawn.
        n_approvals: people who must agree before it is carried out.
        due_at: not tried before.
        asked_at: when the provider was asked last; None: it never was.
        why: code of what kept it from being done.
        proof: JSON: what the provider said afterwards.
        is_reported: its row of `actions` has arrived among the events.
        ordered_by: the person who ordered it; it is not checked again.
        is_undone: its run was undone while it was under way: it is only read at the
            provider, and not asked for again.
        amount: of a spending limit, in ten-thousandths of the currency the provider
            bills in; of the end of one: which limit is to end, None: whichever stands.
    """

    act_id: str
    run_id: str
    decision_id: str
    customer_id: str
    subscription_id: str
    kind: ActKind
    reason: str
    provider: str
    policy_hash: str
    n_approvals: int
    planned_at: int
    due_at: int
    state: ActState = "planned"
    n_attempts: int = 0
    asked_at: int | None = None
    settled_at: int | None = None
    why: str | None = None
    proof: str | None = None
    is_reported: bool = False
    ordered_by: str | None = None
    is_undone: bool = False
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimedAct:
    """An act that nobody else carries out while the lease lasts."""

    act: Act
    lease: str


COLUMNS = tuple(field.name for field in fields(Act))
ACT_COLUMNS = ", ".join(COLUMNS)


def act_id_of(
    provider: str, decision_id: str, kind: ActKind, subscription_id: str
) -> str:
    """The same for the same act, so that planning twice plans once.

    >>> act_id_of("kb", "d1", "suspend", "s1") == act_id_of("kb", "d1", "suspend", "s1")
    True
    >>> act_id_of("kb", "d1", "suspend", "s1") == act_id_of("kb", "d1", "suspend", "s2")
    False
    """
    parts = f"{provider}\x1f{decision_id}\x1f{kind}\x1f{subscription_id}"
    return f"a{sha256(parts.encode()).hexdigest()[:31]}"


def act_of(row: Sequence[object]) -> Act:
    """An act from a row with `ACT_COLUMNS`."""
    values = dict(zip(COLUMNS, row, strict=True))
    for name in ("is_reported", "is_undone"):
        values[name] = bool(values[name])
    return Act(**values)  # type: ignore[arg-type]  # as the columns are declared
