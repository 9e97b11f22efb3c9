"""An evidence pack: complete, checkable, readable, and for its owner's eyes only."""

import json
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from decisions.policy_file.load import parse_policy
from execution.evidence import Evidence, first_sign, letters_of
from execution.evidence_page import evidence_files
from execution.evidence_rows import _cell, use
from store.letters import PlannedLetter
from tests.cli.conftest import Run, forbear, home
from tests.execution.conftest import an_act
from tests.execution.test_with_the_service import House, ago, house
from tests.store.memory_store import a_decision
from wording.publication.page import Table

__all__ = ["forbear", "home", "house"]

Pack = dict[str, bytes]
RECORD = {
    "subscription_id": "s1",
    "operation": "update_subscription",
    "at": "2026-06-21 00:00:00+00:00",
    "by": "ada@reseller.example",
    "became": "suspended",
    "status": "succeeded",
    "request_id": "r1",
}

LETTER = PlannedLetter(
    letter_id="l1",
    customer_id="acme",
    kind="notice",
    notice="final_notice",
    about_id="d-before",
    channel="email",
    policy="p@1",
    policy_hash="p1",
    planned_at=0,
    due_at=0,
    state="delivered",
    sent_at=1,
    ended_at=2,
    proof='{"status": "2.0.0", "carrier": "smtp", "to": "a@b.example"}',
)


def test_letters_that_went_out_later_are_not_in_it() -> None:
    decision = a_decision(0)
    later = replace(LETTER, sent_at=decision.recorded_at + 1)
    waits = replace(LETTER, sent_at=None)
    about = replace(later, about_id=decision.decision_id)
    assert letters_of(decision, [LETTER, later, waits, about]) == [LETTER, about]


