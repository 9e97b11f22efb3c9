"""A service request is followed to its end, and its answer becomes an event."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from execution.errors import ReportRefusedError, ServiceUnusableError
from execution.fakes.partner_center import FakePartnerCenter
from execution.providers.partner_center import PartnerCenter
from execution.requests import follow, report_changes
from execution.service import Service
from store.act import Act
from store.errors import RequestStateError
from store.opening import open_database, open_requests
from store.removal import erase
from store.requests import RequestChange, Requests
from tests.execution.conftest import NOW, an_act
from tests.execution.test_carry_out import Bench, bench

__all__ = ["bench"]
OPENED = an_act(subscription="", kind="open_request")


class Listening(Service):
    """Keeps rows, or does what the test says instead."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Mapping[str, Any]]] = []
        self.failure: Exception | None = None

    def report(self, act: Act, by: str, terms: Mapping[str, Any]) -> None:
        row = {"kind": act.kind, "by": by, "at": act.settled_at}
        self.send({"actions": [row]}, "")

    def send(
        self, rows: Mapping[str, list[dict[str, Any]]], idempotency_key: str
    ) -> None:
        if self.failure is not None:
            raise self.failure
        self.rows += [(table, row) for table, listed in rows.items() for row in listed]


@pytest.fixture
def requests(bench: Bench, tmp_path: Path) -> Iterator[Requests]:
    """With one that was drafted."""
    assert bench.run(OPENED)[0] == "done"
    requests = open_requests(tmp_path)
    yield requests
    requests.close()


def changed(requests: Requests, state: Any, **changes: Any) -> bool:  # noqa: ANN401
    change = {"act_id": OPENED.act_id, "state": state, "at": NOW + 5, **changes}
    return requests.change(RequestChange(**change))


def told(requests: Requests, service: Service) -> list[str]:
    refused: list[str] = []
    report_changes(requests, service, lambda _, rule: refused.append(rule))
    return refused


def followed(
    provider: PartnerCenter, requests: Requests, now: int, *codes: str
) -> list[str]:
    told: list[str] = []
    further = follow(provider, requests, now, lambda _, code: told.append(code))
    assert len(told) == len(codes)
    return further


def test_a_draft_is_sent_answered_and_closed(
    requests: Requests, provider: PartnerCenter, fake: FakePartnerCenter
) -> None:
    service = Listening()
    assert [one.state for one in requests.listed(9)] == ["drafted"]
    assert followed(provider, requests, NOW) == []  # the provider knows nothing of it
    assert changed(requests, "sent", number="615", by_whom="Ada")
    assert told(requests, service) == []
    sent = {"kind": "open_request", "by": "person", "at": NOW + 5}
    assert service.rows == [("actions", sent)]

    fake.more.requests["615"] = 1  # open
    assert followed(provider, requests, NOW + 6) == []
    fake.more.requests["615"] = 3  # attention needed
    assert followed(provider, requests, NOW + 7) == [OPENED.act_id]
    fake.more.requests["615"] = 2
    assert followed(provider, requests, NOW + 8) == [OPENED.act_id]
    assert requests.find(OPENED.act_id).state == "closed"
    assert followed(provider, requests, NOW + 9) == []
    told(requests, service)
    assert len(service.rows) == 1  # what the answer means is for a person to say


def test_what_an_answer_means_becomes_an_outcome(requests: Requests) -> None:
    service = Listening()
    changed(requests, "sent", number="615", by_whom="Ada")
    about = {"by_whom": "Ada", "result": "fraud_cleared", "strength": "confirmed"}
    assert changed(requests, "answered", **about)
    service.failure = ServiceUnusableError("down")
    with pytest.raises(ServiceUnusableError):
        told(requests, service)
    service.failure = None
    told(requests, service)
    told(requests, service)
    [_, (table, row)] = service.rows
    assert (table, row["kind"], row["strength"], row["source"]) == (
        *("outcomes", "fraud_cleared", "confirmed", "service_request:615"),
    )
    assert requests.find(OPENED.act_id).result == "fraud_cleared"


def test_a_request_goes_forward_only(requests: Requests) -> None:
    assert changed(requests, "answered", by_whom="Ada")
    assert not changed(requests, "sent", by_whom="Ada")
    assert not changed(requests, "answered", by_whom="Ada")
    assert requests.find(OPENED.act_id).state == "answered"


def test_a_draft_that_was_answered_was_sent(requests: Requests) -> None:
    service = Listening()
    assert changed(requests, "answered", by_whom="Ada", number="615")
    told(requests, service)
    assert service.rows == [
        ("actions", {"kind": "open_request", "by": "person", "at": NOW + 5})
    ]


def test_what_an_answer_says_may_come_later(requests: Requests) -> None:
    service = Listening()
    changed(requests, "closed", by_whom="Ada", number="615")
    told(requests, service)
    says = {"by_whom": "Ada", "result": "fraud", "strength": "confirmed"}
    assert changed(requests, "answered", **says)
    assert not changed(requests, "closed", **says)  # once
    told(requests, service)
    assert [(table, row["kind"]) for table, row in service.rows] == [
        ("actions", "open_request"),
        ("outcomes", "fraud"),
    ]
    assert requests.find(OPENED.act_id).state == "closed"


def test_a_number_nobody_knows_holds_up_no_other(
    requests: Requests, bench: Bench, provider: PartnerCenter, fake: FakePartnerCenter
) -> None:
    other = an_act("brix", "", kind="open_request")
    bench.run(other)
    changed(requests, "sent", number="615", by_whom="Ada")
    changed(requests, "sent", number="typo", by_whom="Ada", act_id=other.act_id)
    fake.more.requests["615"] = 2
    assert followed(provider, requests, NOW + 6, "unknown") == [OPENED.act_id]


def test_a_row_that_is_refused_is_told_once(requests: Requests) -> None:
    service = Listening()
    service.failure = ReportRefusedError("unknown_value")
    changed(requests, "sent", by_whom="Ada")
    assert told(requests, service) == ["unknown_value"]
    assert told(requests, service) == []


def test_an_act_that_opened_none_has_none(requests: Requests, bench: Bench) -> None:
    stop = an_act("brix")
    bench.run(stop)
    with pytest.raises(RequestStateError, match="suspend done"):
        requests.find(stop.act_id)


def test_what_its_decision_takes_along_goes_with_it(
    requests: Requests, bench: Bench, tmp_path: Path
) -> None:
    changed(requests, "sent", by_whom="Ada")
    database = open_database(tmp_path)
    with database.transaction():
        erase(database, "acme", NOW)
    database.close()
    assert requests.waiting() == []
    assert requests.listed(9) == []
