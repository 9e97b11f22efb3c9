"""A running service: new champions and policies, keys, health, metrics, failures."""

import asyncio
import dataclasses
import gc
import logging
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Client

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import default_policy
from scoring.bundle import Bundle
from scoring.shelf import publish_bundle
from serving import answering, decide, request
from serving.app import create_app
from serving.budget_ledger import BudgetLedger
from serving.champions import KEPT, Champions, Refusal
from serving.metrics import Metrics
from serving.replay import replay
from serving.replay_errors import BundleGoneError, OtherReleaseError
from serving.server import prepare_process
from serving.settings import ServingSettings
from store.audit import audit
from store.errors import SlotTakenError, StoreUnavailableError
from store.opening import open_database, open_key_store, open_policy_versions
from store.sealing import seal, unseal
from store.sql_decisions import SqlDecisionStore
from tests.serving.conftest import put_in_place

Publish = Callable[[Bundle], str]
MakeBundle = Callable[..., Bundle]
Asked = dict[str, Any]


def until(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_ready(service: Client) -> bool:
    """Whether a champion has taken the starter's place."""
    return bool(service.get("/readyz").json()["models"] == {"nonpayment": "champion"})


def test_a_new_champion_is_taken_up_without_a_restart(
    service: Client, publish: Publish, make_bundle: MakeBundle, asked: Asked
) -> None:
    first = publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    before = service.post("/v1/score", json=asked).json()
    assert before["versions"]["bundles"]["nonpayment"]["bundle_id"] == first
    assert before["scores"]["fraud"]["probability"] is None
    assert "p_fraud" in before["question"]["missing"]

    second = publish(make_bundle("nonpayment", intercept=-1.0))

    def is_taken_up() -> bool:
        said = service.post("/v1/score", json=asked).json()
        return bool(said["versions"]["bundles"]["nonpayment"]["bundle_id"] == second)

    assert until(is_taken_up)
    after = service.post("/v1/score", json=asked).json()
    p, before_p = (a["scores"]["nonpayment"]["probability"] for a in (after, before))
    assert p > before_p


def test_a_broken_champion_leaves_the_old_one_in_force(
    service: Client,
    settings: ServingSettings,
    publish: Publish,
    make_bundle: MakeBundle,
    asked: Asked,
) -> None:
    good = publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    pointer = settings.home / "bundles" / "nonpayment" / "champion"
    put_in_place(pointer, b"nonpayment-20260601-00000000\n")
    failed = "forbear_reload_failures_total 1.0"
    assert until(lambda: failed in service.get("/metrics").text)
    said = service.post("/v1/score", json=asked).json()
    assert said["versions"]["bundles"]["nonpayment"]["bundle_id"] == good


def not_taken_up(service: Client) -> str | None:
    said: str | None = service.get("/readyz").json()["not_taken_up"]
    return said


def test_a_champion_that_goes_away_stays_in_force_and_is_missed(
    service: Client,
    settings: ServingSettings,
    publish: Publish,
    make_bundle: MakeBundle,
    asked: Asked,
) -> None:
    good = publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    pointer = settings.home / "bundles" / "nonpayment" / "champion"
    pointer.unlink()
    assert until(lambda: not_taken_up(service) == "champion_gone")
    pointer.mkdir()
    assert not_taken_up(service) == "champion_gone"
    for folder in ("bundles", "promoted"):  # and all that remembers it
        shutil.rmtree(settings.home / folder)
    time.sleep(0.2)
    assert not_taken_up(service) == "champion_gone"
    said = service.post("/v1/score", json=asked).json()
    assert said["versions"]["bundles"]["nonpayment"]["bundle_id"] == good


def test_a_model_of_another_target_is_not_taken_up(
    service: Client,
    settings: ServingSettings,
    publish: Publish,
    make_bundle: MakeBundle,
    asked: Asked,
) -> None:
    bundle = make_bundle("nonpayment")
    publish(bundle)
    assert until(lambda: is_ready(service))
    publish_bundle(bundle.save(settings.home / "trained"), settings.home, "fraud")
    assert until(lambda: not_taken_up(service) == "wrong_target")
    scores = service.post("/v1/score", json=asked).json()["scores"]
    assert scores["fraud"]["probability"] is None


def test_a_pointer_that_comes_before_its_bundle_is_taken_up_when_that_is_there(
    service: Client, settings: ServingSettings, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    bundle = make_bundle("nonpayment")
    pointer = settings.home / "bundles" / "nonpayment" / "champion"
    pointer.parent.mkdir(parents=True)
    (settings.home / "pointer").write_text(bundle.bundle_id)
    (settings.home / "pointer").rename(pointer)
    assert until(lambda: not_taken_up(service) == "bundle_unreadable")
    time.sleep(0.2)  # it was looked at again in between, and refused again
    bundle.save(tmp_path).rename(pointer.parent / bundle.bundle_id)
    assert until(lambda: is_ready(service))
    assert not_taken_up(service) is None
    assert "forbear_reload_failures_total 1.0" in service.get("/metrics").text


def test_what_is_back_as_it_was_is_no_longer_complained_of(
    service: Client,
    settings: ServingSettings,
    publish: Publish,
    make_bundle: MakeBundle,
) -> None:
    publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    pointer = settings.home / "bundles" / "nonpayment" / "champion"
    away = pointer.rename(settings.home / "away")
    assert until(lambda: not_taken_up(service) == "champion_gone")
    away.rename(pointer)
    assert until(lambda: not_taken_up(service) is None)


def test_a_code_of_another_library_is_none_of_ours() -> None:
    class LibraryError(Exception):
        code = "e3q8"

    assert Refusal.of(LibraryError("no such table")).code == "not_usable"


BROKEN = [
    pytest.param(b"a: [", "policy_file", id="not YAML"),
    pytest.param(b"\xff\xfe\x00", "file_problem", id="not text"),
    pytest.param(b"", "policy_file", id="empty"),
    pytest.param(b"[" * 5_000, "policy_file", id="nested deep"),
    pytest.param(b"? [a]\n: 1", None, id="a list as a key"),
    pytest.param(None, "file_problem", id="gone"),
]


@pytest.mark.parametrize(("content", "code"), BROKEN)
def test_a_broken_policy_leaves_the_old_one_in_force_and_says_so(
    settings: ServingSettings,
    publish: Publish,
    make_bundle: MakeBundle,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: bytes | None,
    code: str | None,
) -> None:
    caplog.set_level(logging.INFO, "forbear.serving")
    file = tmp_path / "policy.yaml"
    good = DEFAULT_POLICY.read_bytes()
    file.write_bytes(good)
    publish(make_bundle("nonpayment"))
    own = settings.model_copy(update={"policy": file})
    with TestClient(create_app(own)) as client:
        assert not_taken_up(client) is None
        if content is None:
            file.unlink()
        else:
            put_in_place(file, content)
        assert until(lambda: not_taken_up(client) is not None)
        assert code in (None, not_taken_up(client))
        assert "forbear_reload_failures_total 1.0" in client.get("/metrics").text
        put_in_place(file, good)
        assert until(lambda: not_taken_up(client) is None)
    in_force = f"policy reseller-default@1 ({default_policy().hash[:12]}) in force"
    assert caplog.messages.count(in_force) == 2
    assert (f"{file} is not there: put it back" in caplog.text) is (content is None)


def test_a_service_that_starts_with_a_broken_policy_has_nothing_in_force(
    settings: ServingSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("a: [")
    own = settings.model_copy(update={"policy": file})
    with TestClient(create_app(own)) as client:
        assert client.get("/readyz").status_code == 503
    assert "nothing is in force: policy: line 1: not readable as YAML" in caplog.text
    assert KEPT not in caplog.text


def test_a_balancer_may_ask_for_the_head_only(service: Client) -> None:
    assert service.head("/healthz").status_code == 200
    assert service.head("/readyz").status_code == 200


def test_a_changed_policy_file_is_taken_up(
    settings: ServingSettings,
    publish: Publish,
    make_bundle: MakeBundle,
    tmp_path: Path,
) -> None:
    file = tmp_path / "policy.yaml"
    text = DEFAULT_POLICY.read_text()
    file.write_text(text)
    publish(make_bundle("nonpayment"))
    own = settings.model_copy(update={"policy": file})
    open_key_store(own.home).close()
    versions = open_policy_versions(*own.store)
    champions = Champions(own, versions, Metrics())
    champions.look()
    assert champions.in_force is not None
    before = champions.in_force.advisor.policy
    file.write_text(text.replace("\nversion: 1\n", "\nversion: 2\n"))

    async def watch_for_it() -> bool:
        stop = asyncio.Event()
        task = asyncio.create_task(champions.watch(stop))
        try:
            for _ in range(1_000):
                await asyncio.sleep(0.02)
                if champions.in_force and champions.in_force.advisor.policy != before:
                    return True
            return False
        finally:
            stop.set()
            await task

    assert asyncio.run(watch_for_it())
    versions.close()
    assert champions.in_force.advisor.policy.reference == "reseller-default@2"


def test_what_is_loaded_first_is_kept_from_the_collector_and_what_it_replaces_goes(
    settings: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    for name in ("freeze", "unfreeze", "collect"):
        monkeypatch.setattr(gc, name, partial(called.append, name))
    open_key_store(settings.home).close()
    versions = open_policy_versions(*settings.store)
    champions = Champions(settings, versions, Metrics())
    champions.look()
    assert called == ["freeze"]
    champions.look()
    versions.close()
    assert called == ["freeze", "unfreeze", "collect", "freeze"]


def test_a_read_key_may_read_but_not_score(
    client: Client, module_settings: ServingSettings, asked: Asked
) -> None:
    keys = open_key_store(module_settings.home)
    key, text = keys.create("auditor", "read")
    headers = {"Authorization": f"Bearer {text}"}
    refused = client.post("/v1/score", json=asked, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert client.get("/v1/policy", headers=headers).status_code == 200
    keys.revoke(key.key_id)
    keys.close()
    assert client.get("/v1/policy", headers=headers).status_code == 401


def test_metrics_count_without_naming_anyone(client: Client, asked: Asked) -> None:
    asked["customer_id"] = "customer-whose-name-is-private"
    client.post("/v1/score", json=asked)
    client.get("/v1/decisions/d-of-nobody")
    client.get("/no/such/customer-path")
    page = client.get("/metrics").text
    assert (
        'forbear_requests_total{method="POST",route="/v1/score",status="200"}' in page
    )
    assert 'route="/v1/decisions/{decision_id}",status="404"' in page
    assert 'route="unmatched",status="404"' in page
    assert "private" not in page
    assert "customer-path" not in page


def test_metrics_show_stages_scores_reasons_and_what_is_in_force(
    client: Client, asked: Asked
) -> None:
    asked["observed_until"] = "2026-06-30T02:00:00Z"
    said = client.post("/v1/score", json=asked).json()
    page = client.get("/metrics").text
    for stage in ("wait", "read", "decide", "record"):
        assert f'forbear_stage_seconds_count{{stage="{stage}"}}' in page
    for target in ("fraud", "nonpayment"):
        assert f'forbear_probability_count{{target="{target}"}}' in page
    for withheld in said["permission"]["withheld"]:
        assert f'forbear_withheld_total{{code="{withheld["code"]}"}}' in page
    assert 'forbear_data_age_hours_bucket{le="24.0"} ' in page
    assert "forbear_accepted 0.0" in page
    assert "forbear_newest_refused 0.0" in page
    assert 'forbear_policy{reference="reseller-default@1"} 1.0' in page
    assert "forbear_release{release=" in page


def test_nobody_is_named_in_the_log(
    client: Client, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked["customer_id"] = "customer-whose-name-is-private"
    asked["events"]["invoices"] = [{"invoice_id": "private"}]
    client.post("/v1/score", json=asked)
    mine = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert "private" not in "".join(record.getMessage() for record in mine)


def test_a_bug_is_answered_and_logged_without_values(
    client: Client,
    asked: Asked,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("owed by " + asked["customer_id"])

    monkeypatch.setattr(answering, "decide", break_down)
    answer = client.post("/v1/score", json=asked)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "acme" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert "break_down" in caplog.text
    assert "acme" not in caplog.text


def test_what_cannot_be_recorded_is_not_answered(
    client: Client, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise StoreUnavailableError("SQLITE_FULL")

    monkeypatch.setattr(SqlDecisionStore, "record", refuse)
    answer = client.post("/v1/score", json=asked)
    assert answer.status_code == 503
    assert answer.json()["code"] == "decision_store_unavailable"
    assert "p_nonpayment" not in answer.json()


def test_a_store_that_fails_stands_in_the_log_and_not_with_each_answer(
    service: Client,
    asked: Asked,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object) -> None:
        raise StoreUnavailableError("SQLITE_FULL")

    monkeypatch.setattr(SqlDecisionStore, "record", refuse)
    for _ in range(3):
        assert service.post("/v1/score", json=asked).status_code == 503
    said = [one for one in caplog.messages if "SQLITE_FULL" in one]
    assert len(said) == 1
    assert said[0].endswith("[decision_store_unavailable]")
    assert "acme" not in caplog.text


def test_a_question_is_read_once_and_decided_until_its_slot_is_free(
    client: Client, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, tries = [], []
    read, record = request.read_events, SqlDecisionStore.record

    def counted_read(*arguments: Any) -> Any:  # noqa: ANN401 - passed through
        reads.append(arguments)
        return read(*arguments)

    async def taken_twice(*arguments: Any) -> Any:  # noqa: ANN401 - passed through
        tries.append(arguments)
        if len(tries) < 3:
            raise SlotTakenError
        return await record(*arguments)

    monkeypatch.setattr(decide, "read_events", counted_read)
    monkeypatch.setattr(SqlDecisionStore, "record", taken_twice)
    assert client.post("/v1/score", json=asked).status_code == 200
    assert (len(reads), len(tries)) == (1, 3)


def test_bad_rows_are_refused_before_budgets_are_read(
    client: Client, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("budgets were read")

    monkeypatch.setattr(BudgetLedger, "prior_decisions", never)
    asked["events"]["invoices"] = [{"invoice_id": "i-1"}]
    answer = client.post("/v1/score", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_rows")


def test_many_at_once_get_each_their_own_answer(client: Client, asked: Asked) -> None:
    names = [f"c{n}" for n in range(40)]

    def score(name: str) -> str:
        said = client.post("/v1/score", json={**asked, "customer_id": name}).json()
        read = client.get(f"/v1/decisions/{said['decision_id']}").json()
        assert read == said
        return str(read["customer_id"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(score, names)) == names


def test_an_old_decision_replays_bit_for_bit_after_everything_changed(
    settings: ServingSettings,
    service: Client,
    publish: Publish,
    make_bundle: MakeBundle,
    asked: Asked,
) -> None:
    publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    asked["counterfactuals"] = True
    said = service.post("/v1/score", json=asked).json()
    assert said["counterfactuals"]["options"]
    publish(make_bundle("nonpayment", intercept=1.0))
    publish(make_bundle("fraud"))
    again = replay(settings, said["decision_id"])
    assert again.is_identical
    assert again.differences == ()


def test_a_replay_without_its_bundle_says_which(
    settings: ServingSettings,
    service: Client,
    publish: Publish,
    make_bundle: MakeBundle,
    asked: Asked,
) -> None:
    bundle_id = publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    decision_id = service.post("/v1/score", json=asked).json()["decision_id"]
    place = settings.home / "bundles" / "nonpayment" / bundle_id
    (place / "manifest.json").unlink()
    with pytest.raises(BundleGoneError, match=bundle_id):
        replay(settings, decision_id)


def test_another_release_names_the_one_that_decided_and_refuses(
    settings: ServingSettings,
    service: Client,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = service.post("/v1/score", json=asked).json()
    monkeypatch.setattr("serving.replay_run.version", lambda _: "9.9.9")
    with pytest.raises(OtherReleaseError, match=said["versions"]["forbear"]):
        replay(settings, said["decision_id"])


def test_a_tampered_answer_is_found_out_and_shown(
    settings: ServingSettings,
    service: Client,
    publish: Publish,
    make_bundle: MakeBundle,
    asked: Asked,
) -> None:
    """Sealed anew by somebody who has the customer's key."""
    publish(make_bundle("nonpayment"))
    assert until(lambda: is_ready(service))
    said = service.post("/v1/score", json=asked).json()
    database = open_database(*settings.store)
    [(sealed, key)] = database.rows("SELECT sealed, data_key FROM decisions, customers")
    decision, _ = unseal(sealed, said["decision_id"], key)
    old, new = b'"in_force":false', b'"in_force":true'
    assert old in decision.answer
    changed = dataclasses.replace(decision, answer=decision.answer.replace(old, new))
    database.run("UPDATE decisions SET sealed = ?", seal(changed, key).content)
    assert [f.code for f in audit(database).findings] == ["record_altered"]
    database.close()
    again = replay(settings, said["decision_id"])
    assert not again.is_identical
    [difference] = again.differences
    assert difference.path == "/permission/in_force"
    assert (difference.recorded, difference.replayed) == (True, False)


def test_openapi_describes_the_real_request_and_answer(
    client: Client, asked: Asked
) -> None:
    document = client.get("/openapi.json").json()
    post = document["paths"]["/v1/score"]["post"]
    body = post["requestBody"]["content"]["application/json"]
    schemas = document["components"]["schemas"]
    assert body["schema"] == {"$ref": "#/components/schemas/ScoreRequest"}
    properties = schemas["ScoreRequest"]["properties"]
    invoices = properties["events"]["properties"]["invoices"]
    assert invoices["items"]["required"] == ["event_at", "invoice_id", "amount"]
    assert "several scorings" in str(properties["counterfactuals"])
    headers = {header["name"] for header in post["parameters"]}
    assert headers == {"Idempotency-Key", "Accept-Language"}
    example = body["examples"]["late_payer"]["value"]
    assert client.post("/v1/score", json=example).status_code == 200
    answer = schemas["ScoreAnswer"]["properties"]
    assert set(client.post("/v1/score", json=asked).json()) == set(answer)
    for path in document["paths"].values():
        for operation in path.values():
            for status, said in operation["responses"].items():
                if not status.startswith("2"):
                    assert "application/problem+json" in said["content"], said


def test_a_store_that_went_away_is_said_by_decisions_and_readiness(
    service: Client, settings: ServingSettings, asked: Asked
) -> None:
    decided = service.post("/v1/score", json=asked).json()["decision_id"]
    (settings.home / "decisions.sqlite").unlink()
    for said in (
        service.post("/v1/score", json=asked),
        service.get("/readyz"),
        service.get(f"/v1/decisions/{decided}/reasons"),
    ):
        assert (said.status_code, said.json()["code"]) == (
            503,
            "decision_store_replaced",
        )
        assert said.headers["Retry-After"] == "5"
        assert "put the same file" in said.json()["detail"]
    assert service.get("/healthz").status_code == 200


def test_scores_seldom_have_cycles_looked_for(
    service: Client, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave none, and make more objects than the usual 700."""
    usual, interval = gc.get_threshold(), sys.getswitchinterval()
    monkeypatch.setattr(gc, "freeze", lambda: None)
    looks: list[str] = []

    def look(phase: str, _: dict[str, int]) -> None:
        looks.append(phase)

    try:
        prepare_process("text")
        assert service.post("/v1/score", json=asked).status_code == 200
        gc.callbacks.append(look)
        for _ in range(40):
            assert service.post("/v1/score", json=asked).status_code == 200
    finally:
        if look in gc.callbacks:
            gc.callbacks.remove(look)
        gc.set_threshold(*usual)
        sys.setswitchinterval(interval)
    assert looks.count("start") <= 1
