"""What was planned together, and what was left out and why."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from decisions.policy.measures import MeasureName
from store.act import Act


class ManualMeasure(NamedTuple):
    """A measure that the provider has not, for a person to order where it is had.

    Args:
        limit: of `limit_spending`, a month, in the currency that the provider bills in.
        approvals: people who must agree.
        decided_at: when, microseconds since 1970 UTC.
        act: what the provider would be asked, to check it again.
    """

    customer_id: str
    measure: MeasureName
    limit: float | None
    approvals: int
    decision_id: str
    decided_at: int
    act: Act


class Run(NamedTuple):
    """What was planned together.

    Args:
        n_decisions: that were looked at.
        n_not_ours: subscriptions that are suspended and that no act of ours stopped;
            they are left alone.
        n_spared: subscriptions that the provider itself keeps from a stop.
        refused: customers of whom the provider tells nothing, with its code.
        by_hand: measures that were recommended and that the provider has not.
        n_asked_before: acts left out because an earlier decision asked for the same,
            and it is to be done still.
        refused_measures: customer and measure of which the provider tells nothing, or
            whose amount cannot be used, with the code.
        idle_measures: customer and measure of which nothing is to be done at the
            provider: `no_meter`, or `so_already`.
        n_outdated: decisions that ask for something, and were recorded before people
            gave back what was taken, or under a policy that is no longer in force.
    """

    run_id: str
    acts: list[Act]
    n_decisions: int = 0
    n_not_ours: int = 0
    n_spared: int = 0
    refused: Mapping[str, str] = MappingProxyType({})
    by_hand: tuple[ManualMeasure, ...] = ()
    n_asked_before: int = 0
    refused_measures: Mapping[tuple[str, MeasureName], str] = MappingProxyType({})
    idle_measures: Mapping[tuple[str, MeasureName], str] = MappingProxyType({})
    n_outdated: int = 0
