"""Every implementation of the stores, so that each runs the same tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.decisions import DecisionStore
from store.keys import KeyStore
from store.opening import open_decision_store, open_key_store
from tests.store.memory_store import Memory, MemoryDecisionStore, MemoryKeyStore

OpenDecisions = Callable[[], DecisionStore]
OpenKeys = Callable[[], KeyStore]
Openers = tuple[OpenDecisions, OpenKeys]


def sqlite(folder: Path) -> Openers:
    home = folder / "state"
    return lambda: open_decision_store(home), lambda: open_key_store(home)


def memory(_: Path) -> Openers:
    kept = Memory()
    return lambda: MemoryDecisionStore(kept), lambda: MemoryKeyStore(kept)


@pytest.fixture(params=[sqlite, memory])
def openers(request: pytest.FixtureRequest, tmp_path: Path) -> Openers:
    made: Openers = request.param(tmp_path)
    return made


@pytest.fixture
def open_decisions(openers: Openers) -> OpenDecisions:
    """Opens one more store of the same decisions, as another process would."""
    return openers[0]


@pytest.fixture
def open_keys(openers: Openers) -> OpenKeys:
    """Opens one more store of the same keys, as another process would."""
    return openers[1]


@pytest.fixture
def store(open_decisions: OpenDecisions) -> Iterator[DecisionStore]:
    store = open_decisions()
    yield store
    store.close()


@pytest.fixture
def keys(open_keys: OpenKeys) -> Iterator[KeyStore]:
    keys = open_keys()
    yield keys
    keys.close()
