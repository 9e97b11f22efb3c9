"""The second clock: what the models and the policy answer, before any outcome."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advice.population import Population
from decisions.actions import ACTIONS, STOPS
from features.arrays import FloatArray
from monitoring.batches import swing
from monitoring.drift import Drift, drift
from scoring.reference import Reference
from store.monitoring import Cause

SHIFTED = 0.25  # index of the probability
OF_LATE = 25  # runs, one a day; less than a month
LEAST_RUNS = 3  # before, to say what share of each action is usual
TIMES = 2.0
DEVIATIONS = 3.0
STOP_IN_FORCE = "stop_in_force"


@dataclass(frozen=True, slots=True)
class TargetScores:
    """Probabilities of one model now, against those at its training.

    Args:
        drift: of the probabilities against those of the training.
        mean_now: of the probabilities.
        expected_auc: what the AUC is where the probabilities are right and only who
            the customers are has changed (CBPE); None where it cannot be said.
        same_day: of the probabilities against the same day of a month, quarter or
            year before the training ended, where that had to be looked at.
        same_age: of the probabilities as if nobody had grown older since the training
            (`monitoring.same_age`), likewise.
    """

    target: str
    drift: Drift
    mean_now: float
    expected_auc: float | None
    same_day: Drift | None = None
    same_age: Drift | None = None

    @property
    def least(self) -> Drift:
        """What neither the day of the month nor the portfolio's age explains."""
        found = (self.drift, self.same_day, self.same_age)
        return min((one for one in found if one), key=lambda one: one.index)

    def causes(self) -> Iterator[Cause]:
        """What rings about these probabilities."""
        one = self.least
        if one.is_real and one.index > SHIFTED:
            why = (
                f"{self.target}: its probabilities have moved (index {one.index:.2f},"
                f" limit {SHIFTED}); the mean is now {self.mean_now:.2%}"
            )
            yield Cause("scores", "score_drift", self.target, why)


@dataclass(frozen=True, slots=True)
class ActionShares:
    """Share of customers by recommended action, against runs before.

    Args:
        shares: by action, of which stops are new ones; `no_decision` and
            `stop_in_force`, which simply goes on, among them.
        usual: mean share of the runs before, under the same policy; None where there
            were fewer than three.
        n: customers.
        most_stops: the most of a run that is not of late, where new stops come in
            batches, as where everybody is billed on one day of the month; else 0.
    """

    shares: Mapping[str, float]
    usual: Mapping[str, float] | None
    n: int
    most_stops: float = 0.0

    def causes(self) -> Iterator[Cause]:
        """What rings about new stops."""
        if self.usual is None or not self.n:
            return
        now = _new_stops(self.shares)
        before = max(_new_stops(self.usual), self.most_stops)
        # half a customer where there was none, so that the first is no alarm
        level = max(before, 0.5 / self.n)
        spread = float(np.sqrt(level * (1.0 - level) / self.n))
        if now > TIMES * level and now > level + DEVIATIONS * spread:
            why = (
                f"{now:.2%} of the customers would be stopped anew; usual are"
                f" {before:.2%}"
            )
            yield Cause("scores", "more_stops", "actions", why)


def target_scores(
    target: str, reference: Reference, population: Population
) -> TargetScores:
    """Probabilities of a population against those of the training."""
    p = population.probability
    return TargetScores(
        target,
        drift(f"p_{target}", reference.probability, p),
        float(p.mean()),
        expected_auc(p),
    )


def expected_auc(p: FloatArray) -> float | None:
    """The AUC that probabilities (n,) have where they are right (CBPE).

    >>> expected_auc(np.array([0.0, 1.0]))
    1.0
    """
    order = np.argsort(p, kind="stable")
    bad, good = p[order], 1.0 - p[order]
    pairs = bad.sum() * good.sum() - float(p @ (1.0 - p))  # of two customers
    if pairs <= 0.0:
        return None
    below = np.cumsum(good) - good
    return float((bad @ below) / pairs)


def action_shares(
    actions: Sequence[str | None],
    in_force: Sequence[bool],
    before: Sequence[Mapping[str, float]],
) -> ActionShares:
    """Shares of recommended actions.

    Args:
        actions: one per customer; None where nothing was decided.
        in_force: one per customer: whether the action was carried out before already.
        before: shares of the runs before, under the same policy, the latest first.
    """
    names = [
        STOP_IN_FORCE if goes_on and action in STOPS else action or "no_decision"
        for action, goes_on in zip(actions, in_force, strict=True)
    ]
    every = (*ACTIONS, STOP_IN_FORCE, "no_decision")
    shares = {name: names.count(name) / max(len(names), 1) for name in every}
    if len(before) < LEAST_RUNS:
        return ActionShares(shares, None, len(names))
    usual = {
        name: float(np.mean([one.get(name, 0.0) for one in before])) for name in every
    }
    stops = np.array([_new_stops(one) for one in before])
    is_batched = swing(stops * len(names), np.ones(len(stops))) > 1.0
    # a rise is in the latest runs alone, what comes every month in older ones as well
    most = float(stops[OF_LATE:].max(initial=0.0)) if is_batched else 0.0
    return ActionShares(shares, usual, len(names), most)


def _new_stops(shares: Mapping[str, float]) -> float:
    """Share of customers who are stopped anew."""
    return sum(shares.get(action, 0.0) for action in STOPS)
