"""What the latest run of monitoring saw of each model in force, from its numbers."""

from collections.abc import Iterator, Mapping, Sequence
from json import loads
from typing import Any, NamedTuple

from store.monitoring import MonitoringRun

# by the name that the messages have for it
_OUTCOMES = (
    "observed_over_expected",
    "calibration_intercept",
    "calibration_slope",
    "auc",
)


class SeenValue(NamedTuple):
    """A number of a run, with its interval where it has one.

    Args:
        name: of the message that says what it is.
        days: of outcomes that are known early: the age of their customers' cohort.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    days: int = 0


def seen_values(
    runs: Sequence[MonitoringRun], target: str, bundle_id: str
) -> list[SeenValue]:
    """Drift, and what came true against what was expected, of one bundle.

    By the latest run that looked at it, whatever the portfolio; empty: none did.
    """
    for run in sorted(runs, key=lambda run: run.at, reverse=True):
        content = loads(run.content)
        if content.get("bundles", {}).get(target) == bundle_id:
            return list(_values(content, target))
    return []


def _values(content: Mapping[str, Any], target: str) -> Iterator[SeenValue]:
    gauges = content.get("gauges", {})
    for name in ("feature_shift", "score_index"):
        if target in gauges.get(name, {}):
            yield SeenValue(name, gauges[name][target])
    early = [one for one in content.get("early", ()) if one["target"] == target]
    for one in sorted(early, key=lambda one: int(one["age_days"]))[-1:]:
        ratio = one["by_model"]
        ends = ratio.get("low"), ratio.get("high")
        yield SeenValue("early_ratio", ratio["ratio"], *ends, days=one["age_days"])
    for one in content.get("mature", ()):
        if one["target"] == target and "metrics" in one:
            yield from _mature(one)


def _mature(outcomes: Mapping[str, Any]) -> Iterator[SeenValue]:
    for name in _OUTCOMES:
        if one := outcomes["metrics"].get(name):
            yield SeenValue(name, one["value"], one["low"], one["high"])
    money = outcomes.get("money")
    if money and money["expected"]:
        yield SeenValue("money_ratio", money["realised"] / money["expected"])
