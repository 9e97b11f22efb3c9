"""What the desk keeps: who waits, who was put off, who is signed in, and the log."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from store.act_statements import NOT_AGREED, OPEN_RESTORATIONS
from store.acts import Acts
from store.database import Database
from store.decision_log import DecisionLog, LogFilter
from store.opening import open_acts, open_decision_store, open_desk, upgrade
from store.schema import DECISIONS
from store.sessions import Sessions
from store.upgrade import upgrade_file
from store.waiting import Snooze, WaitingCustomer, WaitingList
from tests.execution.conftest import NOW, an_act
from tests.store.conftest import Place
from tests.store.memory_store import a_decision

DAY = 86_400_000_000


@pytest.fixture
def desk(place: Place) -> Iterator[Database]:
    desk = open_desk(*place)
    yield desk
    desk.close()


def waits(
    number: int, gain: int | None, topic: str = "review", decision_id: str = ""
) -> WaitingCustomer:
    about = decision_id or f"d{number}"
    return WaitingCustomer(f"c{number}", about, 1_000, topic, "review", gain, None, NOW)


def record(place: Place, *waiting: WaitingCustomer | None) -> None:
    store = open_decision_store(*place)

    async def together() -> None:
        for number, one in enumerate(waiting, start=1):
            decision = a_decision(number, customer_id=f"c{number}", action="review")
            await store.record(decision, {}, None, one)

    asyncio.run(together())
    store.close()


def test_acts_that_wait_are_found_in_an_index_of_their_own(tmp_path: Path) -> None:
    """However many are over; SQLite says how it would answer."""
    upgrade(tmp_path, None)
    with closing(open_desk(tmp_path)) as desk:
        plan = desk.rows(f"EXPLAIN QUERY PLAN {NOT_AGREED}", 0, "", 20)
        back = desk.rows(f"EXPLAIN QUERY PLAN {OPEN_RESTORATIONS}", 0, "", "")
    assert any("acts_planned" in str(step) for step in plan), plan
    assert any("acts_restorations" in str(step) for step in back), back


def test_a_store_of_before_is_given_the_index(tmp_path: Path) -> None:
    upgrade_file(tmp_path / "decisions.sqlite", DECISIONS, "0017")
    upgrade(tmp_path, None)
    with closing(open_desk(tmp_path)) as desk:
        rows = desk.rows("SELECT name FROM sqlite_master WHERE type = 'index'")
    assert ("acts_restorations",) in [tuple(row) for row in rows]


class _InBetween:
    """Answers that differ because somebody stopped to wait between two questions."""

    def __init__(self) -> None:
        self.answers = iter([[("review", 1)], [("review", 2), ("appeal", 1)]])

    def rows(self, *_: object) -> list[tuple[str, int]]:
        return next(self.answers)


def test_counts_bear_what_changes_between_their_two_questions() -> None:
    counts = WaitingList(cast("Database", _InBetween())).counts(0)
    assert counts == {}


def names(listed: list[WaitingCustomer]) -> list[str]:
    return [one.customer_id for one in listed]


def test_what_gains_most_comes_first_and_the_unknown_last(
    place: Place, desk: Database
) -> None:
    record(place, waits(1, None), waits(2, -5), waits(3, 7), None)
    listed = WaitingList(desk)
    assert names(listed.page(NOW, 10)) == ["c3", "c2", "c1"]
    assert names(listed.page(NOW, 1, behind=waits(3, 7).rank)) == ["c2"]
    assert names(listed.page(NOW, 1, ahead=waits(1, None).rank)) == ["c2"]
    assert listed.n_ahead(waits(1, None).rank, NOW) == 2
    assert listed.n_ahead(waits(3, 7).rank, NOW) == 0
    assert names(listed.page(NOW, 10, begin="c1")) == ["c1"]
    assert listed.page(NOW, 10, topic="approval") == []
    assert listed.counts(NOW) == {"review": 3}
    assert listed.of_customer("c3") == waits(3, 7)
    assert listed.of_customer("c4") is None


def test_nobody_waits_when_the_last_decision_needs_nobody(
    place: Place, desk: Database
) -> None:
    record(place, waits(1, 5))
    store = open_decision_store(*place)
    over = waits(1, None, topic="", decision_id="d9")
    decision = a_decision(9, customer_id="c1")
    asyncio.run(store.record(decision, {}, None, over))
    store.close()
    assert WaitingList(desk).of_customer("c1") is None


def test_a_snooze_hides_until_it_ends(place: Place, desk: Database) -> None:
    record(place, waits(1, 5))
    listed = WaitingList(desk)
    listed.snooze(Snooze("c1", NOW, NOW + DAY, "Ada", "on leave"))
    assert listed.page(NOW, 10) == []
    assert listed.counts(NOW) == {}
    assert names(listed.page(NOW + DAY, 10)) == ["c1"]
    listed.snooze(Snooze("c1", NOW + 5, NOW + 6, "Bo", "back"))
    assert names(listed.page(NOW + 7, 10)) == ["c1"]
    assert [one.by_whom for one in listed.snoozes("c1")] == ["Bo", "Ada"]


def test_with_a_customer_goes_what_the_desk_kept(place: Place, desk: Database) -> None:
    record(place, waits(1, 5), waits(2, 6))
    listed = WaitingList(desk)
    listed.snooze(Snooze("c1", NOW, NOW + 1, "Ada", "a private matter"))
    store = open_decision_store(*place)
    asyncio.run(store.erase("c1", NOW))
    store.close()
    assert names(listed.page(NOW + 2, 10)) == ["c2"]
    assert listed.snoozes("c1") == []


def test_a_session_ends_when_its_time_is_over_or_its_owner_says_so(
    desk: Database,
) -> None:
    sessions = Sessions(desk)
    sessions.begin("token", '{"key_id": "k"}', NOW, NOW + DAY)
    assert sessions.find("token", NOW) == '{"key_id": "k"}'
    assert sessions.find("another", NOW) is None
    assert sessions.find("token", NOW + DAY) is None
    sessions.end("token")
    assert sessions.find("token", NOW) is None


def test_the_log_finds_by_customer_day_and_action(place: Place, desk: Database) -> None:
    record(place, None, None, None)
    log = DecisionLog(desk)

    def found(**changes: object) -> list[str]:
        wanted = LogFilter(**changes)  # type: ignore[arg-type]
        return [one.decision_id for one in log.decisions(wanted, "", 10)]

    assert found() == ["d3", "d2", "d1"]
    assert found(customer_id="c2") == ["d2"]
    assert found(begin="c3") == ["d3"]
    assert found(since=1_002, until=1_003) == ["d2"]
    assert found(action="suspend") == []
    assert [d.decision_id for d in log.decisions(LogFilter(), "d3", 1)] == ["d2"]


def test_the_log_lists_acts_and_who_is_waited_for(place: Place, desk: Database) -> None:
    acts: Acts = open_acts(*place)
    acts.plan([an_act(), an_act("brix", n_approvals=2), an_act("corp", n_approvals=1)])
    acts.approve(an_act("corp").act_id, "Ada", NOW)
    acts.approve(an_act("brix").act_id, "Ada", NOW)
    assert [act.customer_id for act in acts.waiting_for_people(5)] == ["brix"]
    assert acts.waiting_for_people(5, "acme") == []
    acts.close()
    log = DecisionLog(desk)
    listed = log.acts(LogFilter(), None, 10)
    assert [act.customer_id for _, act in listed] == ["corp", "brix", "acme"]
    assert log.acts(LogFilter(), listed[1][0], 10) == listed[2:]
    assert log.acts(LogFilter(action="restore"), None, 10) == []
