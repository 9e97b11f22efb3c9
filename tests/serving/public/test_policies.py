"""The policy that customers read: without a key, in each language, and as it was."""

import re
from contextlib import closing
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from decisions.policy_file.load import SHIPPED, default_policy, parse_policy
from execution.letters.signed_link import BadLinkKeyError
from features.moments import microseconds
from serving.app import create_app
from serving.public.policies import (
    _Begun,
    _Pages,
    _rendered,
    _replaced_at,
    _Shown,
)
from store.opening import open_desk, open_policies
from store.policies import KeptPolicy
from store.policy_versions import PolicyVersion, PolicyVersions
from tests.serving.public.conftest import Public
from wording.messages import LANGUAGES

DAY_US = 86_400_000_000
AMENDED_US = microseconds(datetime(2026, 7, 10, tzinfo=UTC))


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
    assert "This policy was replaced on" in answer.text
    assert "This policy was replaced on" not in public.client.get("/policy").text
    listed = public.client.get("/policy").text
    links = re.findall(r'href="(/policy/[0-9a-f]{64})\?lang=en"', listed)
    assert {f"/policy/{one.hash}" for one in (old, default_policy())} <= set(links)
    assert all(public.client.get(link).status_code == 200 for link in links)


def test_a_policy_that_was_replaced_is_shown_as_it_was(public: Public) -> None:
    """And not with an amendment that came after it was replaced."""
    text = (SHIPPED / "reseller-default.yaml").read_text()
    text += """
amendments:
  - from: 2026-07-10
    because: "less"
    set: {fraud_path: {auto_expire_hours: 36}}
"""
    one = parse_policy(text)
    kept = (
        KeptPolicy("next", "next@1", AMENDED_US - DAY_US),
        KeptPolicy(one.hash, one.reference, AMENDED_US - 9 * DAY_US),
    )
    begun = [_Begun(each.policy_hash, each.since) for each in kept]
    replaced_at = _replaced_at(begun, one.hash)
    assert replaced_at == AMENDED_US - DAY_US
    before, after = (
        _rendered(_Shown(text, "en", one.hash, at), kept, date(2026, 11, 1))
        for at in (replaced_at, None)
    )
    assert "Announced changes" in before
    assert "Announced changes" not in after
    assert "replaced on 9 July 2026" in before.replace("\xa0", " ")
    assert "replaced" not in after


def keep(public: Public, policy_hash: str, since: int, text: str) -> None:
    with closing(open_policies(*public.settings.store)) as policies:
        policies.keep(policy_hash, parse_policy(text).reference, since, text)


def test_whoever_goes_back_to_a_policy_replaces_the_one_between(
    public: Public,
) -> None:
    """The one in force was so before, and was kept then; nothing says since when."""
    between = (SHIPPED / "thresholds-only.yaml").read_text()
    hash_between = parse_policy(between).hash
    keep(public, hash_between, 4_000_000_000_000_000, between)  # after the other
    page = public.client.get(f"/policy/{hash_between}").text
    assert "This policy is no longer in force" in page
    assert "no longer in force" not in public.client.get("/policy").text
    shipped = (SHIPPED / "reseller-default.yaml").read_text()
    again = PolicyVersion("h", "r@1", shipped, "Ada", "Bo", "", 4_000_000_100_000_000)
    place = public.settings.store
    with closing(open_desk(*place)) as database, database.transaction():
        PolicyVersions(database).add(again, 0)
    page = public.client.get(f"/policy/{hash_between}").text
    assert "This policy was replaced on" in page


def test_the_same_rules_under_a_former_hash_are_in_force(public: Public) -> None:
    former, text = "f" * 64, (SHIPPED / "reseller-default.yaml").read_text()
    keep(public, former, 1_700_000_000_000_000, text)
    page = public.client.get(f"/policy/{former}").text
    assert "This policy was replaced on" not in page
    assert "no longer in force" not in page
    listed = re.findall(r'href="/policy/([0-9a-f]{64})\?lang=en"', page)
    assert listed.count(default_policy().hash) == 1
    assert former not in listed


def test_each_page_of_a_day_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def rendered(shown: _Shown, *_: object) -> str:
        made.append(shown)
        return shown.lang

    monkeypatch.setattr("serving.public.policies._rendered", rendered)
    pages, day = _Pages(), date(2026, 7, 1)
    many = [_Shown("", lang, str(n), None) for n in range(50) for lang in LANGUAGES]
    for _ in range(2):
        assert [pages.page(one, (), day) for one in many] == [one.lang for one in many]
    assert made == many
    pages.page(many[0], (), date(2026, 7, 2))
    assert len(made) == len(many) + 1


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
