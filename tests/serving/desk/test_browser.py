"""The desk in a real browser: the journeys by keyboard alone, and what axe finds.

Every page is at 360 and at 1440 px; nothing is asked of another host. With
`DESK_SCREENSHOTS=docs/desk` the pictures of the documentation are made anew.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from serving.desk.addresses import customer_path, decision_path
from serving.desk.page import LANGUAGE_COOKIE
from serving.shadow import follow
from tests.serving.conftest import a_bundle
from tests.serving.desk.browsing import NEEDS_CHROMIUM, a_context
from tests.serving.desk.conftest import LATE
from tests.serving.desk.journeys import JOURNEYS, fits, signs_in
from tests.serving.desk.office import Office, open_office
from tests.serving.desk.test_appeals import file_appeal
from wording.messages import LANGUAGES

pytestmark = [pytest.mark.slow, NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("state")) as office:
        yield office


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.__name__)
def test_a_journey_by_keyboard_alone(
    page: Page, office: Office, journey: Callable[[Page, Office], None]
) -> None:
    journey(page, office)
    fits(page)


PAGES = ("", "/log", "/log/acts", "/policy", "/models")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Browser, office: Office, scheme: str
) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    paths = [f"/desk{path}" for path in PAGES]
    paths += [customer_path(LATE), decision_path(office.decided[LATE])]
    file_appeal(office.settings, office.decided[LATE], "r-read")
    with a_context(browser, 1440, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{office.url}/desk/sign-in")
        found = _serious(page, axe)
        signs_in(page, office, "admin")
        for path in paths:
            page.goto(office.url + path)
            found += _serious(page, axe)
    assert not found


def test_nothing_is_cut_on_a_phone_in_any_language(
    browser: Browser, office: Office
) -> None:
    paths = [f"/desk{path}" for path in PAGES]
    paths += [customer_path(LATE), decision_path(office.decided[LATE])]
    with a_context(browser, 360) as context:
        page = context.new_page()
        signs_in(page, office, "admin")
        for lang in LANGUAGES:
            cookie = {"name": LANGUAGE_COOKIE, "value": lang, "url": office.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
            for path in paths:
                page.goto(office.url + path)
                assert page.locator(f"html[lang={lang}]").count() == 1
                fits(page)


def _serious(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    results = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url}: {one['id']}: {[node['html'] for node in one['nodes'][:2]]}"
        for one in results["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_everything_works_without_javascript(browser: Browser, office: Office) -> None:
    office.has_customer("plain")
    with a_context(browser, 1440, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(office.url + customer_path("plain"))
        page.locator("input[name=key]").fill(office.keys["account_manager"])
        page.locator("main button").click()
        page.wait_for_selector("header nav")
        form = page.locator("form[action$='/snooze']")
        page.locator("details:has(form[action$='/snooze']) summary").click()
        form.locator("textarea").fill("they called")
        until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        form.locator("input[type=date]").fill(until)
        form.locator("button").click()
        page.wait_for_selector("p[role=status]")


def test_the_pictures_of_the_documentation(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    """Pages as a reader of docs/desk.md sees them, none of them empty."""
    folder = Path(os.environ.get("DESK_SCREENSHOTS", tmp_path))
    for customer_id in ("birch-and-sons", "cedar-cloud", "elm-street-print"):
        office.has_customer(customer_id)
    office.clears(LATE, "Ada Moreau")
    office.plans_an_act("birch-and-sons")
    file_appeal(office.settings, office.decided["cedar-cloud"], "r-1", "cedar-cloud")
    follow(office.settings, {"nonpayment": a_bundle("nonpayment", intercept=-8.0)})
    for width, scheme in ((1440, "light"), (360, "dark")):
        with a_context(browser, width, color_scheme=scheme) as context:
            page = context.new_page()
            signs_in(page, office, "admin")
            for path in ("", customer_path(LATE)[len("/desk") :], "/policy", "/models"):
                page.goto(f"{office.url}/desk{path}")
                name = path.split("/")[1] if path else "today"
                file = folder / f"{name}-{width}.png"
                page.screenshot(path=file)
                assert 5_000 < file.stat().st_size < 200_000
            page.set_viewport_size({"width": width, "height": 1600})
            shadow = page.locator("section:has(#shadows)")
            shadow.screenshot(path=folder / f"shadow-{width}.png")
