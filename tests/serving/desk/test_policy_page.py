"""A change of the policy: tried by one person, published by another."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import parse_policy
from serving.app import create_app
from serving.desk.backtests import Backtests
from serving.desk.policy_publishing import put_in_place
from serving.errors import ProblemError
from serving.settings import ServingSettings
from store.keys import ROLES, Role
from store.opening import open_desk, open_key_store
from store.policy_changes import PolicyChanges
from tests.serving.conftest import a_bundle, a_client, published
from tests.serving.desk.conftest import Person

POLICY = "/desk/policy"
SHIPPED = DEFAULT_POLICY.read_text(encoding="utf-8")
CHANGED = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 48")
Somebody = Callable[..., Person]


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(SHIPPED, encoding="utf-8")
    return file


LUMEN = Path(__file__).parents[3] / "data" / "samples" / "lumen"


@pytest.fixture
def office(policy_file: Path, tmp_path: Path) -> Iterator[Somebody]:
    """A desk over a policy file of its own."""
    home = tmp_path / "state"
    home.mkdir()
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    settings = ServingSettings(
        home=home,
        policy=policy_file,
        poll_s=0.05,
        desk_attempt_limit="1000/minute",
        desk_portfolio=LUMEN,
    )
    with a_client(create_app(settings)) as client:
        store = open_key_store(home)
        keys = {
            (role, customers): store.create(
                f"one {role} {customers}".strip(), role=role, customers=customers
            )[1]
            for role in ROLES
            for customers in ("", "north-")
        }
        store.close()

        def somebody(role: Role, customers: str = "") -> Person:
            client.cookies.clear()
            one = Person(client)
            assert one.signs_in(keys[role, customers]).status_code == 303
            return one

        yield somebody


def tries(one: Person, text: str) -> str:
    """The address of a change that was tried."""
    answer = one.sends(POLICY, page=POLICY, text=text)
    assert answer.status_code == 303, answer.text
    place: str = answer.headers["location"]
    return place


def test_the_shipped_value_is_the_one_that_is_changed() -> None:
    assert CHANGED != SHIPPED


def test_a_change_comes_into_force_when_somebody_else_agrees(
    office: Somebody, policy_file: Path
) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, CHANGED)
    shown = analyst.opens(place).text
    assert "auto_expire_hours: 48" in shown
    assert "48 hours" in shown  # in what customers read
    assert analyst.sends(f"{place}/submit", page=place, reason="two days").is_redirect
    again = analyst.sends(f"{place}/submit", page=place, reason="two days")
    assert (again.status_code, "submitted this change already" in again.text) == (
        409,
        True,
    )
    assert policy_file.read_text(encoding="utf-8") == SHIPPED
    assert analyst.sends(f"{place}/publish", page=place, reason="me").status_code == 403

    approver = office("approver")
    assert "two days" in approver.opens(POLICY).text
    agreed = approver.sends(f"{place}/publish", page=place, reason="agreed")
    assert agreed.is_redirect, agreed.text
    assert policy_file.read_text(encoding="utf-8").rstrip() == CHANGED.rstrip()
    assert [file.name for file in policy_file.parent.glob(".policy*")] == []
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        if "auto_expire_hours: 48" in approver.opens(POLICY).text:
            break
        time.sleep(0.05)
    assert "auto_expire_hours: 48" in approver.opens(POLICY).text
    again = approver.sends(f"{place}/publish", page=place, reason="again")
    assert again.status_code == 409
    assert "published by one approver" in again.text


def test_two_changes_of_one_policy_are_not_both_published(
    policy_file: Path, tmp_path: Path
) -> None:
    """By two processes, neither of which has taken up the other's yet."""
    other = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 96")
    with closing(open_desk(tmp_path / "state")) as database:
        changes, base = PolicyChanges(database), parse_policy(SHIPPED).hash
        names = [changes.add("k", "Ada", 1, base, text) for text in (CHANGED, other)]
        for name in names:
            assert changes.submit(name, "k", "why")
        first, second = (changes.find(name) for name in names)
        assert first is not None
        assert second is not None
        put_in_place(database, first, policy_file, "Bo", 2, "agreed")
        with pytest.raises(ProblemError, match="another policy is in force"):
            put_in_place(database, second, policy_file, "Bo", 2, "agreed")
        states = [change.state for change in changes.latest(2)]
    assert sorted(states) == ["published", "submitted"]
    assert policy_file.read_text(encoding="utf-8") == CHANGED


