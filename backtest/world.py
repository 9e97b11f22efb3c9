"""One policy living through the days: its notices, its stops, its reviews."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backtest.book import Ints, Today
from backtest.changed import changed
from backtest.plan import Assumptions
from backtest.scores import Floats
from decisions.actions import ACTIONS, NONE, REVIEW, REVIEW_BIT, SUSPEND
from decisions.case import BudgetUse, Case
from decisions.follow_up.answer_follow_up import before_acting
from decisions.policy_file.load import Policy
from decisions.rules.clock import late_items
from decisions.rules.eligibility import Eligibility
from decisions.rules.guardrails import is_by_fraud
from decisions.steps.columns import Columns, columns_of_cases, columns_of_plain, joined
from decisions.steps.portfolio import PortfolioRun, run
from decisions.terms import Terms
from features.facts import AccountFacts, ExecutedAction, Notice

_REMEMBERED = timedelta(days=90)
_LONG_AGO = -(10**6)


class Stop(NamedTuple):
    """Access taken away by the simulated policy; `until` None: not given back."""

    customer: int
    since: datetime
    until: datetime | None
    action: str
    reason: str
    p_good: float


@dataclass(frozen=True)
class Looked:
    """What a policy made of one day's book.

    `who` are places of customers, in the order of the columns; `acted` marks the
    decisions that are carried out today, `resting` those reviewed lately.
    """

    today: Today
    terms: Terms
    book: BudgetUse
    who: Ints
    cases: tuple[Case, ...]  # of the last len(cases) rows
    columns: Columns
    answer: PortfolioRun
    resting: npt.NDArray[np.bool_]
    acted: npt.NDArray[np.bool_]
    notified: Ints  # places of customers who are sent a notice
    restored: int  # customers whose access returns today

    def seen(self, row: int) -> Eligibility | None:
        return self.columns.eligibility[row] if self.columns.eligibility else None


@dataclass
class World:
    """A policy and what it has done so far. `look` must be called day by day."""

    policy: Policy
    assumptions: Assumptions
    n_customers: int
    stops: list[Stop] = field(default_factory=list)
    _notices: dict[int, list[Notice]] = field(default_factory=dict)
    _off: dict[int, list[ExecutedAction]] = field(default_factory=dict)
    _p_good: dict[int, float] = field(default_factory=dict)
    _done: defaultdict[int, list[ExecutedAction]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _settled_at: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._previous = np.zeros(self.n_customers, dtype=np.int64)
        self._reviewed_on = np.full(self.n_customers, float(_LONG_AGO))

    @property
    def n_without_access(self) -> int:
        return len(self._off)

    def look(self, today: Today) -> Looked:
        """Decide about everybody, and carry it out."""
        terms = self.policy.in_force(today.at) or self.policy.latest
        cases = tuple(self._cases(today))
        columns = self._columns(today, cases, terms)
        who = today.customers
        days_ago = today.at.timestamp() / 86_400 - self._reviewed_on[who]
        resting = days_ago < self.assumptions.review_rest_days
        columns = _rested(columns, resting)
        book = BudgetUse(n_customers=len(who))
        answer = run(columns, terms, today.at, book)
        self._previous[who] = np.maximum(answer.recommended, NONE)
        restored = self._restore(today, columns)
        looked = Looked(
            today=today,
            terms=terms,
            book=book,
            who=who,
            cases=cases,
            columns=columns,
            answer=answer,
            resting=resting,
            acted=(answer.recommended > NONE)
            & (answer.recommended > columns.inputs.in_force)
            & ~np.isin(who, restored),
            notified=self._send(today, columns, answer, terms, who),
            restored=len(restored),
        )
        self._carry_out(looked)
        return looked

    def finish(self) -> None:
        """Stops that the period leaves in force."""
        for i in list(self._off):
            self._give_back(i, None)

    def _cases(self, today: Today) -> Iterator[Case]:
        who = today.particular
        fraud, nonpayment = today.p["fraud"][who], today.p["nonpayment"][who]
        for i, facts, p_f, p_n in zip(
            who.tolist(), today.facts, fraud.tolist(), nonpayment.tolist(), strict=True
        ):
            previous = int(self._previous[i])
            yield Case(
                facts=self._lived(i, facts),
                p_fraud=None if p_f != p_f else p_f,
                p_nonpayment=None if p_n != p_n else p_n,
                nonpayment_given_fraud=today.nonpayment_given_fraud,
                previous=ACTIONS[previous] if previous else None,
            )

    def _lived(self, i: int, facts: AccountFacts) -> AccountFacts:
        """The facts as this policy's own doings made them."""
        own: dict[str, object] = {}
        if i in self._notices:
            own["notices"] = tuple(self._arrived(i, facts))
        if i in self._off:
            own["access_off"] = tuple(self._off[i])
        if i in self._done:
            since = facts.as_of - _REMEMBERED
            own["actions_90d"] = tuple(a for a in self._done[i] if a.at > since)
        settled = self._settled_at.get(i)
        if settled is not None:
            own["evidence"] = tuple(s for s in facts.evidence if s.at > settled)
        return changed(facts, **own) if own else facts

    def _arrived(self, i: int, facts: AccountFacts) -> Iterator[Notice]:
        """Notices of this episode, with what is known of them by now."""
        started = facts.episode_started_at
        for notice in self._notices[i]:
            if started is None or notice.sent_at < started:
                continue
            done = notice.delivered_at or notice.bounced_at
            known = done is not None and done <= facts.as_of
            yield (
                notice if known else replace(notice, delivered_at=None, bounced_at=None)
            )

    def _columns(self, today: Today, cases: tuple[Case, ...], terms: Terms) -> Columns:
        who = today.plain
        plain = columns_of_plain(
            terms,
            today.customer_ids[who],
            today.probabilities_of(who),
            today.money_of(who),
            today.subject_kind[who],
        )
        plain = replace(
            plain, inputs=plain.inputs._replace(previous=self._previous[who])
        )
        return joined([plain, columns_of_cases(cases, terms, today.at)])

    def _send(
        self,
        today: Today,
        columns: Columns,
        answer: PortfolioRun,
        terms: Terms,
        who: Ints,
    ) -> Ints:
        """Send the notices that are due where somebody wants to act."""
        if self.assumptions.notices == "recorded":
            return np.empty(0, dtype=np.int64)
        sent = []
        wanted = answer.recommended > NONE
        for row in range(len(today.plain), len(who)):
            seen = columns.eligibility[row]
            if seen is None:
                continue
            p, i = float(columns.inputs.p_nonpayment[row]), int(who[row])
            for due in before_acting(seen, terms, p, is_wanted=bool(wanted[row])):
                told = self._notice(today, i, due.notice)
                self._notices.setdefault(i, []).append(told)
                sent.append(i)
        return np.array(sent, dtype=np.int64)

    def _notice(self, today: Today, i: int, name: str) -> Notice:
        done = today.at + timedelta(hours=self.assumptions.delivery_hours)
        arrives = self.assumptions.arrives(str(today.customer_ids[i]), name, today.at)
        return Notice(
            name=name,
            sent_at=today.at,
            delivered_at=done if arrives else None,
            bounced_at=None if arrives else done,
            policy=self.policy.reference,
        )

    def _carry_out(self, looked: Looked) -> None:
        """Reviews and stops; people are assumed to agree at once."""
        today, answer = looked.today, looked.answer
        reviews = looked.acted & (answer.recommended == REVIEW)
        self._reviewed_on[looked.who[reviews]] = today.at.timestamp() / 86_400
        stops = np.flatnonzero(looked.acted & (answer.recommended >= SUSPEND))
        if not len(stops):
            return
        by_fraud = np.asarray(
            is_by_fraud(looked.columns.inputs, looked.terms, answer.recommended)
        )
        for row in stops.tolist():
            i = int(looked.who[row])
            reason = "fraud" if by_fraud[row] else "nonpayment"
            action = ExecutedAction(
                ACTIONS[answer.recommended[row]],
                today.at,
                reason,
                "automation",
                invoices=None if by_fraud[row] else _late_invoices(looked, row),
            )
            self._off.setdefault(i, []).append(action)
            self._done[i].append(action)
            self._p_good.setdefault(i, float(looked.columns.inputs.p_good[row]))

    def _restore(self, today: Today, columns: Columns) -> list[int]:
        """Give access back where every cause is cured, or the customer has left."""
        particular = columns.eligibility[len(today.plain) :]
        seen = dict(zip(today.particular.tolist(), particular, strict=True))
        restored = []
        for i in list(self._off):
            found = seen.get(i)
            if found is None or found.reactivation is not None:
                self._give_back(i, today.at)
                restored.append(i)
        return restored

    def _give_back(self, i: int, at: datetime | None) -> None:
        actions = self._off.pop(i)
        first = actions[0]
        harshest = max(actions, key=lambda a: ACTIONS.index(a.action))
        reason = first.reason or ""
        p_good = self._p_good.pop(i)
        self.stops.append(Stop(i, first.at, at, harshest.action, reason, p_good))
        if at is None:
            return
        self._done[i].append(ExecutedAction("reactivate", at, reason, "automation"))
        if any(action.reason == "fraud" for action in actions):
            self._settled_at[i] = at  # looked at: the same signs count no more


def _late_invoices(looked: Looked, row: int) -> tuple[str, ...] | None:
    """For which invoices access is taken; None where a report says what is owed."""
    facts = looked.cases[row - (len(looked.who) - len(looked.cases))].facts
    return tuple(item.invoice_id for item in late_items(facts)) or None


def _rested(columns: Columns, resting: npt.NDArray[np.bool_]) -> Columns:
    """Whoever was reviewed lately is not reviewed again, whichever way."""
    v, bit = columns.inputs, REVIEW_BIT * resting.astype(np.int64)
    return replace(
        columns,
        inputs=v._replace(
            ordinary_bits=v.ordinary_bits | bit,
            high_usage_bits=v.high_usage_bits | bit,
            fraud_bits=v.fraud_bits | bit,
            is_first_invoice=v.is_first_invoice & ~resting,
            is_left_to_a_person=v.is_left_to_a_person & ~resting,
        ),
    )


def costs_of(looked: Looked, n_customers: int) -> Floats:
    """(customers, 6) expected cost by customer; NaN outside the book."""
    found = np.full((n_customers, len(ACTIONS)), np.nan)
    found[looked.who] = looked.answer.costs
    return found
