"""A desk with people of every role, and customers who wait."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from httpx import Client, Response

from serving.app import create_app
from serving.request import EVENT_TABLES
from serving.settings import ServingSettings
from store.keys import ROLES, Role
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, a_client, published

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving.desk.office import Office

CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def csrf_in(answer: Response) -> str:
    """The token that a form of this page sends."""
    found = CSRF.search(answer.text)
    assert found is not None, answer.text
    return found[1]


class Person:
    """A browser with somebody in front of it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def opens(self, path: str, **more: object) -> Response:
        return self.client.get(path, **more)  # type: ignore[arg-type]

    def sends(self, path: str, page: str = "/desk", **fields: str) -> Response:
        """A form of a page, with its token."""
        fields.setdefault("csrf", csrf_in(self.client.get(page)))
        return self.client.post(path, data=fields, follow_redirects=False)

    def signs_in(self, key: str, **fields: str) -> Response:
        page = self.client.get("/desk/sign-in")
        fields |= {"csrf": csrf_in(page), "key": key}
        return self.client.post("/desk/sign-in", data=fields, follow_redirects=False)


@pytest.fixture(scope="module")
def desk_settings(tmp_path_factory: pytest.TempPathFactory) -> ServingSettings:
    home = tmp_path_factory.mktemp("state")
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    return ServingSettings(home=home, poll_s=0.05, desk_attempt_limit="1000/minute")


@pytest.fixture(scope="module")
def desk(desk_settings: ServingSettings) -> Iterator[Client]:
    with a_client(create_app(desk_settings)) as client:
        yield client


@pytest.fixture(scope="module")
def keys(desk_settings: ServingSettings, desk: Client) -> dict[Role, str]:
    store = open_key_store(desk_settings.home)
    made = {role: store.create(f"one {role}", role=role)[1] for role in ROLES}
    store.close()
    return made


@pytest.fixture
def person(desk: Client, keys: dict[Role, str]) -> Callable[..., Person]:
    """Somebody of a role, signed in; without one a stranger."""

    def somebody(role: Role | None = None) -> Person:
        desk.cookies.clear()
        one = Person(desk)
        if role is not None:
            assert one.signs_in(keys[role]).status_code == 303
        return one

    return somebody


HOSTILE = "<script>alert('x')</script>/../b?c=1&d=2#é"
LATE = "late"


def rows_of(customer_id: str, n: int) -> dict[str, list[dict[str, object]]]:
    """A customer of two years with one invoice that is long overdue, and an alert."""
    now = datetime.now(UTC)

    def at(days: float) -> str:
        return (now - timedelta(days=days)).isoformat()

    who = {"customer_id": customer_id}
    return {
        "customers": [{**who, "event_at": at(700), "subject_kind": "legal_person"}],
        "subscriptions": [
            {
                **who,
                "subscription_id": f"s{n}",
                "kind": "started",
                "event_at": at(600),
                "quantity": 3,
                "unit_price": "20",
            }
        ],
        "invoices": [
            {
                **who,
                "invoice_id": f"i{n}",
                "event_at": at(80),
                "due_at": at(50),
                "amount": "900",
            }
        ],
        "alerts": [
            {
                **who,
                "alert_id": f"a{n}",
                "kind": "crypto_mining",
                "event_at": at(1),
                "status": "active",
                "confidence": "high",
            }
        ],
    }


@pytest.fixture(scope="module")
def stored(desk: Client, desk_settings: ServingSettings) -> dict[str, str]:
    """Customers whose events are stored, each with its last decision."""
    store = open_key_store(desk_settings.home)
    _, secret = store.create("feed")
    store.close()
    headers = {"Authorization": f"Bearer {secret}"}
    now = datetime.now(UTC).isoformat()
    decided = {}
    for n, customer_id in enumerate((LATE, HOSTILE)):
        events = rows_of(customer_id, n)
        observed = dict.fromkeys(EVENT_TABLES, now)
        body = {"events": events, "observed": observed}
        assert desk.post("/v1/events", json=body, headers=headers).status_code == 200
        asked = {"customer_id": customer_id}
        answer = desk.post("/v1/score", json=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        decided[customer_id] = answer.json()["decision_id"]
    return decided


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from tests.serving.desk.browsing import a_browser

    with a_browser() as started:
        yield started


@pytest.fixture(params=[360, 1440])
def page(
    request: pytest.FixtureRequest, browser: "Browser", office: "Office"
) -> "Iterator[Page]":
    """A page that asks nothing of another host and whose script never fails.

    Every module that has one says which `office` it is in.
    """
    from tests.serving.desk.browsing import a_context

    with a_context(browser, request.param) as context:
        opened = context.new_page()
        hosts, failures = set[str](), list[str]()
        opened.on("request", lambda one: hosts.add(urlsplit(one.url).netloc))
        opened.on("pageerror", lambda error: failures.append(str(error)))
        yield opened
        assert hosts <= {urlsplit(office.url).netloc}
        assert not failures
