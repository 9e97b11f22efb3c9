"""The first clock, by model: whether what it reads is as it was in training."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from advice.population import Population
from monitoring.drift import Drift, drift
from monitoring.same_age import ageing
from scoring.reference import Reference
from store.monitoring import Cause

UNKNOWN_RISE = 0.2  # of the rows
UNLEARNT_SHARE = 0.05
MATTERS = 0.01  # of what moves the model
# index, weighted by what moves the model; calm worlds stay below 0.02 for nine months
SHIFTED = 0.03
MOST_INDEX = 1.0  # that one feature adds: what lies elsewhere wholly is no more than so


@dataclass(frozen=True, slots=True)
class TargetInputs:
    """What one model reads now, against the population of its training.

    Args:
        drifts: by feature that moves the model, the most important first.
        importance: by feature, its share of what moved the model in training, so that
            one that is lost by now keeps its weight.
        unlearnt: by category, share of rows with a word that training never saw.
        ageing: features that grow with the calendar (days since the first row of
            something): they move in every portfolio, and count for nothing here.
        calendar: by feature, its drift against the same day of a month, quarter
            or year before the training ended: the smaller of the two counts, and either
            may be chance; what was unknown then is not lost.
            Empty where nothing had to be compared with that day, and without features
            that did not exist on it: these excuse nothing.
        same_day_at: that day's moment, µs since 1970 UTC; None where there is none.
    """

    target: str
    drifts: tuple[Drift, ...]
    importance: Mapping[str, float]
    unlearnt: Mapping[str, float]
    ageing: frozenset[str] = frozenset()
    calendar: Mapping[str, Drift] = field(default_factory=dict)
    same_day_at: int | None = None

    def beside(
        self, again: "TargetInputs", then: int, absent: frozenset[str]
    ) -> "TargetInputs":
        """Also with what was found against the same day of a month, quarter or year.

        Args:
            again: that.
            then: the day's moment.
            absent: features that did not exist then.
        """
        by_name = {one.column: one for one in again.drifts if one.column not in absent}
        return replace(self, calendar=by_name, same_day_at=then)

    @property
    def shift(self) -> float:
        """Mean index beyond chance, weighted by what moves the model."""
        return sum(map(self._weight, self.drifts))

    def causes(self) -> Iterator[Cause]:
        """What rings about this model's features."""
        for one in self.drifts:
            name = one.column
            then = self._on_the_day(one).unknown_before
            is_lost = one.unknown_now - max(one.unknown_before, then) > UNKNOWN_RISE
            if self.importance[name] >= MATTERS and is_lost:
                why = (
                    f"{name}: unknown of {one.unknown_now:.0%} of the customers;"
                    f" {one.unknown_before:.0%} in training"
                )
                if name in self.calendar:
                    why += f", {then:.0%} on the same day before its end"
                yield Cause("inputs", "unknown_values", name, why)
        for name, share in self.unlearnt.items():
            if self.importance.get(name, 0.0) >= MATTERS and share > UNLEARNT_SHARE:
                why = f"{name}: {share:.0%} have a word that training never saw"
                yield Cause("inputs", "unlearnt_words", name, why)
        if self.shift > SHIFTED and any(map(self._is_real, self.drifts)):
            first = sorted(self.drifts, key=self._weight, reverse=True)[:3]
            names = ", ".join(one.column for one in first)
            why = (
                f"{self.target}: what the model reads has moved (weighted index"
                f" {self.shift:.2f}, limit {SHIFTED}); most of it {names}"
            )
            yield Cause("inputs", "feature_drift", self.target, why)

    def _is_real(self, one: Drift) -> bool:
        """Whether neither chance nor the day of the month explains it, nor age."""
        counts = one.column not in self.ageing
        return counts and one.is_real and self._on_the_day(one).is_real

    def _on_the_day(self, one: Drift) -> Drift:
        return self.calendar.get(one.column, one)

    def _weight(self, one: Drift) -> float:
        if one.column in self.ageing:
            return 0.0
        on_the_day = self._on_the_day(one).beyond_chance
        beyond = min(one.beyond_chance, on_the_day, MOST_INDEX)
        return self.importance[one.column] * beyond


def target_inputs(
    target: str, reference: Reference, population: Population
) -> TargetInputs:
    """What a model reads now, against what it learnt from."""
    # as in training: among rows that have lost a feature it moves nothing any more
    importance = reference.importance or population.importance
    names = [
        name
        for name in sorted(importance, key=lambda name: (-importance[name], name))
        if name in reference.features
    ]
    columns = population.features.names
    drifts = tuple(
        drift(
            name,
            reference.features[name],
            population.x[:, columns.index(name)],
            n_tests=len(names),
        )
        for name in names
    )
    return TargetInputs(
        target,
        drifts,
        importance,
        population.unlearnt,
        ageing(population.features),
    )
