"""A change of the policy: tried by one person, published by another."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from httpx import Client

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import parse_policy
from serving.app import create_app
from serving.desk.backtests import Backtests
from serving.desk.policy_publishing import publish_change
from serving.settings import ServingSettings
from store.errors import PolicyMovedError
from store.keys import ROLES, Role
from store.opening import open_desk, open_key_store, published_policy
from store.policy_changes import PolicyChanges
from store.policy_versions import PolicyVersion, PolicyVersions
from tests.serving.conftest import a_bundle, a_client, published, put_in_place
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
def settings(policy_file: Path, tmp_path: Path) -> ServingSettings:
    """Of a service with a policy file of its own."""
    home = tmp_path / "state"
    home.mkdir()
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    return ServingSettings(
        home=home,
        policy=policy_file,
        poll_s=0.05,
        desk_attempt_limit="1000/minute",
        desk_portfolio=LUMEN,
    )


@pytest.fixture
def office(settings: ServingSettings) -> Iterator[Somebody]:
    """A desk over that policy file."""
    home = settings.home
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


def until_in_force(client: Client, text: str) -> None:
    """Waits until a service decides by the policy of `text`."""
    wanted, deadline = parse_policy(text).hash, time.monotonic() + 20.0
    while client.get("/readyz").json()["policy"]["hash"] != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_change_comes_into_force_when_somebody_else_agrees(
    office: Somebody, policy_file: Path, tmp_path: Path
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
    assert published_policy(tmp_path / "state") is None
    assert analyst.sends(f"{place}/publish", page=place, reason="me").status_code == 403

    approver = office("approver")
    assert "two days" in approver.opens(POLICY).text
    assert "every service that shares this store" in approver.opens(place).text
    agreed = approver.sends(f"{place}/publish", page=place, reason="agreed")
    assert agreed.is_redirect, agreed.text
    until_in_force(approver.client, CHANGED)
    shown = approver.opens(POLICY).text
    assert "auto_expire_hours: 48" in shown
    assert "published here, for every service on this store" in shown
    kept = published_policy(tmp_path / "state")
    assert kept is not None
    assert (kept.author, kept.approver, kept.reason) == (
        "one risk_analyst",
        "one approver",
        "agreed",
    )
    assert kept.policy_hash == parse_policy(CHANGED).hash
    assert policy_file.read_text(encoding="utf-8") == SHIPPED
    again = approver.sends(f"{place}/publish", page=place, reason="again")
    assert again.status_code == 409
    assert "published by one approver" in again.text


def test_what_is_published_decides_in_every_service_whatever_its_file_says(
    office: Somebody,
    settings: ServingSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other_file = tmp_path / "other.yaml"
    other = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 24")
    other_file.write_text(other, encoding="utf-8")
    own = settings.model_copy(update={"policy": other_file})
    with a_client(create_app(own)) as another:
        assert another.get("/readyz").json()["policy"]["origin"] == "file"
        analyst = office("risk_analyst")
        place = tries(analyst, CHANGED)
        analyst.sends(f"{place}/submit", page=place, reason="two days")
        approver = office("approver")
        approver.sends(f"{place}/publish", page=place, reason="agreed")
        for client in (another, approver.client):
            until_in_force(client, CHANGED)
            shown = client.get("/readyz").json()["policy"]
            assert (shown["origin"], shown["file_hash"]) == ("published", shown["hash"])
        put_in_place(other_file, SHIPPED.encode())
        other_file.unlink()  # it is not missed
    with a_client(create_app(own)) as restarted:
        until_in_force(restarted, CHANGED)
    assert f"({parse_policy(CHANGED).hash}) decides" in caplog.text
    assert "one approver" not in caplog.text


def test_two_changes_of_one_policy_are_not_both_published(tmp_path: Path) -> None:
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
        publish_change(database, first, "Bo", 2, "agreed")
        with pytest.raises(PolicyMovedError, match="was published since"):
            publish_change(database, second, "Bo", 2, "agreed")
        states = [change.state for change in changes.latest(2)]
        versions = PolicyVersions(database).listed(9)
    assert sorted(states) == ["published", "submitted"]
    assert [one.text for one in versions] == [CHANGED]


def test_a_change_is_of_what_the_former_release_published(tmp_path: Path) -> None:
    """Which counted the hash of the same text otherwise."""
    former = PolicyVersion("former", "p@1", SHIPPED, "Ada", "Bo", "why", 1)
    with closing(open_desk(tmp_path / "state")) as database:
        with database.transaction():
            PolicyVersions(database).add(former, 0)
        changes, base = PolicyChanges(database), parse_policy(SHIPPED).hash
        name = changes.add("k", "Ada", 1, base, CHANGED)
        assert changes.submit(name, "k", "why")
        change = changes.find(name)
        assert change is not None
        publish_change(database, change, "Bo", 2, "agreed")
        assert PolicyVersions(database).number() == 2


def test_a_change_that_cannot_decide_anything_new_is_an_error(
    office: Somebody,
) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, CHANGED)
    analyst.sends(f"{place}/submit", page=place, reason="two days")
    approver = office("approver")
    approver.sends(f"{place}/publish", page=place, reason="agreed")
    until_in_force(approver.client, CHANGED)
    analyst = office("risk_analyst")
    late = CHANGED.replace("effective_from: 2000-01-01", "effective_from: 2099-01-01")
    for text, code in (
        (CHANGED, "policy_unchanged"),
        (SHIPPED, "version_taken"),
        (late, "not_in_force"),
    ):
        place = tries(analyst, text)
        assert code in analyst.opens(place).text
        answer = analyst.sends(f"{place}/submit", page=POLICY, reason="all the same")
        assert answer.status_code == 422


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
    office: Somebody, tmp_path: Path
) -> None:
    admin = office("admin")
    place = tries(admin, CHANGED)
    admin.sends(f"{place}/submit", page=place, reason="two days")
    answer = admin.sends(f"{place}/publish", page=place, reason="mine")
    assert answer.status_code == 403
    assert published_policy(tmp_path / "state") is None


def test_errors_are_named_and_keep_a_change_from_being_submitted(
    office: Somebody,
) -> None:
    analyst = office("risk_analyst")
    place = tries(analyst, SHIPPED.replace("currency: EUR", "currency: <script>"))
    shown = analyst.opens(place).text
    line = SHIPPED.splitlines().index("currency: EUR") + 1
    assert f'<code>currency</code> <span class="quiet">line {line}</span>' in shown
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
    put_in_place(policy_file, other.encode())
    deadline = time.monotonic() + 20.0
    approver = office("approver")
    while "auto_expire_hours: 96" not in approver.opens(POLICY).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    answer = approver.sends(f"{place}/publish", page=POLICY, reason="agreed")
    assert (answer.status_code, "policy_moved" in answer.text) == (409, True)
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


def test_the_policy_that_ships_gives_way_to_one_that_is_published(
    person: Callable[..., Person],
) -> None:
    admin = person("admin")
    place = tries(admin, CHANGED)
    assert "the one that ships with the service" in admin.opens(POLICY).text
    admin.sends(f"{place}/submit", page=POLICY, reason="two days")
    approver = person("approver")
    answer = approver.sends(f"{place}/publish", page=POLICY, reason="agreed")
    assert answer.is_redirect, answer.text
    until_in_force(approver.client, CHANGED)
    assert DEFAULT_POLICY.read_text(encoding="utf-8") == SHIPPED


def test_a_policy_that_no_service_could_take_up_is_an_error(office: Somebody) -> None:
    """In a currency that the models' portfolio has no rate for."""
    analyst = office("risk_analyst")
    place = tries(analyst, SHIPPED.replace("currency: EUR", "currency: USD"))
    assert "policy_currency" in analyst.opens(place).text
    answer = analyst.sends(f"{place}/submit", page=POLICY, reason="all the same")
    assert answer.status_code == 422


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
    deadline = time.monotonic() + 600.0
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
