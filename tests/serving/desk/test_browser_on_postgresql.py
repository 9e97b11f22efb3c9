"""The same journeys where everything is kept in PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from store.opening import upgrade
from tests.serving.desk.browsing import NEEDS_CHROMIUM
from tests.serving.desk.journeys import JOURNEYS, chooses_a_milder_action, fits
from tests.serving.desk.office import Office, open_office
from tests.store.postgres_server import postgres_urls

SHORT = {chooses_a_milder_action}  # it writes, decides again and is shown what it wrote


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("state")
    with postgres_urls() as make_url:
        url = make_url()
        upgrade(home, url)
        with open_office(home, url) as office:
            yield office
    assert not list(home.glob("*.sqlite*"))


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    "journey",
    [
        pytest.param(
            one,
            id=one.__name__,
            marks=pytest.mark.slow if one in SHORT else pytest.mark.long,
        )
        for one in JOURNEYS
    ],
)
def test_a_journey_by_keyboard_alone(
    page: Page, office: Office, journey: Callable[[Page, Office], None]
) -> None:
    journey(page, office)
    fits(page)
