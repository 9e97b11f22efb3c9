"""A customer's account over time: when its facts may change, and how it then stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from features.account.account import Account
from features.account.facts import NOTHING_CARRIED_OUT, facts_of
from features.account.history import account_columns
from features.account.look_back import shortened
from features.account.standing import Rules, Standing
from features.account.stops import Stops
from features.account.upcoming import next_due_at, usage_unbilled
from features.account.values import KnownTables
from features.account.worth import worth
from features.events import FOREVER, MISSING, Events
from features.facts import AccountFacts
from features.timeline.change_points import change_points
from features.timeline.rows import TimelineRows, timeline_rows

if TYPE_CHECKING:
    from features.portfolio import Portfolio

Span = tuple[int, int]  # from, and until before (µs)

_SUSPICIOUS_OUTCOMES = frozenset({"fraud", "account_takeover"})


class AccountMoney(NamedTuple):
    """Face values of a customer in ten-thousandths; None is unknown.

    `next_due_at` is the one that is no money: a moment in µs since 1970 UTC.
    """

    open: int | None
    recurring_monthly: int | None
    recurring_committed: int | None
    usage_daily_cost: int | None
    usage_unbilled: int | None
    committed: int | None
    clv: int | None
    run_up: int | None
    next_due_at: int | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """How a customer stands at a moment, in the few numbers that are cheap to make.

    Args:
        is_present: known by then, and not departed without owing anything.
        is_quiet: nothing is going on: nothing overdue, contested, in flight, promised
            or written off, and no appeal, hold, override or sign of fraud in sight.
            Then `money` says all that a policy looks at. In doubt it is false.
        money: at stake.
        usage_ratio: daily cost of the last week over that of the 28 days before.
    """

    is_present: bool
    is_quiet: bool
    money: AccountMoney
    usage_ratio: float | None


class FactTimeline:
    """One customer's account; `at` is cheapest when moments only move forward."""

    def __init__(self, events: Events, rows: TimelineRows, rules: Rules) -> None:
        self._rows, self._rules = rows, rules
        self._account = Account(rows.history, rules)
        self._known = KnownTables(events)
        self._restless = list(_restless_spans(rows))

    @property
    def customer_id(self) -> str:
        """Whose timeline it is."""
        return self._rows.history.customer_id

    @property
    def subject_kind(self) -> str | None:
        """Of the latest version of the customer."""
        versions = self._rows.versions
        return versions[-1].subject_kind if versions else None

    def change_points(self, *, with_notices: bool = True) -> list[int]:
        """Moments (µs since 1970 UTC) from which facts may differ, rising.

        Args:
            with_notices: whether notices on record count.
        """
        return change_points(self._rows, self._rules, with_notices=with_notices)

    def standing(self, as_of: int) -> Standing:
        """How the customer stands at a moment (µs since 1970 UTC), until the next."""
        return self._account.at(as_of)

    def at(self, as_of: int) -> AccountState:
        """The state by what was known at a moment (µs since 1970 UTC)."""
        return self.state(self.standing(as_of))

    def state(self, standing: Standing) -> AccountState:
        """The state that a standing amounts to."""
        has_left = standing.is_departed and not standing.open
        return AccountState(
            is_present=standing.customer is not None and not has_left,
            is_quiet=not self._is_restless(standing),
            money=_money(standing, self._rules),
            usage_ratio=standing.usage.ratio if standing.usage else None,
        )

    @cached_property
    def _stops(self) -> Stops:
        """Of the account; only whole facts need it."""
        return Stops(self._known.events, self._account)

    def facts(self, standing: Standing) -> AccountFacts:
        """The facts of a standing, asked for before the next one.

        As if nothing had been carried out: `access_off`, `actions_90d` and `measures`
        are empty, and `fraud_stopped_at` is None.
        """
        self._known.move_to(standing.as_of)
        return facts_of(standing, self._known, self._stops, NOTHING_CARRIED_OUT)

    def _is_restless(self, standing: Standing) -> bool:
        at = standing.as_of
        return bool(
            standing.overdue
            or standing.contested
            or standing.in_flight
            or standing.promises
            or standing.written_off  # keeps access off until it is made up for
            or any(dispute.is_open_at(at) for dispute in standing.disputes)
            or _has_appeal(standing)
            or any(start <= at < end for start, end in self._restless)
        )


def fact_timelines(
    portfolio: Portfolio,
    customer_ids: Sequence[str] | None = None,
    since: int | None = None,
) -> Iterator[FactTimeline]:
    """The timelines of customers, in the order of their ids.

    Args:
        portfolio: whose customers.
        customer_ids: all by default.
        since: no standing is asked for at an earlier moment (µs since 1970 UTC), which
            is cheaper.
    """
    settings = portfolio.settings
    rules, columns = Rules(settings), account_columns(settings)
    sources = {} if since is None else shortened(since, settings)
    for events in portfolio.iter_events(customer_ids, sources):
        yield FactTimeline(events, timeline_rows(events, columns), rules)


def _money(standing: Standing, rules: Rules) -> AccountMoney:
    usage, brings_in = standing.usage, worth(standing, rules)
    return AccountMoney(
        open=standing.open,
        recurring_monthly=brings_in.recurring_monthly,
        recurring_committed=standing.recurring_committed,
        usage_daily_cost=usage.daily_cost if usage else None,
        usage_unbilled=usage_unbilled(standing),
        committed=standing.committed,
        clv=brings_in.clv,
        run_up=standing.run_up,
        next_due_at=next_due_at(standing, rules),
    )


def _has_appeal(standing: Standing) -> bool:
    return any(row.kind.startswith("appeal_") for row in standing.contacts.rows)


def _restless_spans(rows: TimelineRows) -> Iterator[Span]:
    """Spans in which a hold, an override or a sign of fraud may count.

    Wider than in the facts: a hold counts from when it is known, whether or not it is
    taken back later, and a sign of fraud for good.
    """
    for hold in (*rows.holds, *rows.overrides):
        until = FOREVER if hold.until == MISSING else hold.until + 1
        yield hold.known_at, until
    for outcome in rows.outcomes:
        if outcome.kind in _SUSPICIOUS_OUTCOMES:
            yield outcome.known_at, FOREVER
    for dispute in rows.history.disputes:
        if dispute.kind == "chargeback_fraud":
            yield dispute.known_at, FOREVER
    for link in rows.links:
        if link.status == "fraud":
            yield link.known_at, link.superseded_at
    yield from _alert_spans(rows)


def _alert_spans(rows: TimelineRows) -> list[Span]:
    """From when each alert is known until it is resolved as something harmless."""
    spans: dict[str, Span] = {}
    for alert in rows.alerts:
        start, _ = spans.get(alert.alert_id, (FOREVER, FOREVER))
        is_over = alert.status == "resolved" and alert.resolved_reason != "fraud"
        stands = alert.superseded_at == FOREVER
        end = alert.known_at if is_over and stands else FOREVER
        spans[alert.alert_id] = min(start, alert.known_at), end
    return list(spans.values())
