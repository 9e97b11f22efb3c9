"""What people do at the desk, by keyboard alone, in a real browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page

from serving.desk.addresses import customer_path, decision_path
from store.keys import Role
from tests.serving.desk.conftest import LATE
from tests.serving.desk.office import Office
from tests.serving.desk.test_appeals import file_appeal

IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).strftime("%m%d%Y")  # as typed


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


def has_customer(page: Page, office: Office, name: str) -> str:
    """A customer of this width alone: what is done to one counts for the others."""
    customer_id = f"{name}-{page.viewport_size['width']}"  # type: ignore[index]
    office.has_customer(customer_id)
    return customer_id


def says_why_and_until_when(page: Page, why: str) -> None:
    """In a form whose field of the reason has the focus."""
    page.keyboard.type(why)
    presses(page, "Tab")
    page.keyboard.type(IN_A_MONTH)
    presses(page, "Enter")
    sees(page, "p[role=status]")


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
    has_customer(page, office, "waits")
    signs_in(page, office, "collections")
    presses(page, "j", "o")
    sees(page, "#history")


def puts_a_customer_off(page: Page, office: Office) -> None:
    finds_a_customer(page, office)
    presses(page, "s")
    says_why_and_until_when(page, "they called")


def chooses_a_milder_action(page: Page, office: Office) -> None:
    customer_id = has_customer(page, office, "milder")
    signs_in(page, office, "risk_analyst", customer_path(customer_id))
    presses(page, "m", "Tab")
    says_why_and_until_when(page, "an old customer")


def holds(page: Page, office: Office) -> None:
    customer_id = has_customer(page, office, "held")
    signs_in(page, office, "account_manager", customer_path(customer_id))
    presses(page, "h", "Tab")
    says_why_and_until_when(page, "a plan is being made")


def agrees_to_an_act(page: Page, office: Office) -> None:
    customer_id = has_customer(page, office, "stopped")
    office.plans_an_act(customer_id)
    path = decision_path(office.decided[customer_id])
    signs_in(page, office, "approver", path)
    presses(page, "a")
    sees(page, "text=(one approver)")  # among who agreed, not at the head of the page


def decides_an_objection(page: Page, office: Office) -> None:
    customer_id = has_customer(page, office, "objects")
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
    standing = f"article:has(input[name=reason]):has-text('{subject}')"
    page.wait_for_selector(standing, state="detached")
    sees(page, "text=the feed is back")  # it is listed among those released


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
