"""Tokens of an identity provider: whose they are, and what is not taken for one."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jwt
import pytest
from httpx import Client, Response

from serving import token_keys
from serving.app import create_app
from serving.settings import BadSettingError, ServingSettings
from serving.tokens import Tokens
from store.opening import open_access_log, open_event_reader, open_key_store
from tests.serving.conftest import a_client
from tests.serving.issuer import Issuer, issuing
from tests.serving.test_operation import until


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        issuer.make_key("first")
        issuer.make_key("second", is_rsa=False)
        issuer.make_key("strange")
        issuer.publish("first", "second")
        yield issuer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def client(home: Path, issuer: Issuer) -> Iterator[Client]:
    settings = ServingSettings(
        home=home,
        poll_s=0.05,
        oidc_issuer=issuer.url,
        oidc_audience="forbear",
        oidc_customers_claim="customers",
    )
    with a_client(create_app(settings)) as client:
        token = issuer.token("first", customers="*")
        assert until(lambda: policy(client, token).status_code == 200)
        yield client


def policy(client: Client, token: str) -> Response:
    return client.get("/v1/policy", headers={"Authorization": f"Bearer {token}"})


def said(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize(
    ("key_id", "algorithm"), [("first", "RS256"), ("second", "ES256")]
)
def test_a_token_of_the_issuer_is_as_good_as_a_key(
    client: Client,
    issuer: Issuer,
    home: Path,
    key_id: str,
    algorithm: str,
    asked: dict[str, Any],
) -> None:
    token = issuer.token(key_id, algorithm, customers="acm")
    bearer = {"Authorization": f"Bearer {token}"}
    answer = client.post(
        "/v1/score", json={**asked, "customer_id": "acme"}, headers=bearer
    )
    assert answer.status_code == 200
    other = client.post(
        "/v1/score", json={**asked, "customer_id": "other"}, headers=bearer
    )
    assert said(other) == (403, "customer_out_of_reach")
    name = answer.json()["decision_id"]
    assert client.get(f"/v1/decisions/{name}", headers=bearer).status_code == 200
    log = open_access_log(home)
    holder = hashlib.sha256(f"{issuer.url} billing".encode()).hexdigest()[:24]
    assert log.page(1).entries[0]["key_id"] == f"oidc-{holder}"
    assert said(client.get("/v1/access-log", headers=bearer)) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": -60}, (401, "invalid_token")),
        ({"nbf": 900}, (401, "invalid_token")),
        ({"iat": 900}, (401, "invalid_token")),
        ({"aud": "another"}, (401, "invalid_token")),
        ({"aud": ["another"]}, (401, "invalid_token")),
        ({"iss": "https://other.example"}, (401, "invalid_token")),
        ({"exp": None}, (401, "invalid_token")),
        ({"iss": None}, (401, "invalid_token")),
        ({"aud": None}, (401, "invalid_token")),
        ({"sub": None}, (401, "invalid_token")),
        ({"exp": "soon"}, (401, "invalid_token")),
        ({"customers": None}, (401, "invalid_token")),
        ({"customers": ""}, (401, "invalid_token")),
        ({"customers": ["acme"]}, (401, "invalid_token")),
        ({"scope": None}, (403, "scope_missing")),
        ({"scope": "score admin"}, (403, "scope_missing")),
        ({"scope": {"forbear:score": 1}}, (403, "scope_missing")),
        ({"scope": "forbear:events"}, (403, "scope_missing")),
        ({"scope": ["forbear:events", "forbear:read"]}, (200, None)),
        ({"aud": ["another", "forbear"]}, (200, None)),
        ({"exp": -5}, (200, None)),  # clocks differ a little
    ],
)
def test_claims_decide(
    client: Client, issuer: Issuer, claims: dict[str, Any], expected: tuple[int, str]
) -> None:
    now = int(time.time())  # numbers are seconds from now
    stated: dict[str, Any] = {
        name: value + now if isinstance(value, int) else value
        for name, value in ({"customers": "*"} | claims).items()
    }
    token = issuer.token("first", **stated)
    assert said(policy(client, token)) == expected


def forged(header: dict[str, Any], content: str) -> str:
    packed = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{packed}.{content}"


def test_what_is_no_token_of_the_issuer_is_refused(
    client: Client, issuer: Issuer
) -> None:
    good = issuer.token("first", customers="*")
    _, content, signature = good.split(".")
    # the public key, taken for a secret that both sides know
    by_public_key = jwt.utils.base64url_encode(
        hmac.digest(
            issuer.pem("first"),
            forged({"alg": "HS256", "kid": "first"}, content).encode(),
            "sha256",
        )
    ).decode()

    def by_strange_key(**header: object) -> str:
        claims = {"sub": "x", "iss": issuer.url, "aud": "forbear", "exp": 4_000_000_000}
        named = {"kid": "first", **header}
        return jwt.encode(claims, issuer.keys["strange"], "RS256", named)

    for token in (
        "x",
        "a.b.c",
        good[:-6] + "AAAAAA",
        forged({"alg": "none"}, f"{content}."),
        forged({"alg": "none", "kid": "first"}, f"{content}.{signature}"),
        forged({"alg": "HS256", "kid": "first"}, f"{content}.{by_public_key}"),
        forged({"alg": ["RS256"], "kid": "first"}, f"{content}.{signature}"),
        forged({"alg": "ES256", "kid": "first"}, f"{content}.{signature}"),
        forged({"alg": "PS256", "kid": "first"}, f"{content}.{signature}"),
        forged({"alg": "RS256", "kid": 5}, f"{content}.{signature}"),
        # a key of the attacker's own, in the token and behind an address
        by_strange_key(jwk=issuer.public("strange")),
        by_strange_key(jku=f"{issuer.url}/strange"),
        base64.urlsafe_b64encode(b"[" * 9_000).decode() + f".{content}.{signature}",
    ):
        assert said(policy(client, token)) == (401, "invalid_token"), token[:80]
    assert "/strange" not in issuer.asked


def test_api_keys_go_on(client: Client, home: Path) -> None:
    keys = open_key_store(home)
    _, key = keys.create("billing")
    keys.close()
    assert policy(client, key).status_code == 200
    assert said(policy(client, "fb_1_2")) == (401, "invalid_key")


def test_what_a_person_reports_names_the_holder_of_the_token(
    client: Client, issuer: Issuer, home: Path
) -> None:
    events_token = issuer.token(
        "second", "ES256", sub="feed", customers="*", scope="forbear:events"
    )
    for subject in ("ann", "ben"):
        known = {"customer_id": f"of-{subject}", "event_at": "2026-01-01T00:00:00Z"}
        sent = client.post(
            "/v1/events",
            json={"events": {"customers": [known]}},
            headers={"Authorization": f"Bearer {events_token}"},
        )
        assert sent.json()["accepted"] == 1, sent.text
        token = issuer.token(
            "second", "ES256", sub=subject, customers="*", scope="forbear:review"
        )
        answer = client.post(
            "/v1/outcomes",
            json={"customer_id": f"of-{subject}", "kind": "fraud"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text
    with closing(open_event_reader(home)) as events:
        sources = [
            json.loads(row.content)["source"]
            for subject in ("ann", "ben")
            for row in events.rows(f"of-{subject}", 99, 9)
            if row.table == "outcomes"
        ]
    holders = [
        hashlib.sha256(f"{issuer.url} {subject}".encode()).hexdigest()[:24]
        for subject in ("ann", "ben")
    ]
    assert sources == [f"oidc-{holder}" for holder in holders]


def test_a_new_key_of_the_issuer_is_taken_up(
    client: Client, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.make_key("third")
    token = issuer.token("third", customers="*")
    asked_before = len(issuer.asked)
    for _ in range(20):  # it was fetched a moment ago: not again for everybody
        assert said(policy(client, token)) == (401, "invalid_token")
    assert len(issuer.asked) == asked_before
    monkeypatch.setattr(token_keys, "_SOONEST_S", 0.0)
    issuer.publish("third")
    first = policy(client, token)
    assert said(first) == (503, "token_keys_unavailable")
    assert first.headers["retry-after"] == "1"
    assert until(lambda: policy(client, token).status_code == 200)
    withdrawn = issuer.token("first", customers="*")
    monkeypatch.undo()
    assert said(policy(client, withdrawn)) == (401, "invalid_token")
    issuer.publish("first", "second", "third")


@pytest.mark.parametrize("fault", ["status", "nothing", "another issuer", "plain http"])
def test_without_keys_of_the_issuer_api_keys_go_on(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_keys, "_SOONEST_S", 0.2)
    monkeypatch.setattr(token_keys, "_FIRST_PAUSE_S", 0.02)
    with issuing() as issuer:
        issuer.make_key("first")
        issuer.publish("first")
        discovery = issuer.documents["/.well-known/openid-configuration"]
        good = dict(discovery)
        if fault == "status":
            issuer.status = 500
        elif fault == "nothing":
            issuer.documents["/keys"] = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}
        elif fault == "another issuer":
            discovery["issuer"] = "https://other.example"
        else:
            discovery["jwks_uri"] = "http://keys.example/keys"
        settings = ServingSettings(
            home=tmp_path, oidc_issuer=issuer.url, oidc_audience="forbear"
        )
        keys = open_key_store(tmp_path)
        _, key = keys.create("billing")
        keys.close()
        with a_client(create_app(settings)) as client:
            assert until(lambda: bool(issuer.asked))
            token = issuer.token("first")
            assert said(policy(client, token)) == (503, "token_keys_unavailable")
            assert policy(client, key).status_code == 200
            issuer.status = 200
            issuer.publish("first")
            assert issuer.documents["/.well-known/openid-configuration"] == good
            assert until(lambda: policy(client, token).status_code == 200)
            issuer.status = 500  # what was fetched stays good
            time.sleep(0.3)
            assert policy(client, token).status_code == 200


def test_a_wanted_key_ends_the_pause_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(token_keys, "_SOONEST_S", 0.01)
    monkeypatch.setattr(token_keys, "_FIRST_PAUSE_S", 60.0)

    async def watch_until_asked_again(issuer: Issuer) -> None:
        keys = token_keys.TokenKeys(issuer.url, f"{issuer.url}/keys")
        watching = asyncio.create_task(keys.watch())
        while not issuer.asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        issuer.status = 200
        assert keys.find("first") is None
        assert keys.may_come()
        async with asyncio.timeout(5.0):
            while keys.find("first") is None:
                await asyncio.sleep(0.01)
        watching.cancel()

    with issuing() as issuer:
        issuer.make_key("first", is_rsa=False)
        issuer.publish("first")
        issuer.status = 500
        asyncio.run(watch_until_asked_again(issuer))


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"oidc_audience": None}, "OIDC_AUDIENCE"),
        ({"oidc_algorithms": "HS256"}, "OIDC_ALGORITHMS"),
        ({"oidc_algorithms": "RS256 none"}, "OIDC_ALGORITHMS"),
        ({"oidc_algorithms": " "}, "OIDC_ALGORITHMS"),
        ({"oidc_issuer": "http://id.example"}, "plain http"),
        ({"oidc_jwks_url": "http://id.example/keys"}, "plain http"),
        ({"oidc_jwks_url": "file:///etc/passwd"}, "https://host/path"),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(
    tmp_path: Path, stated: dict[str, Any], why: str
) -> None:
    settings = ServingSettings(
        home=tmp_path, oidc_issuer="https://id.example", oidc_audience="forbear"
    ).model_copy(update=stated)
    assert settings.oidc_issuer is not None
    with pytest.raises(BadSettingError, match=why):
        Tokens(settings.oidc_issuer, settings)
