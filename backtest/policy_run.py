"""One policy within a backtest: it decides each day, and remembers what it has done."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

import numpy as np

from backtest.assumptions import Assumptions
from backtest.day_decisions import DayDecisions
from backtest.own_actions import OwnActions, Stop
from backtest.portfolio_day import PortfolioDay
from decisions.actions import ACTIONS, NONE, REVIEW, REVIEW_BIT, SUSPEND
from decisions.case import BudgetUse, Case
from decisions.follow_up.answer_follow_up import before_acting
from decisions.policy_file.load import Policy
from decisions.rules.clock import late_items
from decisions.rules.guardrails import is_by_fraud
from decisions.steps.choose_columns import run
from decisions.steps.columns import Columns, columns_of_cases, columns_of_plain, joined
from decisions.terms import Terms
from features.arrays import BoolArray, IntArray
from features.facts import AccountFacts, ExecutedAction
from features.timeline import fast_replace

_LONG_AGO = -1e6  # days since 1970: never reviewed


class PolicyRun:
    """A policy and what it has done so far; `decide` must be called day by day.

    Args:
        policy: decides.
        assumptions: what happens to its notices and reviews.
        n_customers: of the portfolio.
    """

    def __init__(
        self, policy: Policy, assumptions: Assumptions, n_customers: int
    ) -> None:
        self.policy, self.assumptions = policy, assumptions
        self._own = OwnActions(policy.reference, assumptions)
        self._previous = np.zeros(n_customers, dtype=np.int64)
        self._reviewed_on = np.full(n_customers, _LONG_AGO)  # days since 1970

    @property
    def n_without_access(self) -> int:
        """How many customers are without access now."""
        return len(self._own.without_access)

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Stops that have ended, or that `finish` noted; the oldest first."""
        by_time = attrgetter("since", "customer")
        return tuple(sorted(self._own.stops, key=by_time))

    def finish(self) -> None:
        """Note the stops that are still in force when the period ends."""
        self._own.finish()

    def decide(self, today: PortfolioDay) -> DayDecisions:
        """Decide about everybody, and carry it out."""
        terms = self.policy.in_force(today.at) or self.policy.latest
        cases = tuple(self._cases(today, terms))
        customers = today.customers
        days_ago = today.at.timestamp() / 86_400 - self._reviewed_on[customers]
        is_rested = days_ago < self.assumptions.review_rest_days
        columns = _without_reviews(self._columns(today, cases, terms), is_rested)
        budget_use = BudgetUse(n_customers=len(customers))
        answer = run(columns, terms, today.at, budget_use)
        restored = self._restore(today, columns, terms)
        is_new = answer.recommended > np.maximum(columns.inputs.in_force, NONE)
        decisions = DayDecisions(
            today=today,
            terms=terms,
            budget_use=budget_use,
            customers=customers,
            cases=cases,
            columns=columns,
            answer=answer,
            is_rested=is_rested,
            is_executed=is_new & ~np.isin(customers, restored),
            notified=self._send(today, columns, answer.recommended, terms),
            n_restored=len(restored),
        )
        self._previous[customers] = np.maximum(answer.recommended, NONE)
        self._carry_out(decisions)
        self._take_measures(decisions)
        return decisions

    def _cases(self, today: PortfolioDay, terms: Terms) -> Iterator[Case]:
        active = today.active
        for customer, facts, p_fraud, p_nonpayment in zip(
            active.tolist(),
            today.facts,
            today.p["fraud"][active].tolist(),
            today.p["nonpayment"][active].tolist(),
            strict=True,
        ):
            previous = int(self._previous[customer])
            yield Case(
                facts=self._own.applied_to(customer, as_if_sent_by(terms, facts)),
                p_fraud=_known(p_fraud),
                p_nonpayment=_known(p_nonpayment),
                nonpayment_given_fraud=today.nonpayment_given_fraud,
                previous=ACTIONS[previous] if previous else None,
                zone=today.zone,
            )

    def _columns(
        self, today: PortfolioDay, cases: tuple[Case, ...], terms: Terms
    ) -> Columns:
        quiet = today.quiet
        plain = columns_of_plain(
            terms,
            today.customer_ids[quiet],
            today.probabilities_of(quiet),
            today.money_of(quiet),
            today.subject_kind[quiet],
        )
        inputs = plain.inputs._replace(previous=self._previous[quiet])
        return joined(
            [replace(plain, inputs=inputs), columns_of_cases(cases, terms, today.at)]
        )

    def _send(
        self, today: PortfolioDay, columns: Columns, recommended: IntArray, terms: Terms
    ) -> IntArray:
        """Send the notices that are due where an action is wanted."""
        if self.assumptions.notices == "recorded":
            return np.empty(0, dtype=np.int64)
        notified = []
        first = len(today.quiet)
        for row, customer in enumerate(today.active.tolist(), first):
            eligibility = columns.eligibility[row]
            if eligibility is None:
                continue
            p = float(columns.inputs.p_nonpayment[row])
            is_wanted = bool(recommended[row] > NONE)
            for due in before_acting(eligibility, terms, p, is_wanted=is_wanted):
                customer_id = str(today.customer_ids[customer])
                self._own.send(customer, customer_id, due.notice, today.at)
                notified.append(customer)
        return np.array(notified, dtype=np.int64)

    def _carry_out(self, decisions: DayDecisions) -> None:
        """Reviews and stops; people are assumed to agree at once."""
        recommended, inputs = decisions.answer.recommended, decisions.columns.inputs
        reviews = decisions.is_executed & (recommended == REVIEW)
        self._reviewed_on[decisions.customers[reviews]] = decisions.day_number
        stops = np.flatnonzero(decisions.is_executed & (recommended >= SUSPEND))
        if not len(stops):
            return
        by_fraud = np.asarray(is_by_fraud(inputs, decisions.terms, recommended))
        for row in stops.tolist():
            action = ExecutedAction(
                ACTIONS[recommended[row]],
                decisions.today.at,
                reason="fraud" if by_fraud[row] else "nonpayment",
                by="automation",
                invoices=None if by_fraud[row] else _late_invoices(decisions, row),
            )
            p_good = float(inputs.p_good[row])
            facts = decisions.facts(row)
            lost = (facts and facts.written_off) or 0
            self._own.take_access(int(decisions.customers[row]), action, p_good, lost)

    def _take_measures(self, decisions: DayDecisions) -> None:
        """New measures begin; those of whom nothing is going on any more end."""
        quiet = set(decisions.today.quiet.tolist())
        for customer in self._own.measured:
            if customer in quiet:
                self._own.end_measures(customer)
        measure, terms = decisions.answer.measure, decisions.terms
        for row in np.flatnonzero(measure >= 0).tolist():
            name = terms.measures[measure[row]].name
            begun = ExecutedAction(name, decisions.today.at, by="automation")
            self._own.begin_measure(int(decisions.customers[row]), begun)

    def _restore(
        self, today: PortfolioDay, columns: Columns, terms: Terms
    ) -> list[int]:
        """Give access back where every cause is cured, or nothing is going on.

        Of quiet customers nothing is worked out; what was written off cures nothing.
        """
        active = columns.eligibility[len(today.quiet) :]
        by_customer = dict(zip(today.active.tolist(), active, strict=True))
        restored = []
        for customer in self._own.without_access:
            eligibility = by_customer.get(customer)
            is_back = (
                not self._own.gave_up(customer, terms)
                if eligibility is None
                else eligibility.reactivation is not None
            )
            if is_back:
                self._own.give_back(customer, today.at)
                restored.append(customer)
        return restored


