from collections.abc import Iterator

import pytest

from tests.importing.killbill_database import KillBillDatabase
from tests.store.postgres_server import PostgresForTests, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresForTests]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def killbill(postgres: PostgresForTests) -> Iterator[KillBillDatabase]:
    database = KillBillDatabase(postgres.make_url())
    yield database
    database.close()
