"""`forbear act`: alerts, service requests and measures, with the service between."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import Fault, Headers, Json, serving
from execution.fakes.webhook import SECRET, FakeReceiver
from store.acts import Acts
from store.opening import open_acts, open_decision_reader, open_key_store
from tests.cli.conftest import Run
from tests.execution.conftest import NOW, an_act
from tests.execution.test_plan import an_answer, record

OPENED = an_act(subscription="", kind="open_request")


class FakeService:
    """Takes rows, as our own service does."""

    with_mark = False

    def __init__(self) -> None:
        self.changes: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.rows: list[tuple[str, dict[str, Any]]] = []

    def answer(
        self, method: str, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        assert (method, path) == ("POST", "/v1/events")
        for table, rows in content["events"].items():
            self.rows += [(table, row) for row in rows]
        return 200, {"rejected": 0, "errors": []}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    service = FakeService()
    with serving(service) as url:
        monkeypatch.setenv("FORBEAR_SERVICE_URL", url)
        monkeypatch.setenv("FORBEAR_KEY", "fb_none")
        yield service


@pytest.fixture
def fake() -> FakePartnerCenter:
    return FakePartnerCenter()


@pytest.fixture
def at(
    fake: FakePartnerCenter, monkeypatch: pytest.MonkeyPatch, home: Path
) -> Iterator[list[str]]:
    open_key_store(home).close()
    for name in ("TENANT", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FORBEAR_PARTNER_CENTER_{name}", "test")
    fake.add("acme", "s1")
    fake.more.add_event("e1", "acme", "s1")
    with serving(fake) as url:
        yield ["--provider-url", url, "--login-url", url]


@pytest.mark.parametrize("source", ["fraud-events", "graph"])
def test_alerts_are_read_told_and_acknowledged(
    forbear: Run,
    at: list[str],
    service: FakeService,
    fake: FakePartnerCenter,
    source: str,
) -> None:
    options = [*at, "--alerts-from", source]
    ran = forbear("act", "alerts", *options)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("1 alert read, 1 new in their status, 1 sent, 0 tests")
    assert [(table, row["status"]) for table, row in service.rows] == [
        ("alerts", "active")
    ]
    known = forbear("act", "acknowledge", "e1", "--as", "fraud", *options)
    assert known.out == "e1 of acme is resolved as fraud\n"
    assert fake.more.resolved == [("e1", "fraud")]
    forbear("act", "alerts", *options)
    assert service.rows[-1][1]["status"] == "resolved"
    assert (
        "[unknown_alert]"
        in forbear(*("act", "acknowledge", "e9", "--as", "fraud", *options)).err
    )
    assert forbear("act", "acknowledge", "e1", "--as", "odd", *options).code == 2
    assert forbear("act", "alerts", *at, "--alerts-from", "odd").code == 2


def test_a_request_is_told_of_step_by_step(
    forbear: Run,
    at: list[str],
    service: FakeService,
    fake: FakePartnerCenter,
    home: Path,
) -> None:
    acts = open_acts(home)
    drafted(acts)
    acts.close()
    assert "drafted" in forbear("act", "requests").out
    sent = ["--is", "sent", "--number", "615", "--by", "Ada"]
    assert forbear("act", "request", OPENED.act_id, *sent).code == 0
    fake.more.requests["615"] = 2
    assert "1 request came further" in forbear("act", "requests", "--ask", *at).out
    assert "closed" in forbear("act", "requests").out
    assert [table for table, _ in service.rows] == ["actions"]
    late = ["request", OPENED.act_id, "--is", "closed", "--result", "fraud"]
    assert forbear("act", *late, "--by", "Ada").code == 0
    assert [table for table, _ in service.rows] == ["actions", "outcomes"]


def test_an_answer_becomes_an_outcome(
    forbear: Run, at: list[str], service: FakeService, home: Path
) -> None:
    acts = open_acts(home)
    drafted(acts)
    acts.close()
    about = ["request", OPENED.act_id, "--is", "answered", "--by", "Ada"]
    assert forbear("act", *about, "--result", "innocent").code == 2
    assert forbear("act", *about, "--result", "fraud").code == 0
    [(sent, _), (table, row)] = service.rows
    assert sent == "actions"  # what was answered was sent
    assert (table, row["kind"], row["strength"]) == ("outcomes", "fraud", "analyst")
    again = forbear("act", *about)
    assert again.out.startswith("it is answered already")
    assert again.code == 1


@pytest.mark.usefixtures("service")
def test_a_dry_run_goes_on_after_a_customer_the_provider_refuses(
    forbear: Run, at: list[str], home: Path
) -> None:
    acts = open_acts(home)
    acts.plan([an_act("nobody"), an_act("nobody-else")])
    acts.close()
    ran = forbear("act", "run", *at)
    assert (ran.code, ran.out.count("fail: provider_refused")) == (0, 2), ran.err


def drafted(acts: Acts) -> None:
    acts.plan([OPENED])
    [claimed] = acts.claim(OPENED.provider, NOW, NOW + 1, 1)
    proof = '{"number": "a7.eml", "is_draft": true}'
    acts.settle(claimed, "done", NOW, None, proof)


def test_a_measure_is_ordered_by_a_person(
    forbear: Run, at: list[str], home: Path
) -> None:
    record(home, ("acme", an_answer()), recorded_at=NOW)
    decision = _decision_id(home)
    limit = ["act", "order", "limit_spending", decision, "--by", "Ada"]
    assert forbear(*limit, *at).code == 2  # how much
    assert forbear(*limit, "--amount", "-1", *at).code == 2
    assert forbear(*limit, "--amount", "0.00001", *at).code == 2  # it would be 0
    ran = forbear(*limit, "--amount", "100", *at)
    assert ran.code == 0, ran.err
    assert "limit_spending" in ran.out
    assert f"forbear act run {' '.join(at)} --really" in ran.out
    meter = ["act", "order", "stop_meter", decision, "--by", "Ada", *at]
    assert forbear(*meter).code == 2  # whose
    assert forbear(*meter, "--subscription", "s1").code == 0
    assert forbear("act", "order", "odd", decision, "--by", "Ada", *at).code == 2


def _decision_id(home: Path) -> str:
    reader = open_decision_reader(home)
    [listed] = reader.recorded(None, 0, 2 * NOW, "", 9)
    reader.close()
    return listed.decision_id


def test_people_in_a_role_of_the_decision_agree(
    forbear: Run, home: Path, tmp_path: Path
) -> None:
    open_key_store(home).close()
    answer = an_answer(people={"approver_roles": ["risk"]})
    record(home, ("acme", answer), recorded_at=NOW)
    act = an_act(decision_id=_decision_id(home), n_approvals=2)
    acts = open_acts(home)
    acts.plan([act])
    acts.close()
    people = tmp_path / "people.csv"
    people.write_text("name,roles\nAda,risk\nGrace,collections\n")
    agree = ["act", "approve", act.act_id, "--people", str(people), "--by"]
    assert forbear(*agree, "Ada").out.startswith("1 of 2 agreed")
    for other in ("Grace", "Alan"):
        ran = forbear(*agree, other)
        assert (ran.code, "[approver]" in ran.err) == (2, True)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[list[str]]:
    """Options that name a webhook of one's own."""
    monkeypatch.setenv("FORBEAR_ACT_WEBHOOK_SECRET", SECRET)
    receiver = FakeReceiver()
    receiver.add("test", "s-test")
    with serving(receiver) as url:
        yield ["--provider", "webhook", "--provider-url", f"{url}/hook"]