@pytest.fixture
def state(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def pack(run: Run, decision_id: str, folder: Path) -> Pack:
    ran = run("evidence", decision_id, "--out", folder)
    assert ran.code == 0, ran.err
    files = {file.name: file for file in folder.iterdir()}
    assert all(file.stat().st_mode & 0o077 == 0 for file in files.values())
    return {name: file.read_bytes() for name, file in files.items()}


def test_it_holds_all_and_says_how_to_check_it(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    answer = house.score()
    house.plan()
    house.run()
    decision_id = answer["decision_id"]
    files = pack(forbear, decision_id, tmp_path / "pack")
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["sha256"] == {
        name: sha256(content).hexdigest() for name, content in files.items()
    }
    assert (manifest["replay"], manifest["chain"]["position"]) == ("identical", 1)
    assert json.loads(files["decision.json"]) == answer
    policy_hash = answer["question"]["policy_hash"]
    assert parse_policy(files["policy.yaml"].decode()).hash == policy_hash
    assert len(json.loads(files["events.json"])["alerts"]) == 3
    act, end = json.loads(files["acts.json"])  # the pause, and its planned end
    assert (act["state"], act["subscription_id"]) == ("done", "s1")
    assert (end["kind"], end["state"]) == ("restore", "planned")
    html = files["evidence.html"].decode()
    for text in ("suspend", "credential_leak", "first fraudulent use", "identical"):
        assert text in html
    again = forbear("evidence", decision_id, "--out", tmp_path / "pack")
    assert "[evidence_there]" in again.err


def test_a_pack_of_another_release_says_whether_the_action_is_the_same(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decision_id = house.score()["decision_id"]
    monkeypatch.setattr("serving.replay_run.version", lambda _: "9.9.9")
    files = pack(forbear, decision_id, tmp_path / "pack")
    assert json.loads(files["manifest.json"])["replay"] == "other_release_same_action"
    assert b"the same action and probabilities" in files["evidence.html"]


def test_what_arrived_later_is_not_in_it(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    decision_id = house.score()["decision_id"]
    late = {"payment_id": "late", "status": "succeeded", "amount": 234.0}
    house.send({"payments": [{**late, "event_at": ago(seconds=0)}]})
    files = pack(forbear, decision_id, tmp_path / "pack")
    assert b"late" not in files["events.json"]


def test_a_request_with_its_own_events_brings_its_rows(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    said = "<script>alert(1)</script>"
    events = {
        "customers": [{"event_at": "2024-03-01T09:00:00Z"}],
        "invoices": [],
        "payments": [],
        "holds": [],
        "contacts": [{"event_at": ago(days=1), "kind": "notice_sent", "notice": said}],
    }
    asked = {"customer_id": "other", "events": events}
    decision_id = house.client.post("/v1/score", json=asked).json()["decision_id"]
    files = pack(forbear, decision_id, tmp_path / "pack")
    html = files["evidence.html"].decode()
    assert said not in html
    assert "&lt;script&gt;" in html
    assert "No alert is known" in html
    assert "acts.json" not in files


def test_a_decision_of_nobody_is_one_line(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    house.score()
    ran = forbear("evidence", "d-none", "--out", tmp_path / "pack")
    assert (ran.code, ran.err.endswith("[unknown_decision]\n")) == (2, True)
    assert not (tmp_path / "pack").exists()


def test_what_was_not_known_at_the_moment_asked_about_is_not_in_it(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    """The alerts are two hours old, the question is about a day before."""
    asked = {"customer_id": "acme", "as_of": ago(days=1)}
    decision_id = house.client.post("/v1/score", json=asked).json()["decision_id"]
    files = pack(forbear, decision_id, tmp_path / "pack")
    assert json.loads(files["events.json"])["alerts"] == []
    assert b"No alert is known" in files["evidence.html"]


def test_moments_in_any_form_of_the_contract_are_read(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    alert = {"kind": "credential_leak", "status": "active", "severity": "high"}
    events = {
        "customers": [{"event_at": "2024-03-01T09:00:00Z"}],
        "alerts": [
            {**alert, "alert_id": "1", "event_at": "2026-03-02 08:00:00+00:00"},
            {**alert, "alert_id": "2", "event_at": "2026-03-01"},
        ],
    }
    asked = {"customer_id": "other", "events": events}
    decision_id = house.client.post("/v1/score", json=asked).json()["decision_id"]
    page = pack(forbear, decision_id, tmp_path / "pack")["evidence.html"].decode()
    assert "in alerts, is of 2026-03-01" in page


def test_who_agreed_is_said_as_it_was(
    house: House,
    forbear: Run,
    state: Path,
    tmp_path: Path,
) -> None:
    decision_id = house.score()["decision_id"]
    changes = {"decision_id": decision_id, "n_approvals": 2}
    house.acts.plan([an_act(subscription="waits", **changes)])
    order = {"decision_id": decision_id, "kind": "restore", "ordered_by": "Grace"}
    house.acts.plan([an_act(subscription="ordered", **order)])
    page = pack(forbear, decision_id, tmp_path / "pack")["evidence.html"].decode()
    assert "nobody yet" in page
    assert "ordered by Grace" in page


def test_it_tells_the_measure_beside_the_action_and_what_was_asked_of_whom(
    house: House,
) -> None:
    answer = house.score()
    answer["permission"]["measures"] = [
        {
            "measure": "limit_spending",
            "basis": "fraud",
            "net_gain": 7.0,
            "limit": 120.5,
            "approvals": 2,
        }
    ]
    act = an_act(kind="limit_spending", amount=1_205_000, provider="kill-bill")
    told = json.dumps({"is_billed_while_suspended": True})
    stop = replace(an_act(), state="done", proof=told)
    evidence = Evidence(
        decision=a_decision(0, answer=json.dumps(answer).encode()),
        rows={},
        zone=ZoneInfo("UTC"),
        policy_text="",
        acts=[replace(act, proof=json.dumps({"audit_records": [RECORD]})), stop],
        agreed={},
        letters=letters_of(a_decision(0), [LETTER]),
        replay="identical",
        position=1,
        link=b"",
    )
    files = evidence_files(evidence)
    html = files["evidence.html"].decode().replace("\N{NO-BREAK SPACE}", " ")
    told = "limit_spending of 120.50 a month, in the provider&#39;s currency"
    assert f"{told}; expected saving 7.00 EUR; people who must agree: 2" in html
    assert "On record at the provider" in html
    assert "s1: while it is suspended, the provider&#39;s bill goes on." in html
    sent = ">a@b.example</a>; carrier smtp; status 2.0.0"
    for cell in ("kill-bill", "120.50</td>", "ada@reseller.example", sent):
        assert cell in html
    author = f'<meta name="author" content="Forbear {version("forbear")}">'
    assert author in html
    pdf = PdfReader(BytesIO(files["evidence.pdf"]))
    assert "Acts at the provider" in "".join(page.extract_text() for page in pdf.pages)


def of_rows(**rows: list[dict[str, Any]]) -> Evidence:
    answer = {"question": {"currency": "EUR"}}
    return Evidence(
        decision=a_decision(0, answer=json.dumps(answer).encode()),
        rows=rows,
        zone=ZoneInfo("UTC"),
        policy_text="",
        acts=[],
        agreed={},
        replay="identical",
        position=1,
        link=b"",
    )


def test_a_deadline_counts_from_the_first_sign_of_fraud() -> None:
    alerts = [{"kind": "spend_anomaly", "event_at": "2026-06-03T00:00:00Z"}]
    early = {"event_at": "2026-06-01T00:00:00Z"}
    chargeback = {"kind": "chargeback_fraud", **early}
    at = 1_780_272_000_000_000  # 2026-06-01
    assert first_sign(of_rows(disputes=[{"kind": "billing", **early}])) is None
    told = first_sign(of_rows(alerts=alerts, disputes=[chargeback]))
    assert told == ("disputes", at)
    told = first_sign(of_rows(alerts=alerts, outcomes=[{"kind": "fraud", **early}]))
    assert told == ("outcomes", at)


def test_no_deadline_counts_from_what_was_taken_back_or_found_legitimate() -> None:
    early = {"kind": "spend_anomaly", "event_at": "2026-06-01T00:00:00Z"}
    first = {**early, "alert_id": "a", "status": "active"}
    legitimate = {**first, "status": "resolved", "resolved_reason": "legitimate"}
    legitimate["known_at"] = "2026-06-02T00:00:00Z"
    assert first_sign(of_rows(alerts=[first, legitimate])) is None
    again = {**first, "event_at": "2026-06-05T00:00:00Z"}
    again["known_at"] = again["event_at"]
    told = first_sign(of_rows(alerts=[first, legitimate, again]))
    assert told == ("alerts", 1_780_272_000_000_000)  # opened again: it began on 06-01
    fraud = {"kind": "fraud", "event_at": "2026-06-01T00:00:00Z", "source": "desk"}
    back = {**fraud, "event_at": "2026-06-01T02:00:00+02:00", "retracted": True}
    back["known_at"] = "2026-06-03T00:00:00Z"
    assert first_sign(of_rows(outcomes=[fraud])) is not None
    assert first_sign(of_rows(outcomes=[fraud, back])) is None


def test_what_use_cost_is_summed_by_day() -> None:
    """A correction counts instead of its row, and older days are left out."""
    day = {"subscription_id": "s1", "event_at": "2026-06-02T10:00:00Z"}
    rows: list[dict[str, Any]] = [
        {**day, "cost": 5.0, "known_at": "2026-06-03T00:00:00Z"},
        {**day, "cost": 7.25, "known_at": "2026-06-04T00:00:00Z"},
        {**day, "subscription_id": "s2", "cost": "2.5"},
        {**day, "event_at": "2026-06-01T23:00:00Z", "cost": 1.0},
        {**day, "event_at": "2026-04-01T23:00:00Z", "cost": 900.0},
    ]
    [_, table] = use(of_rows(usage=rows)).blocks
    assert isinstance(table, Table)
    assert table.rows == (
        ("2026-06-01", "1.00"),
        ("2026-06-02", "9.75"),
        ("all of these days", "10.75"),
    )


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("2026-06-21T02:00:00+02:00", "2026-06-21 00:00:00 UTC"),
        ("2026-06-21", "2026-06-21"),
        ("", ""),
    ],
)
def test_a_moment_of_a_row_is_shown_in_utc(stated: str, shown: str) -> None:
    assert _cell({"event_at": stated}, "event_at", ZoneInfo("UTC")) == shown
