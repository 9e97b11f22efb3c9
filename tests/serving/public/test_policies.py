"""The policy that customers read: without a key, in each language, and as it was."""

import re

import pytest
from pydantic import SecretStr

from decisions.policy_file.load import SHIPPED, default_policy, parse_policy
from execution.letters.signed_link import BadLinkKeyError
from serving.app import create_app
from store.opening import open_policies
from tests.serving.public.conftest import Public


def test_anybody_reads_the_policy_in_force(public: Public) -> None:
    answer = public.client.get("/policy")
    assert answer.status_code == 200
    assert "Collections policy" in answer.text
    assert default_policy().reference in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in answer.text
    assert public.client.head("/policy").status_code == 200


@pytest.mark.parametrize(
    ("query", "header", "lang"),
    [
        ("", "fr", "fr"),
        ("?lang=de", "fr", "de"),
        ("?lang=pt-BR", "", "pt-BR"),
        ("?lang=xx", "", "en"),
    ],
)
def test_it_is_read_in_each_language(
    public: Public, query: str, header: str, lang: str
) -> None:
    answer = public.client.get(f"/policy{query}", headers={"Accept-Language": header})
    assert f'<html lang="{lang}">' in answer.text
    assert answer.headers["vary"] == "Accept-Language"


def test_a_browser_that_has_it_gets_nothing_again(public: Public) -> None:
    first = public.client.get("/policy")
    assert first.headers["cache-control"] == "public, no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    again = public.client.get("/policy", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    other = public.client.get("/policy?lang=de", headers=tag)
    assert other.status_code == 200


def test_a_version_stays_readable_by_its_hash(public: Public) -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text()
    old = parse_policy(text)
    policies = open_policies(*public.settings.store)
    policies.keep(old.hash, old.reference, 1_782_000_000_000_000, text)
    policies.close()
    answer = public.client.get(f"/policy/{old.hash}")
    assert answer.status_code == 200
    assert old.reference in answer.text
    listed = public.client.get("/policy").text
    links = re.findall(r'href="(/policy/[0-9a-f]{64})\?lang=en"', listed)
    assert {f"/policy/{one.hash}" for one in (old, default_policy())} <= set(links)
    assert all(public.client.get(link).status_code == 200 for link in links)


@pytest.mark.parametrize("name", ["0" * 64, "x", "a" * 500])
def test_what_was_never_in_force_is_not_there(public: Public, name: str) -> None:
    answer = public.client.get(f"/policy/{name}")
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]


def test_while_nothing_is_in_force_the_page_says_to_come_back(public: Public) -> None:
    app = public.staff._transport.app  # type: ignore[attr-defined]
    kept, app.state.champions.in_force = app.state.champions.in_force, None
    try:
        answer = public.client.get("/policy?lang=de")
    finally:
        app.state.champions.in_force = kept
    assert answer.status_code == 503
    assert "Bitte versuchen Sie es später wieder" in answer.text
    assert "model" not in answer.text


def test_a_place_that_asks_too_often_waits(public: Public) -> None:
    app = public.staff._transport.app  # type: ignore[attr-defined]
    kept = app.state.settings
    app.state.settings = kept.model_copy(update={"public_rate_limit": "1/hour"})
    try:
        asked = [public.client.get("/policy").status_code for _ in range(2)]
    finally:
        app.state.settings = kept
    assert asked == [200, 429]


def test_links_that_could_be_guessed_are_none(public: Public) -> None:
    weak = public.settings.model_copy(update={"link_key": SecretStr("guess me")})
    with pytest.raises(BadLinkKeyError):
        create_app(weak)
