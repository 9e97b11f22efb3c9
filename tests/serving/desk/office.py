"""A service that a real browser can open, and what may happen in its office."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from pydantic import SecretStr

from advice.assembly import DEFAULT_POLICY
from features.moments import microseconds
from serving.app import create_app
from serving.request import EVENT_TABLES
from serving.settings import ServingSettings
from store.act import Act, act_id_of
from store.keys import ROLES, Role
from store.monitoring import Cause
from store.opening import open_acts, open_key_store, open_monitoring
from tests.serving.conftest import a_bundle, published
from tests.serving.desk.conftest import LATE, rows_of


class Office:
    """A service with a desk, people of every role, and customers who wait."""

    def __init__(
        self, url: str, keys: dict[Role, str], feed: str, settings: ServingSettings
    ) -> None:
        self.url, self.keys, self.settings = url, keys, settings
        self._feed = {"Authorization": f"Bearer {feed}"}
        self.decided: dict[str, str] = {}
        self._numbers: dict[str, int] = {}  # that no two customers share

    def has_customer(self, customer_id: str) -> None:
        """Sends events of a customer, and asks for a decision about it."""
        number = self._numbers.setdefault(customer_id, len(self._numbers))
        self._decides(customer_id, rows_of(customer_id, number))

    def clears(self, customer_id: str, by: str) -> None:
        """Suspicion was found wrong two hours ago; an alert is newer than that."""
        cleared, after = (
            (datetime.now(UTC) - timedelta(hours=hours)).isoformat() for hours in (2, 1)
        )
        who: dict[str, object] = {"customer_id": customer_id}
        outcome = {"kind": "fraud_cleared", "source": by, "event_at": cleared}
        alert = {"alert_id": f"{customer_id}-new", "kind": "spend_anomaly"}
        state = {"status": "active", "event_at": after}
        events = {"outcomes": [who | outcome], "alerts": [who | alert | state]}
        self._decides(customer_id, events)

    def _decides(
        self, customer_id: str, events: dict[str, list[dict[str, object]]]
    ) -> None:
        """Rows are sent, and a decision is asked for."""
        observed = dict.fromkeys(EVENT_TABLES, datetime.now(UTC).isoformat())
        body = {"events": events, "observed": observed}
        with httpx.Client(
            base_url=self.url, headers=self._feed, timeout=60.0
        ) as client:
            sent = client.post("/v1/events", json=body)
            assert sent.status_code == 200, sent.text
            answer = client.post("/v1/score", json={"customer_id": customer_id})
        assert answer.status_code == 200, answer.text
        self.decided[customer_id] = answer.json()["decision_id"]

    def plans_an_act(self, customer_id: str) -> None:
        """One that waits for two people."""
        decision_id, now = self.decided[customer_id], microseconds(datetime.now(UTC))
        act = Act(
            act_id=act_id_of("partner-center", decision_id, "suspend", "s0"),
            run_id="run-1",
            decision_id=decision_id,
            customer_id=customer_id,
            subscription_id="s0",
            kind="suspend",
            reason="nonpayment",
            provider="partner-center",
            policy_hash="p",
            n_approvals=2,
            planned_at=now,
            due_at=now,
        )
        with closing(open_acts(*self.settings.store)) as acts:
            acts.plan([act])

    def rings(self, subject: str) -> None:
        """An alarm of monitoring."""
        now = microseconds(datetime.now(UTC))
        cause = Cause("inputs", "feed_stopped", subject, f"{subject}: no row for days")
        with closing(open_monitoring(*self.settings.store)) as monitoring:
            monitoring.record(now, now, "small", "{}", [cause])


@contextmanager
def served(settings: ServingSettings) -> Iterator[str]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(settings), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60.0
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def open_office(home: Path, database_url: str | None = None) -> Iterator[Office]:
    """An office with one customer; without a URL its store is in files."""
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    policy = home / "policy.yaml"
    policy.write_text(DEFAULT_POLICY.read_text(encoding="utf-8"), encoding="utf-8")
    settings = ServingSettings(
        home=home,
        database_url=None if database_url is None else SecretStr(database_url),
        policy=policy,
        poll_s=0.05,
        desk_attempt_limit="1000/minute",
    )
    with served(settings) as url:
        with closing(open_key_store(*settings.store)) as store:
            keys = {role: store.create(f"one {role}", role=role)[1] for role in ROLES}
            _, feed = store.create("feed")
        office = Office(url, keys, feed, settings)
        office.has_customer(LATE)
        yield office
