"""What a decision costs to compute again, against what it cost to make and record.

Customers of some 300 rows are decided about by `POST /v1/score/batch`, then all of it
is replayed as `forbear replay --all` does. CPU time of the process for each decision;
the service and the replay both run in it, without a network.

    python -m benchmarks.replay
"""

import statistics
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from fastapi.testclient import TestClient

from serving.app import create_app
from serving.replay_range import replay_range
from serving.settings import ServingSettings
from store.opening import open_key_store

N, ROUNDS, N_PAYMENTS = 100, 3, 300


def a_request(number: int) -> dict[str, Any]:
    """A customer who paid often and is late with the last invoice."""
    chance = Random(number)
    payments = [
        {
            "payment_id": f"p{n}",
            "event_at": f"2025-{1 + n % 12:02}-{1 + n % 28:02}T06:00:00Z",
            "amount": round(chance.random() * 1_000, 2),
            "status": chance.choice(["succeeded", "failed"]),
            "method": "card",
        }
        for n in range(N_PAYMENTS)
    ]
    invoice = {
        "invoice_id": "i1",
        "event_at": "2026-04-01T06:00:00Z",
        "due_at": "2026-05-01",
        "amount": chance.randrange(1_000, 900_000),
    }
    customer = {"event_at": "2024-01-01T06:00:00Z", "subject_kind": "legal_person"}
    events = {"customers": [customer], "invoices": [invoice], "payments": payments}
    nothing: dict[str, Any] = {"disputes": [], "contacts": [], "holds": []}
    return {
        "customer_id": f"c{number}",
        "as_of": "2026-06-30T09:00:00Z",
        "events": events | nothing,
    }


def cpu_s_of_decisions(settings: ServingSettings, key: str) -> float:
    """CPU seconds a decision, made and recorded."""
    body = {"requests": [a_request(number) for number in range(N)]}
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        began = time.process_time()
        answers = client.post("/v1/score/batch", json=body).json()["answers"]
        spent = time.process_time() - began
    assert [answer["status"] for answer in answers] == [200] * N, answers[0]
    return spent / N


def cpu_s_of_replays(settings: ServingSettings) -> float:
    """CPU seconds a decision, computed again and compared byte for byte."""
    began = time.process_time()
    replayed = list(replay_range(settings))
    spent = time.process_time() - began
    assert {one.result for one in replayed} == {"identical"}, replayed[0]
    return spent / len(replayed)


def main() -> None:
    ratios = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            settings = ServingSettings(
                home=Path(folder),
                max_body_bytes=20_000_000,
                max_unpacked_bytes=20_000_000,
            )
            keys = open_key_store(settings.home)
            _, key = keys.create("benchmark")
            keys.close()
            made, again = cpu_s_of_decisions(settings, key), cpu_s_of_replays(settings)
            ratios.append(again / made)
            print(f"made {1e3 * made:.2f} ms, replayed {1e3 * again:.2f} ms of CPU")
    print(f"replayed / made: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
