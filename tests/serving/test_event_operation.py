"""What operators see of stored events: readiness and metrics."""

import time
from collections.abc import Callable
from typing import Any

from httpx import Client, Response

from scoring.bundle import Bundle
from serving.settings import ServingSettings

AT = "2026-05-01T06:00:00Z"
INVOICE = {"event_at": AT, "due_at": "2026-05-31", "amount": 100, "customer_id": "a"}


def metric(client: Client, name: str) -> dict[str, float]:
    """Values by labels."""
    lines = client.get("/metrics").text.splitlines()
    found = [line.rpartition(" ") for line in lines if line.startswith(name)]
    return {said.removeprefix(name): float(value) for said, _, value in found}


def comes(service: Client, status: int) -> Response:
    """Readiness, once it is this: a proof counts for a second."""
    for _ in range(100):
        answer = service.get("/readyz")
        if answer.status_code == status:
            break
        time.sleep(0.05)
    assert answer.status_code == status
    return answer


def test_a_service_whose_events_are_gone_is_not_ready(
    service: Client, settings: ServingSettings
) -> None:
    assert service.get("/readyz").status_code == 200
    (settings.home / "events.sqlite").rename(settings.home / "elsewhere.sqlite")
    assert comes(service, 503).json()["code"] == "decision_store_replaced"
    (settings.home / "elsewhere.sqlite").rename(settings.home / "events.sqlite")
    assert comes(service, 200)


def test_rows_are_counted_by_table_and_rule(
    service: Client, publish: Callable[[Bundle], str]
) -> None:
    rows: list[dict[str, Any]] = [{**INVOICE, "invoice_id": str(n)} for n in range(5)]
    rows.append({**INVOICE, "invoice_id": "x", "amount": -1})
    body = {"events": {"invoices": rows}, "observed": {"invoices": AT}}
    key = {"Idempotency-Key": "i"}
    for _ in range(2):  # the second time nothing is kept
        assert service.post("/v1/events", json=body, headers=key).status_code == 200
    accepted = metric(service, "forbear_events_accepted_total")
    assert accepted == {'{table="invoices"}': 5}
    rejected = metric(service, "forbear_events_rejected_total")
    assert rejected == {'{rule="negative_amount",table="invoices"}': 1}
    assert metric(service, "forbear_event_rows") == {"": 6}
    [age_s] = metric(service, "forbear_events_observed_age_seconds").values()
    assert age_s > 86_400
    assert metric(service, "forbear_event_commit_seconds_count") == {"": 1}
    service.post("/v1/events", json={"events": {"invoices": rows[:1]}})
    assert metric(service, "forbear_event_rows") == {"": 6}
