"""The whole backtest, started here: every day, every policy compared, then the results.

Facts and scores are those of the day; the past itself does not react to the policy.
Decisions come from the very functions that answer one customer.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from advice.advisor import Advisor
from advice.knowledge import require_same
from advice.starting import at_home
from backtest.assumptions import Assumptions
from backtest.day_decisions import DayDecisions
from backtest.decision_days import DecisionDays
from backtest.differences import Differences, confusion_table
from backtest.errors import PeriodError, UnpricedPolicyError
from backtest.guardrail_cost import DayCosts, day_costs
from backtest.outcome import Backtest
from backtest.own_actions import Stop
from backtest.policy_record import PolicyRecord
from backtest.portfolio_day import PortfolioDay, PortfolioHistory
from backtest.portfolio_timeline import TimelineReader
from backtest.regret import Regret, regrets
from backtest.savings import Savings
from backtest.scores import Scores, known_since, scores
from backtest.support import support
from backtest.truth import Truth
from decisions.policy_file.load import Policy
from decisions.steps.columns import looks_at_everybody
from features.arrays import BoolArray
from features.moments import microseconds, to_datetime
from features.portfolio import Portfolio

StepProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""
STEPS = (
    "reading what was known",
    "scoring",
    "deciding day by day",
    "comparing with the truth",
)
_MOST_PRICED_DAYS = 13  # days on which guard-rails are priced
_DAY = timedelta(days=1)


def run_backtest(
    advisor: Advisor,
    portfolio: Portfolio,
    days: DecisionDays,
    *,
    against: Policy | None = None,
    assumptions: Assumptions | None = None,
    truth: Truth | None = None,
    progress: StepProgress = lambda _step, _done, _all: None,
) -> Backtest:
    """Let `advisor.policy`, and another one beside it, decide every day of a past.

    Args:
        advisor: models and the new policy.
        portfolio: must have the settings the models were trained with.
        days: when decisions are made and scores are computed.
        against: the policy to compare with; default doing nothing alone.
        assumptions: what happens where the past cannot say.
        truth: of a simulated portfolio.
        progress: called with one of `STEPS`, what of it is done, and all of it.

    Raises:
        SettingsDifferError: if the portfolio is another one than the models'.
        UnpricedPolicyError: if no policy states costs.
        PeriodError: if the period lies outside of what the portfolio observes.
    """
    # a starter's level is what was known of the portfolio on the first day
    advisor = at_home(advisor, portfolio, microseconds(days.moments[0]))
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    _require_data(portfolio, days)
    return _BacktestRun(
        advisor,
        portfolio,
        days,
        against,
        assumptions or Assumptions(),
        truth,
        progress,
    ).run()


def _require_data(portfolio: Portfolio, days: DecisionDays) -> None:
    """Days beyond what was observed would be days on which nobody pays."""
    first, last = days.moments[0], days.moments[-1]
    zone = portfolio.settings.zone
    if microseconds(last) > portfolio.observed_until:
        until = to_datetime(portfolio.observed_until).astimezone(zone)
        raise PeriodError(
            f"the last day is {last:%Y-%m-%d}, but the data observe until"
            f" {until:%Y-%m-%d %H:%M}: end no later"
        )
    known_from = to_datetime(int(known_since(portfolio).min())).astimezone(zone)
    if first < known_from:
        raise PeriodError(
            f"the first day is {first:%Y-%m-%d}, but nobody was known before"
            f" {known_from:%Y-%m-%d %H:%M}: begin later"
        )


class _BacktestRun:
    def __init__(
        self,
        advisor: Advisor,
        portfolio: Portfolio,
        days: DecisionDays,
        against: Policy | None,
        assumptions: Assumptions,
        truth: Truth | None,
        progress: StepProgress,
    ) -> None:
        self.advisor, self.portfolio, self.days = advisor, portfolio, days
        self.assumptions, self.truth, self.progress = assumptions, truth, progress
        self.policies, self.notes = [advisor.policy], advisor.notes
        if against is not None:
            old = Advisor(advisor.bundles, against, advisor.settings)
            self.policies.append(old.policy)
            self.notes = tuple(dict.fromkeys([*self.notes, *old.notes]))
        first = days.moments[0]
        self.policies = [in_force_from(policy, first) for policy in self.policies]
        self.n_customers = n = len(portfolio.customer_ids)
        self.records = [PolicyRecord(p, assumptions, n) for p in self.policies]
        self.pricing = self._pricing_policy()
        terms = self.policies[self.pricing].latest
        assert terms.model is not None  # noqa: S101  chosen because it has one
        horizon_days = terms.document.horizon_days
        self.savings = [Savings(terms.model, n, horizon_days) for _ in self.records]
        self.log = support(portfolio)
        self.differences = Differences()
        self.day_costs: list[DayCosts] = []
        self.chosen: dict[int, dict[str, dict[str, int]]] = {}  # by moment of the truth

    def _pricing_policy(self) -> int:
        """Which policy's costs price everything: the new one's, else the old one's."""
        for index, policy in enumerate(self.policies):
            if all(terms.model is not None for _, terms in policy.versions):
                return index
        raise UnpricedPolicyError(*(policy.reference for policy in self.policies))

    def run(self) -> Backtest:
        history = self._history()
        truth_moments = self._truth_moments()
        for day in range(len(self.days)):
            self._decide(history.on(day), truth_moments.get(day))
            self.progress(STEPS[2], day + 1, len(self.days))
        for record in self.records:
            record.run.finish()
        return self._backtest()

    def _history(self) -> PortfolioHistory:
        portfolio, days = self.portfolio, self.days
        reader = TimelineReader(
            portfolio,
            days,
            with_notices=self.assumptions.notices == "recorded",
            progress=lambda done, total: self.progress(STEPS[0], done, total),
        )
        as_of_scores = scores(
            self.advisor,
            portfolio,
            days,
            reader.present(days.scored),
            reader.take_facts_when_scored(),
            progress=lambda done, total: self.progress(STEPS[1], done, total),
        )
        timeline = reader.timeline(self._looked_into(as_of_scores))
        return PortfolioHistory(timeline, as_of_scores, days, portfolio.settings.zone)

    def _looked_into(self, as_of_scores: Scores) -> BoolArray:
        """(days, customers) whom a policy looks into although nothing is going on.

        Whoever was suspected once stays looked into, because a pause on suspicion may
        go on when the score has fallen again.
        """
        versions = [terms for p in self.policies for _, terms in p.versions]
        if any(looks_at_everybody(terms) for terms in versions):
            return np.ones((len(self.days), self.n_customers), dtype=bool)
        suspected = as_of_scores.reached(
            "fraud", min(terms.min_p_suspicion for terms in versions)
        )
        reminded = as_of_scores.reached(
            "nonpayment", min(terms.min_p_before_due for terms in versions)
        )
        since = np.logical_or.accumulate(suspected, axis=0)
        return as_of_scores.daily(since | reminded, len(self.days))

    def _decide(self, today: PortfolioDay, truth_moment: int | None) -> None:
        """All policies decide about one day, and what they decide is recorded."""
        by_policy = [record.run.decide(today) for record in self.records]
        new = by_policy[0]
        pricing = by_policy[self.pricing]
        costs = [pricing.expected_costs(self.n_customers, of=one) for one in by_policy]
        if self._is_priced(today.index):
            self.day_costs.append(day_costs(new, costs[0]))
        for record, savings, decisions, own in zip(
            self.records, self.savings, by_policy, costs, strict=True
        ):
            record.record(decisions, savings, own, self.log)
        if len(by_policy) == 2:
            self.differences.compare(new, by_policy[1], costs[0])
        if truth_moment is not None:
            in_place = self._actions_in_place(new)
            self.chosen[truth_moment] = {"recommended": in_place}

    def _is_priced(self, day: int) -> bool:
        scored = self.days.scored
        every = -(-len(scored) // _MOST_PRICED_DAYS)
        return day in scored[::every]

    def _actions_in_place(self, decisions: DayDecisions) -> dict[str, int]:
        """What has been done about everybody by the end of the day.

        An action of the running horizon window counts as far as it would be proposed
        today: a reminder sent last week need not be sent again to have been sent.
        """
        answer = decisions.answer
        before = self.savings[0].harshest_in_window(
            decisions.day_number, decisions.customers
        )
        still_proposed = np.minimum(before, np.maximum(answer.proposed, 0))
        action = np.maximum(np.maximum(answer.recommended, 0), still_proposed)
        ids = decisions.columns.customer_id.tolist()
        return dict(zip(ids, action.tolist(), strict=True))

    def _truth_moments(self) -> dict[int, int]:
        """Moments for which the oracle branched futures, by decision day."""
        moments = {}
        for moment in self.truth.moments() if self.truth is not None else ():
            at = datetime.fromtimestamp(moment / 1e6, UTC)
            for day, decided_at in enumerate(self.days.moments):
                if timedelta(0) <= decided_at - at < _DAY:
                    moments[day] = moment
        return moments

    def _backtest(self) -> Backtest:
        labels = _labels([policy.reference for policy in self.policies])
        new, *others = (
            record.outcome(label, savings)
            for record, label, savings in zip(
                self.records, labels, self.savings, strict=True
            )
        )
        old = others[0] if others else None
        pricing_policy = self.policies[self.pricing]
        bundles = self.advisor.bundles
        return Backtest(
            currency=pricing_policy.document.currency,
            n_customers=self.n_customers,
            days=self.days,
            assumptions=self.assumptions,
            priced_with=pricing_policy.reference,
            measured_on=_measured_on(pricing_policy),
            trained_on={t: b.trained_on.isoformat() for t, b in bundles.items()},
            notes=self.notes,
            has_contacts="contacts" in self.portfolio.settings.tables,
            has_log=self.log.cells is not None,
            new=new,
            old=old,
            day_costs=tuple(self.day_costs),
            differences=tuple(self.differences.examples(*self.policies)) if old else (),
            confusion_table=(
                confusion_table(self.savings[0].harshest, self.savings[1].harshest)
                if old
                else None
            ),
            regrets=tuple(self._regrets()),
            stopped_good=self._stopped_good(new.stops),
        )

    def _regrets(self) -> list[Regret]:
        if self.truth is None or self.pricing != 0:
            return []
        self.progress(STEPS[3], 0, 1)
        terms = self.policies[0].latest
        return regrets(self.advisor, self.portfolio, terms, self.truth, self.chosen)

    def _stopped_good(self, stops: tuple[Stop, ...]) -> tuple[bool, ...] | None:
        if self.truth is None or self.truth.months is None:
            return None
        ids = self.portfolio.customer_ids
        return self.truth.were_good(
            [(ids[stop.customer], stop.since) for stop in stops]
        )


def _measured_on(policy: Policy) -> dict[str, str]:
    """By action, what its effect was measured on, in the policy's latest terms."""
    costs = policy.latest.document.costs
    actions = {} if costs is None else costs.actions
    return {name: row.measured_on for name, row in actions.items()}


def in_force_from(policy: Policy, first: datetime) -> Policy:
    """`policy` as if it had been in force by then and were never to end."""
    document = policy.document
    is_early = document.effective_from > first.date()
    if not is_early and document.effective_to is None:
        return policy
    start = min(document.effective_from, first.date() - _DAY)
    amended = {"effective_from": start, "effective_to": None}
    return Policy(document.model_copy(update=amended), policy.source)


def _labels(references: list[str]) -> list[str]:
    if len(set(references)) == len(references):
        return references
    return [
        f"{name} ({age})" for name, age in zip(references, ("new", "old"), strict=True)
    ]
