"""The end of the demo: whose customers the desk shows."""

import json
import socket
import time
from contextlib import closing, nullcontext
from pathlib import Path
from unittest.mock import create_autospec

import pyarrow as pa
import pytest

from cli.demo import SAMPLES
from cli.demo_desk import customers_to_look_at, desk_of_sample, send_customers
from cli.own_service import PortTakenError, ServiceNotUpError, running_service
from features.portfolio import Portfolio
from serving.desk.roles import MAY
from store.opening import open_database, open_decision_reader
from store.waiting import WaitingList
from tests.serving.processes import running


def row(name: str, action: str | None, gain: float, in_force: bool = False) -> object:
    costs = {"expected_cost_none": 100.0, "expected_cost_review": 100.0 - gain}
    return {"customer_id": name, "action": action, "in_force": in_force, **costs}


def test_who_gains_most_is_first_and_what_is_done_already_is_left_out() -> None:
    rows = [
        row("less", "review", 1.0),
        row("most", "review", 9.0),
        row("nothing to do", "none", 0.0),
        row("no decision", None, 5.0),
        row("done", "review", 20.0, in_force=True),
    ]
    table = pa.Table.from_pylist(rows)
    assert customers_to_look_at(table, 10) == ["most", "less"]
    assert customers_to_look_at(table, 1) == ["most"]


def test_with_one_of_the_keys_acts_can_be_agreed_to(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = "cli.demo_desk."
    monkeypatch.setattr(f"{place}running_service", lambda *_: nullcontext())
    monkeypatch.setattr(f"{place}customers_to_look_at", lambda *_: [])
    monkeypatch.setattr(f"{place}send_customers", lambda *_: 0)
    monkeypatch.setattr(f"{place}_wait", lambda _: None)
    monkeypatch.setattr(f"{place}_new_key", lambda _, role: f"key of {role}")
    nobody = create_autospec(Portfolio, instance=True)
    desk_of_sample(nobody, pa.table({}), 8000, tmp_path / "service.log")
    told = capsys.readouterr().out
    roles = [role for role in MAY if f"key of {role}" in told]
    assert any("approve" in MAY[role] for role in roles)
    assert any("change_policy" in MAY[role] for role in roles)


def test_a_port_that_somebody_else_uses_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(PortTakenError, match=f"{port} is in use"),
            running_service(port, tmp_path / "service.log"),
        ):
            pass


@pytest.mark.slow
def test_customers_of_the_sample_wait_as_if_it_ended_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, chosen = tmp_path / "state", ["c-0001753", "c-0002643"]
    monkeypatch.setenv("FORBEAR_HOME", str(home))
    portfolio = Portfolio.open(SAMPLES / "lumen")
    with running(home) as service:
        url = f"http://127.0.0.1:{service.port}"
        assert send_customers(portfolio, chosen, url) == 2
    now = time.time_ns() // 1_000
    with closing(open_database(home)) as database:
        waiting = WaitingList(database).page(now, 10)
    assert sorted(one.customer_id for one in waiting) == chosen
    with closing(open_decision_reader(home)) as decisions:
        found = [decisions.find(one.decision_id) for one in waiting]
    days = {
        one.customer_id: json.loads(one.answer)["exposure"]["days_overdue"]
        for one in found
    }
    # on the sample's last day 66; today is at most a day later in its own time
    assert days["c-0002643"] in (66, 67)


def test_why_a_service_did_not_start_is_told_though_its_log_goes(
    tmp_path: Path,
) -> None:
    log = tmp_path / "service.log"
    assert "it said nothing yet" in str(ServiceNotUpError(log))
    log.write_text("starting\nthe store is of another release\n")
    told = str(ServiceNotUpError(log))
    assert told.endswith("starting the store is of another release")
