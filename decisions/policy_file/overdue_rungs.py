"""Second part of the import: which Kill Bill states become rungs, why others do not.

Two rules: a condition that no policy can say leaves its state out, and nobody is
stopped whom Kill Bill would not stop. It takes the first state of the file that holds,
so a milder one that stands before a stop keeps people from it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from decisions.actions import SEVERITY, STOPS, Action
from decisions.policy_file.overdue_xml import Condition, OverdueState


class KillBillState(NamedTuple):
    """A state of Kill Bill as a rung of our ladder; `days` None: it has no age."""

    name: str
    days: int | None
    action: Action
    message: str
    restrict: tuple[str, ...]
    owes: Mapping[str, float]  # count and amount from which the state is entered


def rungs_of(states: list[OverdueState], notes: list[str]) -> list[KillBillState]:
    """The rungs in the order of the file; what is left out or differs is noted."""
    rungs = []
    for i, state in enumerate(states):
        reason = _left_out(state, states[:i])
        state_notes = (
            [f"left out: {reason}"] if reason else [*state.when.notes, *state.notes]
        )
        notes += [f"{state.name}: {each}" for each in state_notes]
        if reason is None:
            rungs.append(
                KillBillState(
                    state.name,
                    state.when.days,
                    state.action,
                    state.message,
                    state.restrict,
                    state.when.owes,
                )
            )
    return rungs


def _left_out(state: OverdueState, before: list[OverdueState]) -> str | None:
    when = state.when
    if state.action == "none":
        return "a clear state; it leaves accounts alone"
    if when.never:
        return f"Kill Bill never enters it: {when.never}"
    if when.unsaid:
        return (
            f"no policy can ask for {' and '.join(when.unsaid)}, and without that it"
            " would apply to others as well"
        )
    if not when.names_a_debt:
        return "it holds for everybody, also for who owes nothing"
    return next(_hidden(state, before), None)


def _hidden(state: OverdueState, before: list[OverdueState]) -> Iterator[str]:
    """Why the states before it in the file keep people from a state."""
    for other in before:
        where = f"{other.name!r} stands before it in the file"
        if other.when.fails and state.action in STOPS:
            yield f"{where}, and there Kill Bill ends in an error: {other.when.never}"
        if other.when.never:
            continue
        always = _implies(state.when, other.when)
        if SEVERITY[other.action] < SEVERITY[state.action]:
            often = "always holds as well" if always else "is milder, and may hold too"
            yield f"Kill Bill takes the first state that holds; {where} and {often}"
        elif always and other.action == state.action == "remind":
            yield f"Kill Bill never reaches it: {where} and always holds as well"


def _implies(one: Condition, other: Condition) -> bool:
    """Whether `other` holds for everybody for whom `one` does."""
    if other.unsaid:
        return False
    is_as_old = other.days is None or (one.days is not None and one.days >= other.days)
    return is_as_old and all(
        one.owes.get(key, 0) >= least for key, least in other.owes.items()
    )


def in_order(rungs: Iterable[KillBillState]) -> list[KillBillState]:
    """By age, mild to harsh; a state without an age comes right after the milder one.

    Kill Bill takes the first state that matches, so its files begin with the harshest.
    """
    days = 0
    placed: list[tuple[int, KillBillState]] = []
    for rung in reversed([*rungs]):
        days = days if rung.days is None else rung.days
        placed.append((days, rung))
    return [rung for _, rung in sorted(placed, key=lambda place: place[0])]


def not_skipped(rungs: list[KillBillState]) -> Iterator[str]:
    """Where a state asks for more than a later one: Kill Bill would go past it."""
    for i, rung in enumerate(rungs):
        past = [
            later.name
            for later in rungs[i + 1 :]
            if any(later.owes.get(key, 0) < least for key, least in rung.owes.items())
        ]
        if past:
            owed = " and ".join(f"{key} {least:g}" for key, least in rung.owes.items())
            yield (
                f"{rung.name}: asks for {owed}, and no state is skipped: who owes less"
                f" does not reach {', '.join(past)}, as in Kill Bill they would"
            )
