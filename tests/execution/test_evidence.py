"""An evidence pack: complete, checkable, readable, and for its owner's eyes only."""

import json
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from decisions.policy_file.load import parse_policy
from execution.evidence import Evidence
from execution.evidence_page import _cell, evidence_files
from tests.cli.conftest import Run, forbear, home  # noqa: F401 - fixtures
from tests.execution.conftest import an_act
from tests.execution.test_with_the_service import House, ago, house  # noqa: F401
from tests.store.memory_store import a_decision

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


@pytest.fixture
def state(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def pack(run: Run, decision_id: str, folder: Path) -> Pack:
    ran = run("evidence", decision_id, "--out", folder)
    assert ran.code == 0, ran.err
    files = {file.name: file for file in folder.iterdir()}
    assert all(file.stat().st_mode & 0o077 == 0 for file in files.values())
    return {name: file.read_bytes() for name, file in files.items()}


def test_it_holds_all_and_says_how_to_check_it(
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
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
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decision_id = house.score()["decision_id"]
    monkeypatch.setattr("serving.replay.version", lambda _: "9.9.9")
    files = pack(forbear, decision_id, tmp_path / "pack")
    assert json.loads(files["manifest.json"])["replay"] == "other_release_same_action"
    assert b"the same action and probabilities" in files["evidence.html"]


def test_what_arrived_later_is_not_in_it(
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
    state: Path,
    tmp_path: Path,
) -> None:
    decision_id = house.score()["decision_id"]
    late = {"payment_id": "late", "status": "succeeded", "amount": 234.0}
    house.send({"payments": [{**late, "event_at": ago(seconds=0)}]})
    files = pack(forbear, decision_id, tmp_path / "pack")
    assert b"late" not in files["events.json"]


def test_a_request_with_its_own_events_brings_its_rows(
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
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
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
    state: Path,
    tmp_path: Path,
) -> None:
    house.score()
    ran = forbear("evidence", "d-none", "--out", tmp_path / "pack")
    assert (ran.code, ran.err.endswith("[unknown_decision]\n")) == (2, True)
    assert not (tmp_path / "pack").exists()


def test_what_was_not_known_at_the_moment_asked_about_is_not_in_it(
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
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
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
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
    assert "The first alert is of 2026-03-01" in page


def test_who_agreed_is_said_as_it_was(
    house: House,  # noqa: F811
    forbear: Run,  # noqa: F811
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
    house: House,  # noqa: F811
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
    evidence = Evidence(
        decision=a_decision(0, answer=json.dumps(answer).encode()),
        rows={},
        zone=ZoneInfo("UTC"),
        policy_text="",
        acts=[replace(act, proof=json.dumps({"audit_records": [RECORD]}))],
        agreed={},
        replay="identical",
        position=1,
        link=b"",
    )
    files = evidence_files(evidence)
    html = files["evidence.html"].decode().replace("\N{NO-BREAK SPACE}", " ")
    told = "limit_spending of 120.50 a month, in the provider&#39;s currency"
    assert f"{told}; expected saving 7.00 EUR; people who must agree: 2" in html
    assert "On record at the provider" in html
    for cell in ("kill-bill", "120.50</td>", "ada@reseller.example"):
        assert cell in html
    author = f'<meta name="author" content="Forbear {version("forbear")}">'
    assert author in html
    pdf = PdfReader(BytesIO(files["evidence.pdf"]))
    assert "Acts at the provider" in "".join(page.extract_text() for page in pdf.pages)


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
