"""A provider's alerts pause a customer, and a request about it is answered.

With the real service, which takes every row as it is sent.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from execution.alerts import bring_alerts
from execution.fakes.partner_center import FakePartnerCenter
from execution.measures import ordered
from execution.providers.partner_center import PartnerCenter
from execution.requests import report_changes
from execution.service import Service
from features.moments import microseconds
from store.opening import open_provider_alerts, open_requests
from store.provider_alerts import ProviderAlerts
from store.requests import RequestChange
from tests.execution.conftest import an_act
from tests.execution.test_with_the_service import House, ago, house, leaks

__all__ = ["house"]


@pytest.fixture
def seen(house: House, tmp_path: Path) -> Iterator[ProviderAlerts]:
    seen = open_provider_alerts(tmp_path / "state")
    yield seen
    seen.close()


def now() -> int:
    return microseconds(datetime.now(UTC))


def test_a_providers_alerts_are_what_the_service_decides_by(
    house: House,
    fake: FakePartnerCenter,
    provider: PartnerCenter,
    seen: ProviderAlerts,
) -> None:
    house.send({"alerts": leaks("acme", "resolved", ago(hours=1))})
    assert house.score()["action"] != "suspend"
    for number in range(3):
        begun = (datetime.now(UTC) - timedelta(minutes=20)).replace(tzinfo=None)
        changes = {"firstOccurrence": begun.isoformat(), "severity": "High"}
        fake.more.add_event(f"e{number}", "acme", "s1", **changes)
    brought = bring_alerts(provider, seen, Service(house.client), now())
    assert (brought.n_sent, brought.refused) == (3, {})
    assert house.score()["action"] == "suspend"
    house.plan()
    assert house.run() == ["done", "reported"]
    assert fake.state("acme", "s1") == "suspended"


def test_an_answer_and_a_measure_are_rows_that_the_service_takes(
    house: House, fake: FakePartnerCenter, provider: PartnerCenter, tmp_path: Path
) -> None:
    decision_id = house.score()["decision_id"]
    opened = an_act(subscription="", kind="open_request", decision_id=decision_id)
    house.acts.plan([opened])
    [claimed] = house.acts.claim(opened.provider, now(), now() + 10_000_000, 1)
    house.acts.settle(claimed, "done", now(), None, '{"number": "", "is_draft": true}')
    requests = open_requests(tmp_path / "state")
    for state, result in (("sent", None), ("answered", "fraud_cleared")):
        change = RequestChange(
            act_id=opened.act_id,
            state=state,  # type: ignore[arg-type]  # both are
            at=now(),
            number="615",
            by_whom="Ada",
            result=result,
        )
        assert requests.change(change)
    refused: list[str] = []
    report_changes(
        requests, Service(house.client), lambda _, rule: refused.append(rule)
    )
    assert (refused, requests.waiting()) == ([], [])
    requests.close()

    fake.more.entitlements["s1"] = {"a": "active"}
    decision = house.decisions.find(decision_id)
    house.acts.plan(
        [ordered(provider, "stop_meter", decision, "Ada", now(), subscription_id="s1")]
    )
    assert house.run() == ["drafted", "done", "reported"]
    timeline = house.client.get("/v1/customers/acme/timeline").text
    for told in ("fraud_cleared", "service_request", "stop_meter"):
        assert told in timeline
