"""What the provider has on record of our acts, read back and kept with their proof."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from execution.errors import NotOfferedError
from execution.port import AuditRecord, Provider, SubscriptionState
from features.moments import to_datetime
from store.act import Act, ActKind
from store.acts import Acts

_BEFORE, _AFTER = timedelta(minutes=5), timedelta(hours=1)  # clocks, and late effects
_MOST = 100_000
_FAILED = ("failed",)
_TO: Mapping[ActKind, SubscriptionState] = {"suspend": "suspended", "restore": "active"}


class AuditResult(NamedTuple):
    """How many acts were looked for, and how many the provider has on record."""

    n_asked: int
    n_found: int


def bring_audit_records(provider: Provider, acts: Acts, since: int) -> AuditResult:
    """Read the records of acts that were done since then, and keep them as proof.

    Records appear late: what is not there yet is looked for the next time.

    Args:
        provider: is asked, once for each customer.
        acts: where they are written down.
        since: microseconds since 1970 UTC.

    Raises:
        NotOfferedError: the provider has none.
        ExecutionError: it cannot be asked.
    """
    if "audit_records" not in provider.offers:
        raise NotOfferedError(provider.name, "audit records")
    waiting: dict[str, list[Act]] = {}
    for act in acts.listed(_MOST, states=("done",)):
        if act.provider == provider.name and _is_missing(act, since):
            waiting.setdefault(act.customer_id, []).append(act)
    n_found = 0
    for customer_id, listed in waiting.items():
        begin = min(begun(act) for act in listed)
        end = max(ended(act) for act in listed)
        records = list(provider.audit_records(customer_id, begin, end))
        for act in listed:
            mine = [one for one in records if _is_of(act, one)]
            if mine:
                acts.add_proof(act.act_id, _with_records(act, mine))
                n_found += 1
    return AuditResult(sum(map(len, waiting.values())), n_found)


def audited(act: Act) -> list[Mapping[str, Any]]:
    """The records that are kept with an act."""
    proof = json.loads(act.proof or "{}")
    kept: list[Mapping[str, Any]] = proof.get("audit_records", [])
    return kept


def begun(act: Act) -> datetime:
    """From when on a record may be of the act."""
    return to_datetime(act.asked_at or act.planned_at) - _BEFORE


def ended(act: Act) -> datetime:
    """Until when a record may be of the act."""
    return to_datetime(act.settled_at or act.planned_at) + _AFTER


def _is_missing(act: Act, since: int) -> bool:
    is_new = act.settled_at is not None and act.settled_at >= since
    return is_new and act.kind in _TO and not audited(act)


def _is_of(act: Act, record: AuditRecord) -> bool:
    """Of the same subscription, whatever the case of its id, and not of a failure."""
    is_mine = record.subscription_id.casefold() == act.subscription_id.casefold()
    is_mine = is_mine and record.became in (_TO[act.kind], "unknown")
    is_mine = is_mine and record.status.casefold() not in _FAILED
    return is_mine and begun(act) <= record.at <= ended(act)


def _with_records(act: Act, records: Iterable[AuditRecord]) -> str:
    proof = json.loads(act.proof or "{}")
    kept = [asdict(record) for record in records]
    return json.dumps({**proof, "audit_records": kept}, default=str)
