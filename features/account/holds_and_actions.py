"""What is in force of `holds`, `overrides` and `actions`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from features.account.values import KnownTable, KnownTables
from features.contract import END_OF, MEASURES
from features.facts import ActiveHold, ActiveOverride, ExecutedAction
from features.moments import to_datetime

TAKES_ACCESS = frozenset({"suspend", "block"})


def active_holds(holds: KnownTable, as_of: int) -> tuple[ActiveHold, ...]:
    """Rows of `holds` not past their `until` at a moment."""
    if not holds.n:
        return ()
    names = ("kind", "event_at", "until", "reason", "by", "subscription_id", "amount")
    return tuple(
        ActiveHold(
            kind=kind,
            since=to_datetime(since),
            until=None if until is None else to_datetime(until),
            reason=reason,
            by=by,
            subscription_id=subscription_id,
            amount=amount,
        )
        for kind, since, until, reason, by, subscription_id, amount in holds.rows(
            *names
        )
        if until is None or as_of <= until
    )


def overrides(rows: KnownTable, as_of: int) -> tuple[ActiveOverride, ...]:
    """What people decided instead, not past `until` at a moment; oldest first.

    Of one subscription, and of the account as a whole, the latest stands.
    """
    if not rows.n:
        return ()
    names = ("subscription_id", "event_at", "action", "by", "reason", "until")
    latest = {row[0]: row for row in rows.rows(*names, "decision_id")}
    standing = (
        ActiveOverride(
            action=action,
            at=to_datetime(at),
            by=by,
            reason=reason,
            until=None if until is None else to_datetime(until),
            decision_id=decision_id,
            subscription_id=subscription_id,
        )
        for subscription_id, at, action, by, reason, until, decision_id in (
            latest.values()
        )
        if until is None or as_of <= until
    )
    return tuple(sorted(standing, key=lambda override: override.at))


def executed(known: KnownTables) -> Sequence[ExecutedAction]:
    """Known rows of `actions`, oldest first.

    Of one moment what gives back comes second: it was taken before.
    """
    names = ("event_at", "action", "reason", "by", "subscription_id", "decision_id")
    done = sorted(
        known["actions"].rows(*names),
        key=lambda row: (row[0], row[1] == "reactivate" or row[1] in END_OF),
    )
    return [
        ExecutedAction(action, to_datetime(at), *rest) for at, action, *rest in done
    ]


def actions_since(
    actions: Iterable[ExecutedAction], start: int
) -> tuple[ExecutedAction, ...]:
    """Actions executed after `start`, oldest first."""
    since = to_datetime(start)
    return tuple(action for action in actions if action.at > since)


def access_off(actions: Iterable[ExecutedAction]) -> tuple[ExecutedAction, ...]:
    """Suspensions and blocks that nothing has lifted, each since it began.

    A `reactivate` for fraud or non-payment lifts what that reason took away, for one
    subscription if it names one; a person's (`manual`) or one without a reason lifts
    whatever the reason was. What was taken for fraud at that very moment only a person
    lifts: within one plain date access may have been given back first.
    """
    off: dict[tuple[str, str | None, str | None], ExecutedAction] = {}
    for action in actions:
        if action.action in TAKES_ACCESS:
            key = (action.action, action.reason, action.subscription_id)
            off.setdefault(key, action)
        elif action.action == "reactivate":
            off = {key: held for key, held in off.items() if not _lifts(action, held)}
    return tuple(off.values())


def measures_in_force(
    actions: Iterable[ExecutedAction],
) -> tuple[ExecutedAction, ...]:
    """Measures that nothing has ended, each since it began.

    The end of a measure ends it for one subscription if it names one, else for all.
    """
    on: dict[tuple[str, str | None], ExecutedAction] = {}
    for action in actions:
        subscription_id = action.subscription_id
        if action.action in MEASURES:
            on.setdefault((action.action, subscription_id), action)
        elif (ended := END_OF.get(action.action)) is not None:
            on = {
                key: begun
                for key, begun in on.items()
                if key[0] != ended or subscription_id not in {None, key[1]}
            }
    return tuple(on.values())


def fraud_stopped_at(actions: Iterable[ExecutedAction]) -> datetime | None:
    """When access was last taken for fraud, whether it is off or on again."""
    stops = (
        action.at
        for action in actions
        if action.action in TAKES_ACCESS and action.reason == "fraud"
    )
    return max(stops, default=None)


def _lifts(reactivation: ExecutedAction, held: ExecutedAction) -> bool:
    any_reason = reactivation.reason in {None, "manual"}
    everything = reactivation.subscription_id is None
    is_in_doubt = held.reason == "fraud" and held.at == reactivation.at
    if is_in_doubt and reactivation.by != "person":
        return False
    return (any_reason or reactivation.reason == held.reason) and (
        everything or reactivation.subscription_id == held.subscription_id
    )
