"""A policy lives through a portfolio's past, day by day, before it is live.

Facts and scores are those of the day; the past itself does not react to the policy.
Decisions come from the very functions that answer one customer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from advice.advisor import Advisor
from advice.knowledge import require_same
from backtest.book import Book, Today
from backtest.chronicle import chronicle
from backtest.differences import Difference, Partings, crossed
from backtest.errors import PeriodError, UnpricedPolicyError
from backtest.intervals import Interval, total_interval
from backtest.plan import Assumptions, Days
from backtest.rails import Look, priced
from backtest.scores import Floats, known_since, scores
from backtest.spells import Spells
from backtest.support import Support, support
from backtest.tally import DAYS, day_row
from backtest.truth import Regret, Truth, regrets
from backtest.world import Looked, Stop, World, costs_of
from decisions.actions import ACTIONS
from decisions.policy_file.load import Policy
from decisions.steps.columns import looks_at_everybody
from features.moments import microseconds, to_datetime
from features.portfolio import Portfolio

Step = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""
_MOST_LOOKS = 13  # days on which guard-rails are priced
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Lived:
    """What became of a portfolio under one policy.

    `days` has a row per day (`tally.DAYS`), `acts` one per decision carried out
    (`spells.ACTS`); `saving` is expected money per customer against doing nothing.
    `label` tells the two policies apart, even two drafts of one version.
    """

    policy: Policy
    label: str
    days: pa.Table
    acts: pa.Table
    stops: tuple[Stop, ...]
    saving: Floats
    unsupported: int

    def saved(self) -> Interval:
        """Expected money saved against doing nothing, 95 % over customers."""
        return total_interval(self.saving)


@dataclass(frozen=True)
class Backtest:
    """Everything a report needs; money in major units of `currency`."""

    currency: str
    n_customers: int
    days: Days
    assumptions: Assumptions
    priced_with: str
    trained_on: Mapping[str, str]
    notes: tuple[str, ...]  # what does not fit between policies and portfolio
    has_contacts: bool
    new: Lived
    old: Lived | None
    looks: tuple[Look, ...]
    differences: tuple[Difference, ...]
    crossed: list[list[int]] | None
    has_log: bool
    regrets: tuple[Regret, ...]
    truly_good: tuple[bool, ...] | None  # per stop of the new policy, by the oracle

    def saved_against_old(self) -> Interval | None:
        """New less old, paired by customer."""
        if self.old is None:
            return None
        return total_interval(self.new.saving - self.old.saving)


def run_backtest(
    advisor: Advisor,
    portfolio: Portfolio,
    days: Days,
    *,
    against: Policy | None = None,
    assumptions: Assumptions | None = None,
    truth: Truth | None = None,
    step: Step = lambda _text, _done, _all: None,
) -> Backtest:
    """Let `advisor.policy`, and another one beside it, decide every day of a past.

    Args:
        advisor: models and the new policy.
        portfolio: must have the settings the models were trained with.
        days: when decisions are made and scores are computed.
        against: the policy to compare with; default doing nothing alone.
        assumptions: what happens where the past cannot say.
        truth: of a simulated portfolio.
        step: told how far it is.

    Raises:
        SettingsDifferError: if the portfolio is another one than the models'.
        UnpricedPolicyError: if no policy states costs.
        PeriodError: if the period lies outside of what the portfolio observes.
    """
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    _require_data(portfolio, days)
    return _Backtesting(
        advisor, portfolio, days, against, assumptions or Assumptions(), truth, step
    ).run()


def _require_data(portfolio: Portfolio, days: Days) -> None:
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


class _Backtesting:
    def __init__(
        self,
        advisor: Advisor,
        portfolio: Portfolio,
        days: Days,
        against: Policy | None,
        assumptions: Assumptions,
        truth: Truth | None,
        step: Step,
    ) -> None:
        self.advisor, self.portfolio, self.days = advisor, portfolio, days
        self.assumptions, self.truth, self.step = assumptions, truth, step
        self.policies, self.notes = [advisor.policy], advisor.notes
        if against is not None:
            old = Advisor(advisor.bundles, against)
            self.policies.append(old.policy)
            self.notes = tuple(dict.fromkeys([*self.notes, *old.notes]))
        first = days.moments[0]
        self.policies = [in_force_from(policy, first) for policy in self.policies]
        n = len(portfolio.customer_ids)
        self.worlds = [World(p, assumptions, n) for p in self.policies]
        self.pricer = self._pricer()
        terms = self.policies[self.pricer].latest
        assert terms.model is not None  # noqa: S101  `_pricer` chose one that has it
        horizon = terms.document.horizon_days
        self.spells = [Spells(terms.model, n, horizon) for _ in self.worlds]
        self.rows: list[list[dict[str, object]]] = [[] for _ in self.worlds]
        self.unsupported = [0 for _ in self.worlds]
        self.partings = Partings()
        self.looks: list[Look] = []
        self.recommended: dict[int, dict[str, int]] = {}

    def _pricer(self) -> int:
        """Which policy's costs price everything: the new one's, else the old one's."""
        for place, policy in enumerate(self.policies):
            if all(terms.model is not None for _, terms in policy.versions):
                return place
        raise UnpricedPolicyError(*(policy.reference for policy in self.policies))

    def run(self) -> Backtest:
        book = self._book()
        known = support(self.portfolio)
        asked = self._truth_days()
        for day in range(len(self.days)):
            self._live(book.on(day), known, asked.get(day))
            self.step("living through the days", day + 1, len(self.days))
        for world in self.worlds:
            world.finish()
        return self._concluded(known)

    def _book(self) -> Book:
        portfolio, days = self.portfolio, self.days
        told = chronicle(
            portfolio,
            days,
            with_notices=self.assumptions.notices == "recorded",
            in_full=any(
                looks_at_everybody(terms)
                for policy in self.policies
                for _, terms in policy.versions
            ),
            progress=lambda a, b: self.step("reading what was known", a, b),
        )
        scored = scores(
            self.advisor,
            portfolio,
            days,
            told.in_book(days.scored),
            progress=lambda a, b: self.step("scoring", a, b),
        )
        return Book(told, scored, days, portfolio.settings.zone)

    def _live(self, today: Today, known: Support, moment: int | None) -> None:
        n = len(self.portfolio.customer_ids)
        looked = [world.look(today) for world in self.worlds]
        costs = costs_of(looked[self.pricer], n)
        if self._is_look(today.day):
            self.looks.append(priced(looked[0], costs))
        for k, (seen, spells) in enumerate(zip(looked, self.spells, strict=True)):
            acts = spells.record(seen, costs)
            self.unsupported[k] += _unsupported(acts, known)
            self.rows[k].append(day_row(seen, acts, self.worlds[k].n_without_access))
        if len(looked) == 2:
            self.partings.compare(looked[0], looked[1], costs)
        if moment is not None:
            self.recommended[moment] = self._standing(looked[0])

    def _is_look(self, day: int) -> bool:
        scored = self.days.scored
        every = -(-len(scored) // _MOST_LOOKS)
        return day in scored[::every]

    def _standing(self, looked: Looked) -> dict[str, int]:
        """What has been done about everybody by the end of the day.

        An act of the running spell counts as far as it would be proposed today: a
        reminder sent last week need not be sent again to have been sent.
        """
        day = looked.today.at.timestamp() / 86_400
        done = self.spells[0].done_by(day, looked.who)
        answer = looked.answer
        still = np.minimum(done, np.maximum(answer.proposed, 0))
        action = np.maximum(np.maximum(answer.recommended, 0), still)
        ids = looked.columns.customer_id.tolist()
        return dict(zip(ids, action.tolist(), strict=True))

    def _truth_days(self) -> dict[int, int]:
        """Decision days on which the oracle branched futures: day → its moment."""
        found = {}
        for moment in self.truth.moments() if self.truth is not None else ():
            at = datetime.fromtimestamp(moment / 1e6, UTC)
            for day, decided_at in enumerate(self.days.moments):
                if timedelta(0) <= decided_at - at < _DAY:
                    found[day] = moment
        return found

    def _concluded(self, known: Support) -> Backtest:
        lived = [
            Lived(
                policy=world.policy,
                label=label,
                days=pa.Table.from_pylist(rows, schema=DAYS),
                acts=spells.acts(),
                stops=tuple(sorted(world.stops, key=lambda s: (s.since, s.customer))),
                saving=spells.saving,
                unsupported=unsupported,
            )
            for world, label, rows, spells, unsupported in zip(
                self.worlds,
                _labels([policy.reference for policy in self.policies]),
                self.rows,
                self.spells,
                self.unsupported,
                strict=True,
            )
        ]
        old = lived[1] if len(lived) == 2 else None
        priced_with = self.policies[self.pricer]
        return Backtest(
            currency=priced_with.document.currency,
            n_customers=len(self.portfolio.customer_ids),
            days=self.days,
            assumptions=self.assumptions,
            priced_with=priced_with.reference,
            trained_on={
                t: b.trained_on.isoformat() for t, b in self.advisor.bundles.items()
            },
            notes=self.notes,
            has_contacts="contacts" in self.portfolio.settings.tables,
            new=lived[0],
            old=old,
            looks=tuple(self.looks),
            differences=tuple(self.partings.sample(*self.policies)) if old else (),
            crossed=crossed(self.spells[0].harshest, self.spells[1].harshest)
            if old
            else None,
            has_log=known.cells is not None,
            regrets=tuple(self._regrets()),
            truly_good=self._truly_good(lived[0].stops),
        )

    def _regrets(self) -> list[Regret]:
        if self.truth is None or self.pricer != 0:
            return []
        self.step("comparing with the truth", 0, 1)
        terms = self.policies[0].latest
        return regrets(
            self.advisor, self.portfolio, terms, self.truth, self.recommended
        )

    def _truly_good(self, stops: tuple[Stop, ...]) -> tuple[bool, ...] | None:
        if self.truth is None or self.truth.months is None:
            return None
        ids = self.portfolio.customer_ids
        return self.truth.were_good([(ids[s.customer], s.since) for s in stops])


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


def _unsupported(acts: pa.Table, known: Support) -> int:
    if known.cells is None or not acts.num_rows:
        return 0
    action = np.array([ACTIONS.index(name) for name in acts["action"].to_pylist()])
    days = np.nan_to_num(acts["days_overdue"].to_numpy(zero_copy_only=False))
    supported = known.is_known(action, days, acts["open"].to_numpy())
    return int((~supported).sum())
