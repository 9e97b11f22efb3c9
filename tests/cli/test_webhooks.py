"""`forbear webhooks`, and heads that are told of."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from store.opening import open_decision_store, open_outbox
from tests.cli.conftest import Run
from tests.store.memory_store import a_decision


@pytest.fixture
def told(home: Path) -> Path:
    """One message waits, one was given up, one was delivered."""
    store = open_decision_store(home, announced={"suspend": ["default"]})
    for number, who in enumerate(("waiting", "dead", "delivered"), start=1):
        decision = a_decision(number, customer_id=who, action="suspend")
        asyncio.run(store.record(decision, {}))
    store.close()
    outbox = open_outbox(home)
    _, dead, delivered = outbox.claim(2_000, 2_001, 3)
    outbox.settle_failed(dead, 2_000, "http_400", None)
    outbox.settle_delivered(delivered, 2_000)
    outbox.close()
    return home


@pytest.mark.usefixtures("told")
def test_what_waits_and_what_was_given_up_is_listed(forbear: Run) -> None:
    waiting, dead = forbear("webhooks", "list"), forbear("webhooks", "dead")
    for ran in (waiting, dead):
        assert ran.code == 0
        assert "1 wait, 1 were given up" in ran.out
    assert "msg_d1" in waiting.out
    assert "msg_d2" not in waiting.out
    assert "http_400" in dead.out


@pytest.mark.parametrize(
    ("named", "message_id"),
    [(["--dead"], "msg_d2"), (["msg_d3"], "msg_d3")],
)
def test_what_is_over_is_delivered_again(
    forbear: Run, told: Path, named: list[str], message_id: str
) -> None:
    ran = forbear("webhooks", "replay", *named)
    assert (ran.code, ran.out) == (0, "to be delivered again: 1 message\n")
    outbox = open_outbox(told)
    assert message_id in [one.message_id for one in outbox.listed("waiting", 9)]
    outbox.close()


@pytest.mark.usefixtures("told")
def test_all_since_a_day_is_delivered_again(forbear: Run) -> None:
    since = forbear("webhooks", "replay", "--since", "1970-01-01")
    assert since.out == "to be delivered again: 2 messages\n"
    later = forbear("webhooks", "replay", "--since", "2026-01-01")
    assert later.out == "to be delivered again: 0 messages\n"


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("named", [[], ["msg_d1", "--dead"]])
def test_one_way_of_naming_messages_is_asked_for(
    forbear: Run, named: list[str]
) -> None:
    assert forbear("webhooks", "replay", *named).code == 2


@pytest.mark.usefixtures("told")
def test_an_unknown_message_is_said_so(forbear: Run) -> None:
    ran = forbear("webhooks", "replay", "msg_d9")
    assert ran.code == 2
    assert "[unknown_message]" in ran.err


CRM = """
crm:
  url: https://crm.example/forbear
  secret_env: CRM_SECRET
  severity: block
  kinds: [decision.recorded]
"""


@pytest.mark.usefixtures("told")
def test_endpoints_are_listed_with_what_waits_for_them(
    forbear: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "webhooks.yaml"
    file.write_text(CRM)
    monkeypatch.setenv("FORBEAR_WEBHOOKS", str(file))
    monkeypatch.setenv("CRM_SECRET", "whsec_" + "A" * 40)
    ran = forbear("webhooks", "endpoints")
    assert ran.code == 0
    words = [line.split() for line in ran.out.splitlines()]
    [crm] = [row for row in words if row[:1] == ["crm"]]
    [former] = [row for row in words if row[:1] == ["default"]]
    assert crm == ["crm", "block", "decision.recorded", "0", "0"]
    assert former == ["default", "nothing", "any", "more", "1", "1"]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://crm.example/x", "whsec_" + "A" * 40),
        ("http://crm.example/x", "whsec_" + "A" * 40),
        ("https://crm.example:99999/x", "whsec_" + "A" * 40),
        ("https://crm.example/x", "short"),
    ],
)
def test_an_endpoint_with_which_the_service_does_not_start_is_named(
    forbear: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    secret: str,
) -> None:
    file = tmp_path / "webhooks.yaml"
    monkeypatch.setenv("FORBEAR_WEBHOOKS", str(file))
    monkeypatch.setenv("CRM_SECRET", "whsec_" + "A" * 40)
    file.write_text(CRM)
    assert forbear("webhooks", "endpoints").code == 0
    file.write_text(CRM.replace("https://crm.example/forbear", url))
    monkeypatch.setenv("CRM_SECRET", secret)
    ran = forbear("webhooks", "endpoints")
    assert (ran.code, "crm cannot be used: " in ran.out) == (1, True)


@pytest.mark.usefixtures("told")
def test_what_waits_for_a_former_endpoint_is_discarded(
    forbear: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_WEBHOOK_URL", "https://x.example")
    refused = forbear("webhooks", "discard", "default")
    assert (refused.code, "is told still" in refused.err) == (2, True)
    monkeypatch.delenv("FORBEAR_WEBHOOK_URL")
    ran = forbear("webhooks", "discard", "default")
    assert (ran.code, ran.out) == (0, "forgotten: 3 messages\n")
    assert "0 wait, 0 were given up" in forbear("webhooks", "list").out


@pytest.mark.usefixtures("told")
def test_one_endpoint_is_replayed_alone(forbear: Run) -> None:
    other = forbear("webhooks", "replay", "--dead", "--endpoint", "crm")
    assert other.out == "to be delivered again: 0 messages\n"
    own = forbear("webhooks", "replay", "--dead", "--endpoint", "default")
    assert own.out == "to be delivered again: 1 message\n"
    both = forbear("webhooks", "replay", "msg_d1", "--endpoint", "default")
    assert both.code == 2


@pytest.mark.usefixtures("told")
def test_a_head_goes_to_the_endpoints_that_take_heads(
    forbear: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "audit.pem"
    key.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    said = forbear("audit", "head", "--key", str(key), "--announce")
    assert (said.code, "no endpoint" in said.err) == (0, True)
    file = tmp_path / "webhooks.yaml"
    file.write_text(CRM + CRM.replace("crm:", "vault:").partition("  severity")[0])
    monkeypatch.setenv("FORBEAR_WEBHOOKS", str(file))
    assert forbear("audit", "head", "--key", str(key), "--announce").code == 0
    outbox = open_outbox(home)
    ids = [one.message_id for one in outbox.listed("waiting", 9)]
    outbox.close()
    assert ids == ["msg_head_3_vault", "msg_d1"]
