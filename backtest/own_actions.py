"""What a simulated policy has done itself: notices, stops, measures, and their ends.

The recorded history knows the actions of the policy of that time. They are taken out,
and those of the simulated policy are put into the facts instead.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from backtest.assumptions import Assumptions
from decisions.actions import ACTIONS
from decisions.rules.settlement import is_given_up
from decisions.terms import Terms
from features.facts import AccountFacts, ExecutedAction, Notice
from features.timeline import fast_replace

_LOOK_BACK = timedelta(days=90)  # of `AccountFacts.actions_90d`


class Stop(NamedTuple):
    """Access taken away by the simulated policy; `until` None: not given back."""

    customer: int
    since: datetime
    until: datetime | None
    action: str
    reason: str
    p_good: float


class OwnActions:
    """The actions of one simulated policy. Customers are indices."""

    def __init__(self, policy: str, assumptions: Assumptions) -> None:
        self._policy, self._assumptions = policy, assumptions
        self.stops: list[Stop] = []  # those that have ended
        self._notices: dict[int, list[Notice]] = {}
        self._off: dict[int, list[ExecutedAction]] = {}
        self._p_good: dict[int, float] = {}  # when access was taken
        self._written_off: dict[int, int] = {}  # when access was taken
        self._executed: defaultdict[int, list[ExecutedAction]] = defaultdict(list)
        self._cleared_at: dict[int, datetime] = {}
        self._fraud_stopped_at: dict[int, datetime] = {}
        self._measures: defaultdict[int, list[ExecutedAction]] = defaultdict(list)

    @property
    def without_access(self) -> tuple[int, ...]:
        """Customers whose access is off."""
        return tuple(self._off)

    @property
    def measured(self) -> tuple[int, ...]:
        """Customers of whom a measure stands."""
        return tuple(self._measures)

    def applied_to(self, customer: int, facts: AccountFacts) -> AccountFacts:
        """The facts as they would be after this policy's own actions."""
        own: dict[str, object] = {}
        if customer in self._notices:
            own["notices"] = tuple(self._notices_known(customer, facts))
        if customer in self._off:
            own["access_off"] = tuple(self._off_now(customer, facts))
        if customer in self._measures:
            own["measures"] = tuple(self._measures[customer])
        if customer in self._executed:
            since = facts.as_of - _LOOK_BACK
            own["actions_90d"] = tuple(
                action for action in self._executed[customer] if action.at > since
            )
            own["fraud_stopped_at"] = self._fraud_stopped_at.get(customer)
        cleared_at = self._cleared_at.get(customer)
        if cleared_at is not None:
            own["evidence"] = tuple(
                sign for sign in facts.evidence if sign.at > cleared_at
            )
        return fast_replace(facts, **own) if own else facts

    def _off_now(self, customer: int, facts: AccountFacts) -> list[ExecutedAction]:
        """Its stops, with what was written off since and is not there as credit.

        Of whatever invoices: the history tells only sums by customer.
        """
        now = (facts.written_off or 0) - (facts.credit or 0)
        lost = max(0, now - self._written_off[customer])
        self._off[customer] = [
            replace(stop, given_up=lost) if stop.invoices else stop
            for stop in self._off[customer]
        ]
        return self._off[customer]

    def gave_up(self, customer: int, terms: Terms) -> bool:
        """Whether so much was given up since access was taken that it stays off."""
        return any(is_given_up(terms, stop) for stop in self._off[customer])

    def _notices_known(self, customer: int, facts: AccountFacts) -> Iterator[Notice]:
        """Notices of this episode, with what is known of their delivery by now."""
        started = facts.episode_started_at
        for notice in self._notices[customer]:
            if started is None or notice.sent_at < started:
                continue
            ended_at = notice.delivered_at or notice.bounced_at
            is_known = ended_at is not None and ended_at <= facts.as_of
            yield (
                notice
                if is_known
                else replace(notice, delivered_at=None, bounced_at=None)
            )

    def send(self, customer: int, customer_id: str, name: str, at: datetime) -> None:
        """Send a notice, which is delivered or bounces later."""
        ended_at = at + timedelta(hours=self._assumptions.delivery_hours)
        is_delivered = self._assumptions.is_delivered(customer_id, name, at)
        notice = Notice(
            name=name,
            sent_at=at,
            delivered_at=ended_at if is_delivered else None,
            bounced_at=None if is_delivered else ended_at,
            policy=self._policy,
        )
        self._notices.setdefault(customer, []).append(notice)

    def take_access(
        self, customer: int, action: ExecutedAction, p_good: float, written_off: int
    ) -> None:
        """Carry out a stop.

        Args:
            customer: whose access goes.
            action: the stop.
            p_good: the customer's probability of being good.
            written_off: what had been written off before, in 1/10,000.
        """
        self._written_off.setdefault(customer, written_off)
        self._off.setdefault(customer, []).append(action)
        self._executed[customer].append(action)
        if action.reason == "fraud":
            self._fraud_stopped_at[customer] = action.at
        self._p_good.setdefault(customer, p_good)

    def begin_measure(self, customer: int, action: ExecutedAction) -> None:
        """Carry out a measure; it stands until `end_measures`."""
        self._measures[customer].append(action)

    def end_measures(self, customer: int) -> None:
        """End all measures of a customer."""
        del self._measures[customer]

    def give_back(self, customer: int, at: datetime) -> None:
        """Give access back. Signs of fraud that were looked at count no more."""
        actions = self._end_stop(customer, at)
        reason = actions[0].reason or ""
        self._executed[customer].append(
            ExecutedAction("reactivate", at, reason, "automation")
        )
        if any(action.reason == "fraud" for action in actions):
            self._cleared_at[customer] = at

    def finish(self) -> None:
        """Note the stops that are still in force when the period ends."""
        for customer in self.without_access:
            self._end_stop(customer, None)

    def _end_stop(self, customer: int, until: datetime | None) -> list[ExecutedAction]:
        actions = self._off.pop(customer)
        del self._written_off[customer]
        harshest = max(actions, key=lambda action: ACTIONS.index(action.action))
        self.stops.append(
            Stop(
                customer=customer,
                since=actions[0].at,
                until=until,
                action=harshest.action,
                reason=actions[0].reason or "",
                p_good=self._p_good.pop(customer),
            )
        )
        return actions
