"""What a customer shares with customers who are known as frauds."""

from features.account.values import KnownTable, KnownTables
from features.facts import SharedWithFrauds
from features.moments import to_datetime

_Thing = tuple[str, str | None]  # its kind, and the thing itself where it was told


def shared_with_frauds(known: KnownTables) -> tuple[SharedWithFrauds, ...]:
    """Each instrument, device or address that a known fraud used as well.

    Links without a `shared_id` count as one thing of their kind.
    """
    links = known["links"]
    if not links.n:
        return ()
    frauds = _frauds(links)
    if not frauds:
        return ()
    others: dict[_Thing, set[str]] = {}
    for kind, thing, other_id in links.rows("kind", "shared_id", "other_id"):
        others.setdefault((kind, thing), set()).add(other_id)
    return tuple(
        SharedWithFrauds(
            kind=thing[0],
            n_others=len(others[thing]),
            frauds_known_at=tuple(map(to_datetime, sorted(known_at.values()))),
        )
        for thing, known_at in frauds.items()
    )


def _frauds(links: KnownTable) -> dict[_Thing, dict[str, int]]:
    """By thing, the others who are known as frauds and since when (µs since 1970)."""
    names = ("known_at", "kind", "shared_id", "other_id", "status")
    found: dict[_Thing, dict[str, int]] = {}
    for known_at, kind, thing, other_id, status in links.rows(*names):
        if status == "fraud":
            since = found.setdefault((kind, thing), {})
            since[other_id] = min(known_at, since.get(other_id, known_at))
    return found
