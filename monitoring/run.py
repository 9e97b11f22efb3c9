"""One run of monitoring: the four clocks of a portfolio, and what rang."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import pyarrow as pa

from advice.advisor import Advisor
from advice.mature_window import PendingOutcomes
from advice.population import Population, present_population
from advice.portfolio_run import advise_portfolio
from features.head_count import PopulationCount
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots, population_and_count
from monitoring.due_days import DueDays, due_days
from monitoring.early_outcomes import EarlyOutcomes, early_outcomes
from monitoring.fraud_signs import FraudSignsScan, fraud_signs_scan
from monitoring.mature_outcomes import MatureOutcomes, mature_outcomes
from monitoring.same_day import compared
from monitoring.scores import (
    STOP_IN_FORCE,
    ActionShares,
    TargetScores,
    action_shares,
)
from monitoring.table_flows import TableFlow, table_flows
from monitoring.target_inputs import TargetInputs
from scoring.bundle import Bundle
from store.monitoring import Cause

MOST_DECIDED = 2_000  # customers drawn to say what share meets each action
# before this one, that say what is usual: two months of them, for months have 31 days
MOST_RUNS = 62


class _Rings(Protocol):
    def causes(self) -> Iterator[Cause]: ...


@dataclass(frozen=True)
class FourClocks:
    """What one run saw.

    Args:
        portfolio: its name.
        as_of: how far it observes, µs since 1970 UTC.
        now: moment from which quiet of a table was counted.
        policy_hash, bundles: what was monitored; bundles by target.
        count: whom the models speak of, and how that comes from the portfolio.
        tables, terms, inputs: the first clock; terms are None without enough invoices.
        scores, actions: the second.
        early: the third.
        fraud_signs: day by day, beside it; None where too few tell what is usual.
        mature: the fourth.
        no_reference: targets whose bundle does not say what training looked like.
        starters: targets that a starter stands in for: nothing was learnt here.
    """

    portfolio: str
    as_of: int
    now: int
    policy_hash: str
    bundles: Mapping[str, str]
    count: PopulationCount
    tables: tuple[TableFlow, ...]
    terms: DueDays | None
    inputs: tuple[TargetInputs, ...]
    scores: tuple[TargetScores, ...]
    actions: ActionShares
    early: tuple[EarlyOutcomes, ...]
    fraud_signs: FraudSignsScan | None
    mature: tuple[MatureOutcomes | PendingOutcomes, ...]
    no_reference: tuple[str, ...]
    starters: tuple[str, ...]

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What rang, from the clock that shows first to the one that shows last."""
        mature = [one for one in self.mature if isinstance(one, MatureOutcomes)]
        parts: list[_Rings] = [*self.tables]
        parts += [] if self.terms is None else [self.terms]
        parts += [*self.inputs, *self.scores]
        parts += [self.actions, *self.early]
        parts += [] if self.fraud_signs is None else [self.fraud_signs]
        parts += mature
        return tuple(cause for part in parts for cause in part.causes())

    def to_json(self) -> dict[str, Any]:
        """All numbers, of no single customer."""
        numbers: dict[str, Any] = json.loads(
            json.dumps(asdict(self), default=sorted, allow_nan=False)
        )
        causes = [asdict(cause) for cause in self.causes]
        return numbers | {"causes": causes, "gauges": self.gauges}

    @property
    def gauges(self) -> dict[str, dict[str, float]]:
        """What a service shows of it, by measure and target."""
        oldest = max((one.age_days for one in self.early), default=0)
        return {
            "feature_shift": {one.target: one.shift for one in self.inputs},
            "score_index": {one.target: one.least.index for one in self.scores},
            "early_ratio": {
                one.target: one.by_model.ratio
                for one in self.early
                if one.age_days == oldest
            },
        }


def monitor(
    portfolio: Portfolio,
    advisor: Advisor,
    now: int,
    before: Sequence[Mapping[str, Any]] = (),
    released: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> FourClocks:
    """Look at the four clocks.

    Args:
        portfolio: with the settings that the bundles were trained with.
        advisor: bundles and policy in force.
        now: from when quiet of a table is counted, µs since 1970 UTC.
        before: numbers of this portfolio's earlier runs, the latest first, also of the
            same state of the data.
        released: tables that a person has released since the latest of these runs, as
            having the rows they are to have.
        progress: called with a line per step.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    trained = {t: b for t, b in advisor.bundles.items() if not b.is_starter}
    progress("the population of now")
    pairs, count = population_and_count(portfolio)
    populations = {
        t: present_population(portfolio, b, pairs) for t, b in trained.items()
    }
    models = [
        compared(portfolio, bundle, reference, population, progress)
        for bundle, reference, population in _with_reference(trained, populations)
    ]
    progress("actions")
    table = decided(portfolio, advisor)
    bundles = {t: b.bundle_id for t, b in advisor.bundles.items()}
    policy_hash = advisor.policy.hash
    earlier = [one for one in before if one["as_of"] < portfolio.observed_until]
    comparable = shares_before(earlier, policy_hash, bundles)
    progress("outcomes")
    return FourClocks(
        portfolio=portfolio.settings.name,
        as_of=portfolio.observed_until,
        now=now,
        policy_hash=policy_hash,
        bundles=bundles,
        count=count,
        # whatever it observed: of a state looked at twice, or that lost its newest
        # rows, no run is earlier
        tables=table_flows(portfolio, now, next(iter(before), None), released),
        terms=due_days(portfolio),
        inputs=tuple(one.inputs for one in models),
        scores=tuple(one.scores for one in models),
        actions=action_shares(
            table["action"].to_pylist(), table["in_force"].to_pylist(), comparable
        ),
        early=tuple(
            one for b in trained.values() for one in early_outcomes(portfolio, b)
        ),
        fraud_signs=fraud_signs_scan(portfolio),
        mature=tuple(
            mature_outcomes(portfolio, b, advisor.policy.document.holdout.epoch_days)
            for b in trained.values()
        ),
        no_reference=tuple(t for t, b in trained.items() if b.reference is None),
        starters=tuple(t for t, b in advisor.bundles.items() if b.is_starter),
    )


def shares_before(
    before: Sequence[Mapping[str, Any]], policy_hash: str, bundles: Mapping[str, str]
) -> list[Mapping[str, float]]:
    """Shares of actions in earlier runs under the same policy and models.

    Args:
        before: numbers of earlier runs, the latest first, one per state of the data.
            Those of an older release, which counted stops in force as new ones, say
            nothing.
        policy_hash: of the policy in force now.
        bundles: in force now, by target.
    """
    return [
        one["actions"]["shares"]
        for one in before[:MOST_RUNS]
        if (one["policy_hash"], one["bundles"]) == (policy_hash, dict(bundles))
        and STOP_IN_FORCE in one["actions"]["shares"]
    ]


def _with_reference(
    bundles: Mapping[str, Bundle], populations: Mapping[str, Population]
) -> Iterator[tuple[Any, Any, Population]]:
    for target, bundle in bundles.items():
        population = populations[target]
        if bundle.reference is not None and len(population.probability):
            yield bundle, bundle.reference, population


def decided(portfolio: Portfolio, advisor: Advisor) -> pa.Table:
    """Advice about customers drawn at equal steps through all of them."""
    everyone = latest_snapshots(portfolio, portfolio.observed_until)
    n = min(MOST_DECIDED, everyone.num_rows)
    drawn = [i * everyone.num_rows // n for i in range(n)]
    chosen = everyone.take(pa.array(drawn, pa.int64()))  # also where nobody is there
    return advise_portfolio(advisor, portfolio, chosen)
