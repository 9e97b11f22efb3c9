from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulation import CALM, SimulationSummary, World, simulate, timeline
from simulation.behaviour import macro_path
from simulation.days import Days
from simulation.month import Month
from simulation.oracle import Course
from simulation.people import People, draw_people
from simulation.state import State, first_state
from simulation.streams import Draws
from simulation.timeline import Policy


@dataclass
class Life:
    """A run without rows: who they are, and the months with the states before them."""

    course: Course
    people: People
    before: list[State]
    months: list[Month]


@pytest.fixture(scope="session")
def live() -> Callable[..., Life]:
    def run(
        world: World = CALM,
        customers: int = 20_000,
        months: int = 9,
        seed: int = 11,
        policy: Policy = timeline,
    ) -> Life:
        days = Days(world.start_on, months, world.timezone)
        macro = macro_path(world, months, seed)
        course = Course(world, days, macro, policy, seed)
        people = draw_people(world, customers, months, days, seed)
        state, before, happened = first_state(people), [], []
        for month in range(months):
            before.append(state.copy())
            happened.append(course.step(people, state, Draws(seed, customers, month)))
        return Life(course, people, before, happened)

    return run


@pytest.fixture(scope="session")
def calm(live: Callable[..., Life]) -> Life:
    return live()


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    """A small calm portfolio with every kind of row."""
    out: Path = tmp_path_factory.mktemp("simulation") / "calm"
    return simulate("calm", 1_500, 9, seed=5, out=out)
