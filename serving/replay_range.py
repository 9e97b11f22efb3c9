"""Compute many recorded decisions again, and say what came of each."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from features.moments import to_datetime
from serving.differences import Difference
from serving.errors import OURS, ProblemError
from serving.replay_errors import ReplayError
from serving.replay_run import Basis, ReplayRun
from serving.settings import ServingSettings
from store.decisions import DecisionReader, ListedDecision
from store.errors import StoreUnavailableError, UnknownDecisionError
from store.opening import open_decision_reader

_STEP = 500  # decisions listed at a time; one is in memory
FIRST, LAST = 0, 2**62  # before and after every moment, microseconds


class RangeReplay(NamedTuple):
    """What came of one decision.

    Args:
        result: `identical`, `differs`, or the code of what makes it impossible, such as
            `other_release`, `bundle_gone`, `events_gone` or `decision_altered`.
        basis: what was read again; None where nothing could be.
        detail: a sentence where it is not identical.
    """

    decision_id: str
    recorded_at: datetime
    as_of: datetime
    customer_id: str
    result: str
    basis: Basis | None = None
    detail: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def is_identical(self) -> bool:
        return self.result == "identical"


def replay_range(
    settings: ServingSettings,
    since: int = FIRST,
    before: int = LAST,
    customer_id: str | None = None,
) -> Iterator[RangeReplay]:
    """Decisions recorded in [since, before), in the order in which they were made.

    Decisions of test keys are not among them; one that was erased meanwhile is left
    out.

    Raises:
        NoDecisionsError: nothing was ever recorded here.
        StoreUnavailableError: the store cannot be read.
    """
    with closing(ReplayRun(settings, open_decision_reader(*settings.store))) as run:
        for listed in _listed(run.decisions, since, before, customer_id):
            replayed = _replayed(run, listed)
            if replayed is not None:
                yield replayed


def _listed(
    reader: DecisionReader, since: int, before: int, customer_id: str | None
) -> Iterator[ListedDecision]:
    after = ""
    while page := reader.recorded(customer_id, since, before, after, _STEP):
        yield from page
        after = page[-1].decision_id


def _replayed(run: ReplayRun, listed: ListedDecision) -> RangeReplay | None:
    """None where it is not recorded any more."""
    start = RangeReplay(
        listed.decision_id,
        to_datetime(listed.recorded_at),
        to_datetime(listed.as_of),
        listed.customer_id,
        "identical",
    )
    try:
        replay = run.replay(run.decisions.find(listed.decision_id))
    except UnknownDecisionError:
        return None
    except StoreUnavailableError:
        raise
    except (ReplayError, ProblemError, *OURS) as error:
        return start._replace(result=str(error.code), detail=str(error))
    if replay.is_identical:
        return start._replace(basis=replay.basis)
    where = ", ".join(one.path for one in replay.differences[:3])
    return start._replace(
        result="differs",
        basis=replay.basis,
        detail=f"other values at {where}" if where else "the same values, other bytes",
        differences=replay.differences,
    )
