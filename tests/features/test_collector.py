"""The garbage collector of one piece of work."""

import gc
from collections.abc import Iterator

import pytest

from features.collector import rarely_collected


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    """Python's own thresholds, for a service of another test may have left others."""
    found = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*found)


def test_the_collector_looks_rarely_and_then_as_before() -> None:
    before = gc.get_threshold()
    with rarely_collected():
        assert gc.get_threshold()[0] > 10 * before[0]
    assert gc.get_threshold() == before


def test_the_collector_looks_as_before_after_a_failure() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), rarely_collected():
        raise KeyError
    assert gc.get_threshold() == before
