"""Which payment of one source is which of another: one for one, the nearest first."""

from collections.abc import Sequence
from typing import Any

WINDOW_S = 10 * 86_400  # a bank books a payment some days after it was told elsewhere


def make_pairing(connection: Any) -> None:
    """Make `paired` and `partners` functions of SQL.

    Most often it is one payment and one other: that SQL says by itself, for a call of
    Python costs ten times as much.
    """
    for name, function in (("paired", paired), ("partners", partners)):
        connection.create_function(
            f"{name}_of_many", function, ["DOUBLE[]", "DOUBLE[]"], "BIGINT[]"
        )
        connection.execute(
            f"CREATE MACRO {name}(ours, theirs) AS CASE "
            f"WHEN len(ours) > 1 OR len(theirs) > 1 THEN {name}_of_many(ours, theirs) "
            f"WHEN abs(ours[1] - theirs[1]) <= {WINDOW_S} THEN [1::BIGINT] "
            "ELSE []::BIGINT[] END"
        )


def paired(ours: Sequence[float], theirs: Sequence[float]) -> list[int]:
    """Places (from 1) of ours that have one of theirs within ten days.

    Args:
        ours: moments, seconds since 1970.
        theirs: moments of payments of the same invoice and amount, of another source.

    >>> paired([31 * 86_400], [0, 32 * 86_400])
    [1]
    >>> paired([0, 86_400], [86_400])
    [2]
    """
    return sorted(_pairs(ours, theirs))


def partners(ours: Sequence[float], theirs: Sequence[float]) -> list[int]:
    """Places (from 1) of theirs, each that of the one of ours that `paired` names.

    >>> partners([0, 86_400], [86_400, 31 * 86_400])
    [1]
    """
    return [nth + 1 for _, nth in sorted(_pairs(ours, theirs).items())]


def _pairs(ours: Sequence[float], theirs: Sequence[float]) -> dict[int, int]:
    distances = sorted(
        (abs(moment - other), place, nth)
        for place, moment in enumerate(ours, 1)
        for nth, other in enumerate(theirs)
        if abs(moment - other) <= WINDOW_S
    )
    pairs: dict[int, int] = {}
    for _, place, nth in distances:
        if place not in pairs and nth not in pairs.values():
            pairs[place] = nth
    return pairs
