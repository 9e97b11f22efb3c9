"""Alerts come in once in each status, and what they were goes out, from either API."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from execution.alerts import acknowledge, bring_alerts
from execution.errors import (
    NotOfferedError,
    ProviderRefusedError,
    ProviderUnreachableError,
    ReportRefusedError,
    ServiceUnusableError,
)
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import serving
from execution.port import Provider, ProviderAlert
from execution.providers.by_name import CHOICES, AlertsFrom, Connection
from execution.service import Service
from features.moments import to_datetime
from store.opening import open_database, open_key_store, open_provider_alerts
from store.provider_alerts import ProviderAlerts
from store.removal import erase
from tests.execution.conftest import NOW, kill_bill

NAMES = ("TENANT", "CLIENT_ID", "CLIENT_SECRET")
ENVIRONMENT = {f"FORBEAR_PARTNER_CENTER_{name}": "test" for name in NAMES}


class Listening(Service):
    """Keeps rows, or does what the test says instead."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []
        self.vouched: list[datetime] = []
        self.failure: Exception | None = None

    def send(
        self, rows: Mapping[str, list[dict[str, Any]]], idempotency_key: str
    ) -> None:
        if self.failure is not None:
            raise self.failure
        assert idempotency_key.startswith("alert-partner-center-")
        self.rows += rows["alerts"]

    def vouch(self, table: str, until: datetime) -> None:
        assert table == "alerts"
        self.vouched.append(until)


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[ProviderAlerts]:
    open_key_store(tmp_path).close()
    seen = open_provider_alerts(tmp_path)
    yield seen
    seen.close()


@pytest.fixture(params=["fraud-events", "graph"])
def microsoft(
    request: pytest.FixtureRequest, fake: FakePartnerCenter
) -> Iterator[Provider]:
    source: AlertsFrom = request.param
    for number in range(3):
        fake.more.add_event(f"e{number}", f"tenant-{number}", "s1")
    fake.more.add_event("test", "tenant-0", "s1", IsTest="true")
    with serving(fake) as url, httpx.Client(base_url=url) as client:
        yield CHOICES["partner-center"].connect(
            Connection(
                client=client,
                environment=ENVIRONMENT,
                customers={"acme": "tenant-0"},
                login_url=url,
                alerts_from=source,
                graph_url=url,
            )
        )


def test_an_alert_is_sent_once_in_each_status(
    microsoft: Provider, seen: ProviderAlerts
) -> None:
    service = Listening()
    brought = bring_alerts(microsoft, seen, service, NOW)
    assert (brought.n_read, brought.n_tests, brought.n_sent) == (3, 1, 3)
    first = service.rows[0]
    assert first == {
        "customer_id": "acme",  # ours, not the tenant
        "alert_id": "e0",
        "kind": "crypto_mining",
        "status": "active",
        "event_at": "2026-06-20T08:00:00+00:00",
        "known_at": to_datetime(NOW).isoformat(),
        "severity": "medium",
        "confidence": "high",
    }
    assert service.vouched == [to_datetime(NOW)]
    later = bring_alerts(microsoft, seen, service, NOW + 1)
    assert (later.n_read, later.n_new, later.n_sent) == (3, 0, 0)

    resolved = acknowledge(microsoft, seen.find("partner-center", "e0"), "fraud")
    assert (resolved.status, resolved.resolved_reason) == ("resolved", "fraud")
    last = bring_alerts(microsoft, seen, service, NOW + 2)
    assert (last.n_new, last.n_sent) == (1, 1)
    assert service.rows[-1]["status"] == "resolved"
    assert service.rows[-1]["resolved_reason"] == "fraud"
    assert service.rows[-1]["event_at"] == "2026-06-20T22:00:01+00:00"


def test_an_alert_that_is_opened_again_is_told_again(seen: ProviderAlerts) -> None:
    class Changing:
        name = "partner-center"
        alert = ProviderAlert(
            alert_id="a1",
            customer_id="acme",
            kind="other",
            status="active",
            event_at=to_datetime(NOW - 1),
        )

        def alerts(self) -> list[ProviderAlert]:
            return [self.alert]

    changing, service = Changing(), Listening()
    provider, opened = cast("Provider", changing), changing.alert
    resolved = replace(opened, status="resolved")
    for n, alert in enumerate((opened, resolved, resolved, opened, opened)):
        changing.alert = alert
        bring_alerts(provider, seen, service, NOW + n)
    told = [(row["status"], row["event_at"]) for row in service.rows]
    first, again = to_datetime(NOW - 1).isoformat(), to_datetime(NOW + 3).isoformat()
    assert told == [("active", first), ("resolved", first), ("active", again)]
    assert seen.find("partner-center", "a1").status == "active"


