"""Every benchmark can be run: what it takes from the rooms is there."""

import importlib
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks"
NAMES = sorted(file.stem for file in HERE.glob("[!_]*.py"))


# starlette 1.10 would rather have httpx2; goes when the lock has it
@pytest.mark.filterwarnings("ignore:Using `httpx`")
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_can_be_imported(name: str) -> None:
    assert importlib.import_module(f"benchmarks.{name}").__doc__
