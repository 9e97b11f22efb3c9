"""Who gets in, for how long, and whose forms count."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from httpx import Client

from serving.app import create_app
from serving.desk.roles import MAY
from serving.settings import ServingSettings
from store.keys import ROLES, Role
from store.opening import open_access_log, open_key_store
from tests.serving.conftest import a_client
from tests.serving.desk.conftest import Person, csrf_in

Somebody = Callable[..., Person]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_in_and_sees_every_page(person: Somebody, role: Role) -> None:
    one = person(role)
    for path in ("/desk", "/desk/log", "/desk/log/acts"):
        assert one.opens(path).status_code == 200, path


def test_every_role_has_its_line_in_the_table() -> None:
    assert set(MAY) == set(ROLES)
    assert all("look" in deeds for deeds in MAY.values())


def test_nobody_sees_anything_before_signing_in(person: Somebody) -> None:
    answer = person().opens("/desk/log?day=2026-06-30", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/desk/sign-in?next=/desk/log%3Fday%3D2026-06-30"
    )


def test_what_was_sent_after_the_end_of_a_session_is_said_not_to_be_done(
    person: Somebody,
) -> None:
    one = person("admin")
    one.client.cookies.clear()
    sent = one.client.post("/desk/sign-out", data={}, follow_redirects=False)
    assert sent.headers["location"] == "/desk/sign-in?ended=1"
    told = "nothing of what you just sent was done"
    assert told in one.opens(sent.headers["location"]).text
    assert told not in one.opens("/desk/sign-in").text


def test_after_signing_in_one_gets_where_one_wanted(
    person: Somebody, keys: dict[Role, str]
) -> None:
    answer = person().signs_in(keys["auditor"], next="/desk/log?day=2026-06-30")
    assert answer.headers["location"] == "/desk/log?day=2026-06-30"


@pytest.mark.parametrize(
    "path", ["https://evil.example/desk", "//evil.example", "/docs", "/desk\\..\\x"]
)
def test_signing_in_leads_to_no_other_place(
    person: Somebody, keys: dict[Role, str], path: str
) -> None:
    answer = person().signs_in(keys["auditor"], next=path)
    assert answer.headers["location"] == "/desk"


def test_the_cookie_is_for_our_pages_alone(
    person: Somebody, keys: dict[Role, str]
) -> None:
    cookie = person().signs_in(keys["admin"]).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/desk" in cookie
    assert "Secure" not in cookie  # over plain http a browser would not send it


def test_over_tls_the_cookie_travels_over_tls_alone(
    person: Somebody, keys: dict[Role, str]
) -> None:
    one = person()
    one.client.headers["x-forwarded-proto"] = "https"
    try:
        page = one.opens("/desk/sign-in")
        assert "Secure" in page.headers["set-cookie"]
    finally:
        del one.client.headers["x-forwarded-proto"]


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(
    person: Somebody,
) -> None:
    one = person("admin")
    copied = dict(one.client.cookies)
    assert one.sends("/desk/sign-out").headers["location"] == "/desk/sign-in"
    one.client.cookies.clear()
    one.client.cookies.update(copied)
    assert one.opens("/desk", follow_redirects=False).status_code == 303


def test_a_revoked_key_ends_its_sessions(
    desk: Client, desk_settings: ServingSettings, person: Somebody
) -> None:
    store = open_key_store(desk_settings.home)
    key, text = store.create("leaver", role="collections")
    one = person()
    one.signs_in(text)
    assert one.opens("/desk").status_code == 200
    store.revoke(key.key_id)
    store.close()
    assert one.opens("/desk", follow_redirects=False).status_code == 303


def test_a_rotated_key_ends_the_sessions_of_its_former_secret(
    desk_settings: ServingSettings, person: Somebody
) -> None:
    with closing(open_key_store(desk_settings.home)) as store:
        key, text = store.create("leaked", role="collections")
        one = person()
        one.signs_in(text)
        store.rotate(key.key_id, timedelta(hours=1))
        assert one.opens("/desk", follow_redirects=False).status_code == 200
        _, newest = store.rotate(key.key_id, timedelta(0))
    assert one.opens("/desk", follow_redirects=False).status_code == 303
    one.signs_in(newest)
    assert one.opens("/desk", follow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        pytest.param({}, "role_missing", id="no role"),
        pytest.param({"role": "admin", "is_test": True}, "test_key", id="a test key"),
    ],
)
def test_a_key_that_is_not_for_the_desk_says_why(
    desk_settings: ServingSettings,
    person: Somebody,
    terms: dict[str, object],
    code: str,
) -> None:
    store = open_key_store(desk_settings.home)
    _, text = store.create("machine", **terms)  # type: ignore[arg-type]
    store.close()
    answer = person().signs_in(text)
    assert answer.status_code == 403
    assert code in answer.text


def test_a_wrong_key_is_refused(person: Somebody) -> None:
    answer = person().signs_in("fb_000000000000_nothing")
    assert answer.status_code == 401
    assert "invalid_key" in answer.text


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
def test_a_form_of_another_site_does_nothing(person: Somebody, csrf: str) -> None:
    one = person("admin")
    answer = one.sends("/desk/sign-out", csrf=csrf)
    assert answer.status_code == 403
    assert "form_expired" in answer.text
    assert one.opens("/desk", follow_redirects=False).status_code == 200


def test_the_token_of_one_session_is_none_for_another(person: Somebody) -> None:
    token = csrf_in(person("admin").opens("/desk"))
    answer = person("admin").sends("/desk/sign-out", csrf=token)
    assert answer.status_code == 403


def test_who_signs_in_is_written_down(
    desk_settings: ServingSettings, person: Somebody
) -> None:
    person("auditor")
    log = open_access_log(desk_settings.home)
    entry = log.page(1).entries[0]
    log.close()
    assert entry["what"] == "POST /desk/sign-in"
    assert entry["key_id"]


def test_too_many_attempts_have_to_wait(settings: ServingSettings) -> None:
    few = settings.model_copy(update={"desk_attempt_limit": "2/minute"})
    with a_client(create_app(few)) as client:
        stranger = Person(client)
        answers = [stranger.signs_in("fb_0_0") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert "Retry-After" in answers[2].headers


def test_wrong_keys_behind_a_proxy_lock_nobody_out(settings: ServingSettings) -> None:
    few = settings.model_copy(update={"desk_attempt_limit": "2/minute"})
    store = open_key_store(settings.home)
    _, text = store.create("behind the same proxy", role="auditor")
    store.close()
    with a_client(create_app(few)) as client:
        for _ in range(20):
            Person(client).signs_in("fb_0_0")
        assert Person(client).signs_in("fb_0_0").status_code == 429
        assert Person(client).signs_in(text).status_code == 303


def test_right_keys_and_forms_of_nobody_are_no_attempts(
    settings: ServingSettings,
) -> None:
    """Else whoever sends bad forms from behind the same proxy keeps all out."""
    few = settings.model_copy(update={"desk_attempt_limit": "2/minute"})
    store = open_key_store(settings.home)
    _, text = store.create("often here", role="auditor")
    store.close()
    with a_client(create_app(few)) as client:
        for _ in range(4):
            assert client.post("/desk/sign-in", data={"csrf": ""}).status_code == 403
            client.cookies.clear()
            assert Person(client).signs_in(text).status_code == 303


def test_of_several_proxies_one_that_spoke_tls_is_enough(person: Somebody) -> None:
    headers = {"x-forwarded-proto": "https, http"}
    page = person().opens("/desk/sign-in", headers=headers)
    assert "Secure" in page.headers["set-cookie"]
