"""Portfolios with known truth, in the contract that real portfolios follow."""

from simulation.run import Branching, Progress, SimulationSummary, simulate
from simulation.timeline import Policy, Seen, timeline
from simulation.worlds import (
    CALM,
    FRAUD_WAVE,
    RECESSION,
    THIN,
    WORLDS,
    World,
    WorldError,
)

__all__ = [
    "CALM",
    "FRAUD_WAVE",
    "RECESSION",
    "THIN",
    "WORLDS",
    "Branching",
    "Policy",
    "Progress",
    "Seen",
    "SimulationSummary",
    "World",
    "WorldError",
    "simulate",
    "timeline",
]