def test_what_is_resolved_so_already_is_left_alone(
    microsoft: Provider, seen: ProviderAlerts, fake: FakePartnerCenter
) -> None:
    bring_alerts(microsoft, seen, Listening(), NOW)
    alert = seen.find("partner-center", "e1")
    for _ in range(2):
        acknowledge(microsoft, alert, "ignore")
    assert fake.more.resolved == [("e1", "ignore")]


def test_a_service_that_is_down_is_told_the_next_time(
    microsoft: Provider, seen: ProviderAlerts
) -> None:
    service = Listening()
    service.failure = ServiceUnusableError("down")
    with pytest.raises(ServiceUnusableError):
        bring_alerts(microsoft, seen, service, NOW)
    service.failure = None
    assert bring_alerts(microsoft, seen, service, NOW + 9).n_sent == 3
    # known since it was read first, so that the row is the same however often it goes
    assert {row["known_at"] for row in service.rows} == {to_datetime(NOW).isoformat()}


def test_a_row_that_is_refused_is_told_and_not_sent_for_ever(
    microsoft: Provider, seen: ProviderAlerts
) -> None:
    service = Listening()
    service.failure = ReportRefusedError("unknown_value")
    assert set(bring_alerts(microsoft, seen, service, NOW).refused) == {
        *("e0", "e1", "e2")
    }
    assert bring_alerts(microsoft, seen, service, NOW).n_sent == 0


def test_an_alert_that_is_gone_is_not_acknowledged(
    microsoft: Provider, seen: ProviderAlerts, fake: FakePartnerCenter
) -> None:
    bring_alerts(microsoft, seen, Listening(), NOW)
    alert = seen.find("partner-center", "e2")
    del fake.more.events["e2"]
    with pytest.raises(NotOfferedError):
        acknowledge(microsoft, alert, "fraud")


@pytest.mark.parametrize("microsoft", ["fraud-events"], indirect=True)
def test_fraud_events_know_no_legitimate(
    microsoft: Provider, seen: ProviderAlerts, fake: FakePartnerCenter
) -> None:
    bring_alerts(microsoft, seen, Listening(), NOW)
    alert = seen.find("partner-center", "e2")
    with pytest.raises(ProviderRefusedError, match="legitimate_is_not_offered"):
        acknowledge(microsoft, alert, "legitimate")
    assert fake.more.resolved == []


@pytest.mark.parametrize("microsoft", ["graph"], indirect=True)
def test_graph_knows_legitimate(
    microsoft: Provider, seen: ProviderAlerts, fake: FakePartnerCenter
) -> None:
    bring_alerts(microsoft, seen, Listening(), NOW)
    acknowledge(microsoft, seen.find("partner-center", "e2"), "legitimate")
    assert fake.more.resolved == [("e2", "legitimate")]


def test_an_erased_customer_is_not_told_of_again(
    microsoft: Provider, seen: ProviderAlerts, tmp_path: Path
) -> None:
    service = Listening()
    service.failure = ServiceUnusableError("down")
    with pytest.raises(ServiceUnusableError):
        bring_alerts(microsoft, seen, service, NOW)
    database = open_database(tmp_path)
    with database.transaction():
        erase(database, "acme", NOW)
    database.close()
    service.failure = None
    bring_alerts(microsoft, seen, service, NOW)
    assert {row["alert_id"] for row in service.rows} == {"e1", "e2"}
    assert "acme" not in str(seen.latest("partner-center", 9))


def test_a_page_elsewhere_is_not_followed() -> None:
    answer = {"value": [], "@odata.nextLink": "https://elsewhere.example/next"}
    transport = httpx.MockTransport(lambda request: _answer(request, answer))
    client = httpx.Client(transport=transport, base_url="https://graph")
    connection = Connection(
        client=client,
        environment=ENVIRONMENT,
        login_url="https://login",
        alerts_from="graph",
        graph_url="https://graph",
    )
    with pytest.raises(ProviderUnreachableError):
        list(CHOICES["partner-center"].connect(connection).alerts())


def _answer(request: httpx.Request, answer: dict[str, Any]) -> httpx.Response:
    if request.url.path.endswith("/token"):
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
    assert request.url.host == "graph"
    return httpx.Response(200, json=answer)


def test_who_has_no_alerts_says_so(seen: ProviderAlerts) -> None:
    with kill_bill(FakeKillBill()) as provider, pytest.raises(NotOfferedError):
        bring_alerts(provider, seen, Listening(), NOW)