def test_a_providers_promises_are_tried(forbear: Run, receiver: list[str]) -> None:
    about = ["act", "check", "--customer", "test", *receiver, "--subscription"]
    read = forbear(*about, "s-test")
    assert (read.code, read.out.splitlines()[-1]) == (0, "14 of 14 promises kept")
    tried = forbear(*about, "s-test", "--really")
    assert (tried.code, tried.out.splitlines()[-1]) == (0, "21 of 21 promises kept")
    broken = forbear(*about, "s-other")
    assert broken.code == 1
    assert "provider_refused" in broken.out


def test_a_provider_nobody_knows_is_refused(forbear: Run, home: Path) -> None:
    about = ["--customer", "test", "--subscription", "s-test"]
    assert forbear("act", "check", *about, "--provider", "odd").code == 2
    assert forbear("act", "check", *about, "--provider", "whmcs").code == 2  # where
    assert forbear("act", "provider", "--provider", "odd").code == 2


def test_a_secret_that_is_wrong_is_named(
    forbear: Run, home: Path, receiver: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_key_store(home).close()
    now = time.time_ns() // 1_000
    record(home, ("test", an_answer()), recorded_at=now, as_of=now)
    monkeypatch.setenv("FORBEAR_ACT_WEBHOOK_SECRET", "whsec_" + "QUFB" * 8)
    ran = forbear("act", "plan", *receiver)
    assert (ran.code, "FORBEAR_ACT_WEBHOOK_SECRET" in ran.err) == (2, True)


def test_a_run_says_what_waits_for_whose_agreement(
    service: FakeService,
    forbear: Run,
    home: Path,
    at: list[str],
    fake: FakePartnerCenter,
) -> None:
    fake.add("acme", "s1")
    people = {"approvals": 2, "approver_roles": ["risk", "collections"]}
    answer = an_answer(people=people)
    record(home, ("acme", answer), recorded_at=time.time_ns() // 1_000)
    assert "1 new act" in forbear("act", "plan", *at).out
    ran = forbear("act", "run", *at)
    assert "0 acts are due" in ran.out, ran.err
    assert "1 act waits for people" in ran.out
    assert "suspend acme s1: 0 of 2 agreed; may agree: risk or collections" in ran.out
