"""The decisions that something may be done for: the last about each customer."""

import json
from collections.abc import Iterator

from store.decisions import Decision, DecisionReader, ListedDecision

_STEP = 500  # decisions read at a time
# a decision about another moment, or about events that came with the question, asks
# what would be; nothing is done for it
_LATEST_LAG_US = 900_000_000


class LatestDecisions:
    """The last decision about each customer that was about the moment it was made in.

    What somebody asks about other days, or with events of their own, is a question.

    Args:
        decisions: as recorded.
        since: of the first that is looked at, microseconds since 1970 UTC.
        now: microseconds since 1970 UTC.

    Attributes:
        n_decisions: that were looked at.
    """

    def __init__(self, decisions: DecisionReader, since: int, now: int) -> None:
        self._decisions, self.n_decisions = decisions, 0
        self._by_customer: dict[str, list[str]] = {}
        for listed in _recorded(decisions, since, now):
            self.n_decisions += 1
            if listed.recorded_at - listed.as_of <= _LATEST_LAG_US:
                of_customer = self._by_customer.setdefault(listed.customer_id, [])
                of_customer.append(listed.decision_id)

    def __iter__(self) -> Iterator[Decision]:
        for decision_ids in self._by_customer.values():
            found = map(self._decisions.find, reversed(decision_ids))
            latest = next((one for one in found if _is_of_stored_events(one)), None)
            if latest is not None:
                yield latest


def _is_of_stored_events(decision: Decision) -> bool:
    """Only these can be checked again."""
    return json.loads(decision.prior_decisions).get("stored") is not None


def _recorded(
    decisions: DecisionReader, since: int, now: int
) -> Iterator[ListedDecision]:
    after = ""
    while listed := decisions.recorded(None, since, now + 1, after, _STEP):
        yield from listed
        after = listed[-1].decision_id
