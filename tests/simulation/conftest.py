from pathlib import Path

import pytest

from simulation import SimulationSummary, simulate


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    """A small calm portfolio with every kind of row."""
    out: Path = tmp_path_factory.mktemp("simulation") / "calm"
    return simulate("calm", 1_500, 9, seed=5, out=out)
