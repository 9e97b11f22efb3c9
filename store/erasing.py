"""A customer leaves both stores, and whatever is decided meanwhile leaves as well."""

from typing import NamedTuple

from store.decisions import DecisionStore, ListedDecision
from store.events import Erasure, EventStore

_MOST = 10_000  # decisions of one customer that are looked at


class WholeErasure(NamedTuple):
    """What was removed of one customer, and what stays in the chain about it."""

    n_decisions: int
    n_events: int
    chain_position: int


async def erase_everywhere(
    decisions: DecisionStore,
    events: EventStore,
    erasure: Erasure,
    of_tests: DecisionStore | None = None,
) -> WholeErasure:
    """Erase decisions and events; asked again it goes on where it was interrupted.

    A question asked while this is under way may have read the events before they went
    and be recorded after the decisions went. So the decisions go once more, without
    asking: nobody was to decide about the customer any more. And where the process that
    asked ended before it took its decision back, the next erasure does.

    Args:
        decisions: the real ones, which may keep the customer.
        events: what was sent.
        erasure: of whom, and when.
        of_tests: decisions of test keys, which keep nobody; None where there are none.

    Raises:
        ErasureRefusedError: something goes on, or a record must be kept still.
        StoreUnavailableError: it could not be made durable.
    """
    customer_id, now = erasure.customer_id, erasure.at
    n_left_over = await _take_back_left_over(decisions, events, erasure)
    before = await decisions.erase(customer_id, now)
    n_events = await events.erase(erasure)
    meanwhile = await decisions.erase(customer_id, now, is_agreed=True)
    n_decisions = n_left_over + before.n_decisions + meanwhile.n_decisions
    if of_tests is not None:
        tried = await of_tests.erase(customer_id, now, is_agreed=True)
        n_decisions += tried.n_decisions
    # an erasure of nothing adds no entry: its position is of whatever came last
    said = meanwhile if meanwhile.n_decisions else before
    return WholeErasure(n_decisions, n_events, said.chain_position)


async def _take_back_left_over(
    decisions: DecisionStore, events: EventStore, erasure: Erasure
) -> int:
    """Decisions about stored events of somebody of whom none is stored; how many.

    Events stay as long as a decision about them is kept, so the customer was erased
    while it was made. Where no events were ever kept they are lost, and all stays.
    """
    customer_id, until = erasure.customer_id, events.last_sequence()
    if until == 0 or events.rows(customer_id, until, 1):
        return 0
    listed = decisions.listed(customer_id, None, _MOST)
    left = [one.decision_id for one in listed if _is_of_events(decisions, one)]
    for decision_id in left:
        await decisions.take_back(decision_id, erasure.at)
    return len(left)


def _is_of_events(decisions: DecisionStore, one: ListedDecision) -> bool:
    return decisions.find(one.decision_id).inputs is not None
