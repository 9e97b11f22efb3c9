"""Every implementation of the stores, so that each runs the same tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.acts import Acts
from store.decisions import DecisionStore
from store.keys import KeyStore
from store.opening import open_acts, open_decision_store, open_key_store, upgrade
from tests.store.memory_store import Memory, MemoryDecisionStore, MemoryKeyStore
from tests.store.postgres_server import MakeUrl, postgres_urls

Place = tuple[Path, str | None]
OpenDecisions = Callable[[], DecisionStore]
OpenKeys = Callable[[], KeyStore]
Openers = tuple[OpenDecisions, OpenKeys]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[MakeUrl]:
    with postgres_urls() as make_url:
        yield make_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A state folder, and the database where it is not in files."""
    url = None
    if request.param == "postgres":
        make_url: MakeUrl = request.getfixturevalue("postgres_url")
        url = make_url()
    upgrade(tmp_path, url)
    return tmp_path, url


@pytest.fixture
def acts(place: Place) -> Iterator[Acts]:
    acts = open_acts(*place)
    yield acts
    acts.close()


@pytest.fixture(
    params=["sqlite", "memory", pytest.param("postgres", marks=pytest.mark.slow)]
)
def openers(request: pytest.FixtureRequest, tmp_path: Path) -> Openers:
    if request.param == "memory":
        kept = Memory()
        return lambda: MemoryDecisionStore(kept), lambda: MemoryKeyStore(kept)
    home, url = tmp_path / "state", None
    if request.param == "postgres":
        make_url: MakeUrl = request.getfixturevalue("postgres_url")
        url = make_url()
        upgrade(home, url)
    return lambda: open_decision_store(home, url), lambda: open_key_store(home, url)


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
