"""Several systems are told, each of its own share, and none waits for another."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from serving.app import create_app
from serving.settings import BadSettingError, ServingSettings
from serving.webhook_endpoint import WebhookEndpoint
from serving.webhook_terms import announced, told_of_heads
from store.opening import open_key_store, open_outbox
from tests.serving.conftest import a_client
from tests.serving.receiver import receiving
from tests.serving.test_operation import until

BILLING, CRM = (f"whsec_{b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
TERMS = """
billing:
  url: https://billing.example/forbear
  secret_env: BILLING_SECRET
  severity: suspend
  kinds: [decision.recorded]
crm:
  url: https://crm.example/forbear
  secret_file: {secret}
  severity: review
  content: answer
"""


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BILLING_SECRET", BILLING)
    file = tmp_path / "crm.secret"
    file.write_text(f"{CRM}\n")
    return file


def settings_of(folder: Path, terms: str, **more: Any) -> ServingSettings:  # noqa: ANN401
    file = folder / "webhooks.yaml"
    file.write_text(terms)
    return ServingSettings(home=folder / "home", webhooks=file, poll_s=0.02, **more)


def test_each_endpoint_is_told_its_own_share(tmp_path: Path, secrets: Path) -> None:
    settings = settings_of(tmp_path, TERMS.format(secret=secrets))
    assert announced(settings) == {
        "review": ["crm"],
        "service_request": ["crm"],
        "suspend": ["billing", "crm"],
        "block": ["billing", "crm"],
    }
    assert told_of_heads(settings) == ["crm"]
    billing, crm = WebhookEndpoint.all_of(settings)
    assert (billing.name, billing.has_answers) == ("billing", False)
    assert (crm.url, crm.has_answers) == ("https://crm.example/forbear", True)


def test_one_that_is_down_holds_up_no_other(
    tmp_path: Path, secrets: Path, asked: dict[str, Any]
) -> None:
    with receiving() as receiver:
        terms = TERMS.format(secret=secrets).replace("suspend", "none")
        terms = terms.replace("https://billing.example/forbear", "http://127.0.0.1:1/x")
        terms = terms.replace("https://crm.example/forbear", receiver.url)
        settings = settings_of(tmp_path, terms)
        keys = open_key_store(settings.home)
        _, key = keys.create("tests")
        keys.close()
        with a_client(create_app(settings)) as service:
            service.headers["Authorization"] = f"Bearer {key}"
            for _ in range(2):
                assert service.post("/v1/score", json=asked).status_code == 200
            assert until(lambda: len(receiver.received) == 2)
            down = 'forbear_webhooks{endpoint="billing",state="waiting"} 2.0'
            assert until(lambda: down in service.get("/metrics").text)
        got = receiver.received[0]
    assert Webhook(CRM).verify(got.body, got.headers)
    assert "answer" in json.loads(got.body)["data"]
    left = settings.model_copy(update={"webhooks": None})  # nobody is told any more
    with a_client(create_app(left)) as service:
        assert until(lambda: down in service.get("/metrics").text)
    outbox = open_outbox(settings.home)
    waiting = outbox.listed("waiting", 9)
    outbox.close()
    assert [one.endpoint for one in waiting] == ["billing", "billing"]
    later, first = (one.n_attempts for one in waiting)
    assert later == 0 < first  # in order, the first alone


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ("crm: 3", "crm: Input should be"),
        ("- crm", "must be a mapping"),
        ("Crm: {url: https://x.example, secret_env: A}", "'Crm': a name has small"),
        ("crm: {url: https://x.example}", "either secret_env or secret_file"),
        ("crm: {url: https://x.example, secret_env: A, secret_file: B}", "either"),
        ("crm: {url: https://x.example, secret_env: A, kind: [x]}", "crm.kind: Extra"),
        ("crm: {url: https://x.example, secret_env: A, kinds: []}", "crm.kinds: "),
        ("crm: {url: https://x.example, secret_env: NONE}", "crm: .* not set"),
        ("crm: {url: https://x.example, secret_file: /none}", "crm: .* /none cannot"),
        (
            "crm: {url: https://x.example, secret_file: ./no text}",
            "crm: .* no UTF-8",
        ),
        ("crm: {url: https://x.example, secret_file: blank}", "crm: one to 3 secrets"),
        ("default: {url: http://x.example, secret_file: a}", "default: plain http"),
        ("crm: {url: http://x.example, secret_env: BILLING_SECRET}", "crm: plain http"),
    ],
)
@pytest.mark.usefixtures("secrets")
def test_a_file_that_states_no_endpoint_is_refused_by_its_name(
    tmp_path: Path, terms: str, why: str
) -> None:
    settings = settings_of(tmp_path, terms)
    (tmp_path / "no text").write_bytes(b"whsec_\xff")
    (tmp_path / "blank").write_text(" ")
    with pytest.raises(BadSettingError, match=why) as refused:
        WebhookEndpoint.all_of(settings)
    assert "FORBEAR_WEBHOOKS=" in str(refused.value)
    assert "whsec_" not in str(refused.value).partition("; make one")[0]


def test_a_secret_stands_beside_the_file_that_names_it(
    tmp_path: Path, secrets: Path
) -> None:
    terms = f"crm: {{url: https://x.example, secret_file: {secrets.name}}}"
    settings = settings_of(tmp_path, terms)
    assert [one.name for one in WebhookEndpoint.all_of(settings)] == ["crm"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    settings = ServingSettings(home=tmp_path, webhooks=tmp_path / "none.yaml")
    with pytest.raises(BadSettingError, match="cannot be read"):
        announced(settings)


@pytest.mark.usefixtures("secrets")
def test_the_endpoint_of_the_settings_keeps_its_name(tmp_path: Path) -> None:
    terms = "default: {url: https://x.example, secret_env: BILLING_SECRET}"
    settings = settings_of(tmp_path, terms)
    assert [one.name for one in WebhookEndpoint.all_of(settings)] == ["default"]
    both = settings_of(tmp_path, terms, webhook_url="https://y.example")
    with pytest.raises(BadSettingError, match="the name of the endpoint of"):
        announced(both)