def as_if_sent_by(terms: Terms, facts: AccountFacts) -> AccountFacts:
    """Facts in which recorded notices of the policy's names count as its own.

    Others stay of the policy they were sent under: `accept_notices` may name it.
    """
    if not facts.notices:
        return facts
    kinds = terms.document.notices.kinds
    notices = tuple(
        replace(notice, policy=None) if notice.name in kinds else notice
        for notice in facts.notices
    )
    return fast_replace(facts, notices=notices)


def _known(p: float) -> float | None:
    return None if np.isnan(p) else p


def _late_invoices(decisions: DayDecisions, row: int) -> tuple[str, ...] | None:
    """For which invoices access is taken; None where a report says what is owed."""
    facts = decisions.facts(row)
    if facts is None:
        return None
    return tuple(item.invoice_id for item in late_items(facts)) or None


def _without_reviews(columns: Columns, is_rested: BoolArray) -> Columns:
    """Columns in which customers who were reviewed lately are not reviewed again."""
    inputs, bit = columns.inputs, REVIEW_BIT * is_rested.astype(np.int64)
    return replace(
        columns,
        inputs=inputs._replace(
            ordinary_bits=inputs.ordinary_bits | bit,
            high_usage_bits=inputs.high_usage_bits | bit,
            fraud_bits=inputs.fraud_bits | bit,
            suspicion_bits=inputs.suspicion_bits | bit,
        ),
    )
