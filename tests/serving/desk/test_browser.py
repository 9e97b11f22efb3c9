"""The desk in a real browser: the journeys by keyboard alone, and what axe finds.

Every page is at 360 and at 1440 px; nothing is asked of another host. With
`DESK_SCREENSHOTS=docs/desk` the pictures of the documentation are made anew.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from advice.assembly import DEFAULT_POLICY
from serving.desk.addresses import customer_path, decision_path
from serving.settings import ServingSettings
from store.keys import ROLES, Role
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, published
from tests.serving.desk.conftest import LATE
from tests.serving.desk.office import Office, served
from tests.serving.desk.test_appeals import file_appeal

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (360, 1440)
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).strftime("%m%d%Y")  # as typed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("state")
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    policy = home / "policy.yaml"
    policy.write_text(DEFAULT_POLICY.read_text(encoding="utf-8"), encoding="utf-8")
    settings = ServingSettings(
        home=home, policy=policy, poll_s=0.05, desk_attempt_limit="1000/minute"
    )
    with served(settings) as url:
        with closing(open_key_store(home)) as store:
            keys = {role: store.create(f"one {role}", role=role)[1] for role in ROLES}
            _, feed = store.create("feed")
        office = Office(url, keys, feed, settings)
        office.has_customer(LATE, 0)
        yield office


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield started
        started.close()


@pytest.fixture(params=WIDTHS)
def page(
    request: pytest.FixtureRequest, browser: Browser, office: Office
) -> Iterator[Page]:
    """A page that asks nothing of another host and whose script never fails."""
    with _context(browser, request.param) as context:
        opened = context.new_page()
        hosts, failures = set[str](), list[str]()
        opened.on("request", lambda one: hosts.add(urlsplit(one.url).netloc))
        opened.on("pageerror", lambda error: failures.append(str(error)))
        yield opened
        assert hosts <= {urlsplit(office.url).netloc}
        assert not failures


@contextmanager
def _context(browser: Browser, width: int, **more: object) -> Iterator[BrowserContext]:
    size = {"width": width, "height": 900}
    with closing(
        browser.new_context(viewport=size, locale="en-US", **more)  # type: ignore[arg-type]
    ) as context:
        yield context


def signs_in(page: Page, office: Office, role: Role, path: str = "/desk") -> None:
    """By keyboard: the field has the focus."""
    page.goto(office.url + path)
    page.wait_for_selector("input[name=key]:focus")
    page.keyboard.type(office.keys[role])
    page.keyboard.press("Enter")
    sees(page, "header nav")


def sees(page: Page, selector: str) -> None:
    """Waits for what the next page shows, and until the keys work on it."""
    page.wait_for_selector(selector)
    page.wait_for_load_state()  # the script runs only after the text is there


def presses(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def fits(page: Page) -> None:
    """Nothing is cut off at the side: WCAG 1.4.10, reflow."""
    page.wait_for_load_state()  # the style is there, too
    wide = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter(e =>"
        " e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll'))"
        ".map(e => e.outerHTML.slice(0, 200))"
    )
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"], wide  # type: ignore[index]


def finds_a_customer(page: Page, office: Office) -> None:
    signs_in(page, office, "collections")
    presses(page, "/")
    page.keyboard.type(LATE)
    page.keyboard.press("Enter")
    sees(page, f"h1:has-text('{LATE}')")


def opens_the_first_who_waits(page: Page, office: Office) -> None:
    office.has_customer(f"waits-{page.viewport_size['width']}", 2)  # type: ignore[index]
    signs_in(page, office, "collections")
    presses(page, "j", "o")
    sees(page, "#history")


def puts_a_customer_off(page: Page, office: Office) -> None:
    finds_a_customer(page, office)
    presses(page, "s")
    page.keyboard.type("they called")
    presses(page, "Tab")
    page.keyboard.type(IN_A_MONTH)
    presses(page, "Enter")
    sees(page, "p[role=status]")


def chooses_a_milder_action(page: Page, office: Office) -> None:
    customer_id = f"milder-{page.viewport_size['width']}"  # type: ignore[index]
    office.has_customer(customer_id, 3)
    signs_in(page, office, "risk_analyst", customer_path(customer_id))
    presses(page, "m", "Tab")
    page.keyboard.type("an old customer")
    presses(page, "Tab")
    page.keyboard.type(IN_A_MONTH)
    presses(page, "Enter")
    sees(page, "p[role=status]")


def holds(page: Page, office: Office) -> None:
    customer_id = f"held-{page.viewport_size['width']}"  # type: ignore[index]
    office.has_customer(customer_id, 4)
    signs_in(page, office, "account_manager", customer_path(customer_id))
    presses(page, "h", "Tab")
    page.keyboard.type("a plan is being made")
    presses(page, "Tab")
    page.keyboard.type(IN_A_MONTH)
    presses(page, "Enter")
    sees(page, "p[role=status]")


def agrees_to_an_act(page: Page, office: Office) -> None:
    customer_id = f"stopped-{page.viewport_size['width']}"  # type: ignore[index]
    office.has_customer(customer_id, 5)
    office.plans_an_act(customer_id)
    path = decision_path(office.decided[customer_id])
    signs_in(page, office, "approver", path)
    presses(page, "a")
    sees(page, "text=one approver")


def decides_an_objection(page: Page, office: Office) -> None:
    customer_id = f"objects-{page.viewport_size['width']}"  # type: ignore[index]
    office.has_customer(customer_id, 7)
    decision_id = office.decided[customer_id]
    file_appeal(office.settings, decision_id, f"r-{customer_id}", customer_id)
    signs_in(page, office, "approver", customer_path(customer_id))
    presses(page, "d", "ArrowDown", "Tab")
    page.keyboard.type("La facture est juste.")
    presses(page, "Tab", "Enter")  # in the day, which nothing is said of
    sees(page, "p[role=status]")


def ends_a_hold(page: Page, office: Office) -> None:
    holds(page, office)
    presses(page, "e")
    page.keyboard.type("the plan is made")
    presses(page, "Tab", "Enter")
    page.wait_for_url("**done=release")


def replays_a_decision(page: Page, office: Office) -> None:
    signs_in(page, office, "auditor", decision_path(office.decided[LATE]))
    presses(page, "v")
    page.wait_for_url("**/replay")


def tries_a_change_of_the_policy(page: Page, office: Office) -> None:
    signs_in(page, office, "risk_analyst")
    presses(page, "g", "p")
    sees(page, "#text")
    text = page.locator("#text")
    number = page.viewport_size["width"]  # type: ignore[index]  # never used before
    changed = re.sub(r"(?m)^version: .*$", f"version: {number}", text.input_value())
    text.focus()
    presses(page, "Control+a")
    page.keyboard.insert_text(changed)
    presses(page, "Tab", "Enter")
    sees(page, "#submit")
    page.locator("#reason").focus()
    page.keyboard.type("a note")
    presses(page, "Enter")
    sees(page, "text=waits for approval")


def releases_an_alarm(page: Page, office: Office) -> None:
    subject = f"payments-{page.viewport_size['width']}"  # type: ignore[index]
    office.rings(subject)
    signs_in(page, office, "risk_analyst")
    presses(page, "g", "m")
    sees(page, f"text={subject}")
    page.locator("article input[name=reason]").first.focus()
    page.keyboard.type("the feed is back")
    presses(page, "Enter")
    page.wait_for_selector(f"text={subject}", state="detached")


def looks_into_the_log(page: Page, office: Office) -> None:
    signs_in(page, office, "auditor")
    presses(page, "g", "l")
    sees(page, "#day")
    page.locator("#customer").focus()
    page.keyboard.type(LATE)
    presses(page, "Enter")
    sees(page, f"tbody th:has-text('{LATE}')")


JOURNEYS: tuple[Callable[[Page, Office], None], ...] = (
    finds_a_customer,
    opens_the_first_who_waits,
    puts_a_customer_off,
    chooses_a_milder_action,
    holds,
    agrees_to_an_act,
    decides_an_objection,
    ends_a_hold,
    replays_a_decision,
    tries_a_change_of_the_policy,
    releases_an_alarm,
    looks_into_the_log,
)


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
    with _context(browser, 1440, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{office.url}/desk/sign-in")
        found = _serious(page, axe)
        signs_in(page, office, "admin")
        for path in paths:
            page.goto(office.url + path)
            found += _serious(page, axe)
    assert not found


def _serious(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    results = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url}: {one['id']}: {[node['html'] for node in one['nodes'][:2]]}"
        for one in results["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_everything_works_without_javascript(browser: Browser, office: Office) -> None:
    office.has_customer("plain", 6)
    with _context(browser, 1440, java_script_enabled=False) as context:
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
    for width, scheme in ((1440, "light"), (360, "dark")):
        with _context(browser, width, color_scheme=scheme) as context:
            page = context.new_page()
            signs_in(page, office, "admin")
            for path in ("", customer_path(LATE)[len("/desk") :], "/policy", "/models"):
                page.goto(f"{office.url}/desk{path}")
                name = path.split("/")[1] if path else "today"
                file = folder / f"{name}-{width}.png"
                page.screenshot(path=file)
                assert 5_000 < file.stat().st_size < 200_000