def test_a_file_that_cannot_be_replaced_leaves_the_change_submitted(
    office: Somebody, policy_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is mounted by itself."""
    analyst = office("risk_analyst")
    place = tries(analyst, CHANGED)
    analyst.sends(f"{place}/submit", page=place, reason="two days")
    approver = office("approver")

    def is_mounted(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", is_mounted)
        answer = approver.sends(f"{place}/publish", page=place, reason="agreed")
    assert answer.status_code == 500
    assert "policy_not_written" in answer.text
    assert "still waits" in answer.text
    assert policy_file.read_text(encoding="utf-8") == SHIPPED
    assert [file.name for file in policy_file.parent.glob(".policy*")] == []
    again = approver.sends(f"{place}/publish", page=place, reason="agreed")
    assert again.is_redirect, again.text


def test_a_key_for_some_customers_changes_nothing_for_all(office: Somebody) -> None:
    place = tries(office("admin"), CHANGED)
    one = office("admin", "north-")
    assert "<textarea" not in one.opens(POLICY).text
    assert one.opens(f"{place}/backtest").status_code == 403
    log = one.opens("/desk/log").text
    assert "/desk/log/chain" not in log
    assert "/desk/log/access" not in log
    assert one.opens("/desk/log/access").status_code == 403
    for path in (
        POLICY,
        f"{place}/submit",
        f"{place}/publish",
        f"{place}/refuse",
        f"{place}/backtest",
        "/desk/models/alarms/a1/release",
        "/desk/log/chain",
    ):
        answer = one.sends(path, reason="mine", text=CHANGED)
        assert answer.status_code == 403, path
        assert "customer_out_of_reach" in answer.text


def test_nobody_agrees_to_a_change_of_their_own(
    office: Somebody, policy_file: Path
) -> None:
    admin = office("admin")
    place = tries(admin, CHANGED)
    admin.sends(f"{place}/submit", page=place, reason="two days")
    answer = admin.sends(f"{place}/publish", page=place, reason="mine")
    assert answer.status_code == 403
    assert policy_file.read_text(encoding="utf-8") == SHIPPED


def test_errors_are_named_and_keep_a_change_from_being_submitted(
    office: Somebody,
) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, SHIPPED.replace("currency: EUR", "currency: <script>"))
    shown = analyst.opens(place).text
    assert "currency" in shown
    assert "<script>" not in shown.partition("<main")[2]
    assert 'action="' + f"{place}/submit" not in shown
    answer = analyst.sends(f"{place}/submit", page=POLICY, reason="all the same")
    assert answer.status_code == 422


@pytest.mark.parametrize("text", ["a: [", "only words"])
def test_what_is_no_policy_at_all_shows_the_error_alone(
    office: Somebody, text: str
) -> None:
    analyst = office("risk_analyst")
    shown = analyst.opens(tries(analyst, text)).text
    assert "policy_file" in shown
    assert 'class="removed"' not in shown


def test_a_change_of_an_older_policy_is_not_published(
    office: Somebody, policy_file: Path
) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, CHANGED)
    analyst.sends(f"{place}/submit", page=place, reason="two days")
    other = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 96")
    policy_file.write_text(other, encoding="utf-8")
    deadline = time.monotonic() + 20.0
    approver = office("approver")
    while "auto_expire_hours: 96" not in approver.opens(POLICY).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (
        approver.sends(f"{place}/publish", page=POLICY, reason="agreed").status_code
        == 422
    )
    assert policy_file.read_text(encoding="utf-8") == other
    refused = approver.sends(f"{place}/refuse", page=POLICY, reason="too late")
    assert refused.is_redirect
    assert "too late" in approver.opens(place).text


@pytest.mark.parametrize("role", ["collections", "auditor", "account_manager"])
def test_others_look_and_change_nothing(office: Somebody, role: Role) -> None:
    one = office(role)
    page = one.opens(POLICY)
    assert page.status_code == 200
    assert "<textarea" not in page.text
    assert one.sends(POLICY, text=CHANGED).status_code == 403


def test_the_policy_that_ships_cannot_be_replaced(
    person: Callable[..., Person],
) -> None:
    admin = person("admin")
    place = tries(admin, CHANGED)
    assert "ships with the service" in admin.opens(place).text
    admin.sends(f"{place}/submit", page=POLICY, reason="two days")
    approver = person("approver")
    answer = approver.sends(f"{place}/publish", page=POLICY, reason="agreed")
    assert answer.status_code == 422
    assert DEFAULT_POLICY.read_text(encoding="utf-8") == SHIPPED


def test_days_of_a_backtest_are_days(office: Somebody) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, CHANGED)
    for first, last in (("2026-13-01", "2026-06-30"), ("2026-06-30", "2026-06-01")):
        sent = {"from": first, "to": last}
        answer = analyst.sends(f"{place}/backtest", page=place, **sent)
        assert answer.status_code == 422
    assert analyst.opens(f"{place}/backtest").status_code == 404


def test_a_change_is_tried_on_the_past_one_at_a_time(office: Somebody) -> None:
    """Of another portfolio than the models': it fails, and the page says why."""
    analyst = office("risk_analyst")
    place, other = tries(analyst, CHANGED), tries(analyst, CHANGED)
    days = {"from": "2026-06-01", "to": "2026-06-10"}
    assert analyst.sends(f"{place}/backtest", page=place, **days).is_redirect
    assert "open this page again" in analyst.opens(place).text
    assert analyst.sends(f"{other}/backtest", page=place, **days).status_code == 422
    deadline = time.monotonic() + 120.0
    while "open this page again" in analyst.opens(place).text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    shown = analyst.opens(place).text
    assert "It could not be tried" in shown
    assert "settings_differ" in shown


@pytest.mark.slow
def test_the_report_of_a_backtest_runs_and_loads_nothing(tmp_path: Path) -> None:
    """By the starter, which is at home in any portfolio."""
    backtests = Backtests(tmp_path / "starting", LUMEN)
    first, last = date(2026, 6, 1), date(2026, 6, 8)
    assert backtests.begin("change", CHANGED, SHIPPED, first, last)
    deadline = time.monotonic() + 300.0
    while backtests.state("change") == "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert backtests.state("change") == "done", backtests.said("change")
    page = backtests.report("change")
    assert page is not None
    assert "<script" not in page.read_text("utf-8")


def test_whoever_publishes_on_a_shared_database_is_told_whom_it_reaches(
    office: Somebody,
) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, CHANGED)
    assert analyst.sends(f"{place}/submit", page=place, reason="a note").is_redirect
    approver = office("approver")
    assert "Several services" not in approver.opens(place).text
    state = approver.client._transport.app.state  # type: ignore[attr-defined]
    url = SecretStr("postgresql://us.example/forbear")
    state.settings = state.settings.model_copy(update={"database_url": url})
    assert "Several services may share this database." in approver.opens(place).text
