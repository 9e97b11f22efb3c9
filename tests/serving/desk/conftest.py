"""A desk with people of every role, and customers who wait."""

import re
from collections.abc import Callable, Iterator

import pytest
from httpx import Client, Response

from serving.app import create_app
from serving.settings import ServingSettings
from store.keys import ROLES, Role
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, a_client, published

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
