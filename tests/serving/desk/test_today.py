"""Today: who waits, in which order, and on how many pages."""

import re
from asyncio import _get_running_loop
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from features.moments import microseconds
from serving.desk.addresses import customer_path
from serving.desk.today import ON_A_PAGE
from serving.settings import ServingSettings
from store.opening import open_acts, open_desk
from store.sqlite import SqliteDatabase
from store.waiting import Snooze, WaitingCustomer, WaitingList, put_waiting
from tests.execution.conftest import an_act
from tests.serving.desk.conftest import LATE, Person
from wording.messages import LANGUAGES, messages

Somebody = Callable[..., Person]
NOW = microseconds(datetime.now(UTC))
DAY = 86_400_000_000


def waiting(n: int, gain: int | None, topic: str = "review") -> WaitingCustomer:
    decision_id = f"d{n:032x}"
    return WaitingCustomer(
        f"w-{n:05}", decision_id, NOW, topic, "review", gain, None, NOW + DAY
    )


@pytest.fixture(scope="module")
def many(desk_settings: ServingSettings, desk: object) -> ServingSettings:
    """250 who wait, the last of them with the greatest gain; of two it is unknown."""
    database = open_desk(desk_settings.home)
    rows = [waiting(n, None if n < 2 else n * 10_000) for n in range(250)]
    with database.transaction():
        put_waiting(database, rows)
    database.close()
    return desk_settings


def shown(page: str) -> list[int]:
    """The numbers of those on a page, in their order."""
    return [int(part[:5]) for part in page.split(">w-")[1:]]


def link(page: str, rel: str) -> str:
    """Where a page leads, or nowhere."""
    found = re.search(rf'rel="{rel}"[^>]* href="([^"]+)"', page)
    return unescape(found[1]) if found else ""


def pages_from(one: Person, address: str) -> list[str]:
    """All pages from one on."""
    pages = []
    while address:
        pages.append(one.opens(address).text)
        address = link(pages[-1], "next")
    return pages


def test_what_gains_most_comes_first_and_the_unknown_last(
    person: Somebody, many: ServingSettings
) -> None:
    one = person("collections")
    pages = [shown(page) for page in pages_from(one, "/desk?topic=review")]
    assert [len(page) for page in pages][:2] == [ON_A_PAGE, ON_A_PAGE]
    assert [n for page in pages for n in page] == [*range(249, 1, -1), 1, 0]


def test_nobody_is_missed_or_shown_twice_while_others_come_and_go(
    person: Somebody, many: ServingSettings
) -> None:
    one = person("collections")
    first = one.opens("/desk?topic=review").text
    database = open_desk(many.home)
    with database.transaction():
        gone = waiting(240, None)._replace(as_of=NOW + 1, topic="")
        put_waiting(database, [gone, waiting(300, 10**9), waiting(301, 10**9)])
    second = one.opens(link(first, "next")).text
    assert shown(second) == [*range(149, 49, -1)]
    assert ">102<" in second  # 249 to 150 without 240, and two that came
    back = shown(one.opens(link(second, "prev")).text)
    with database.transaction():
        left = [waiting(n, None)._replace(as_of=NOW + 1, topic="") for n in (300, 301)]
        put_waiting(database, [*left, waiting(240, 2_400_000)])
    database.close()
    assert back == [300, *[n for n in range(249, 149, -1) if n != 240]]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("behind=-4611686018427387904.a", id="behind the last"),
        pytest.param("ahead=2400000.x", id="nine are before it"),
        pytest.param("behind=x", id="no rank"),
        pytest.param(f"ahead={'9' * 30}.x", id="too great"),
        pytest.param("behind=1.", id="no decision"),
    ],
)
def test_where_nobody_is_left_the_first_page_is_shown(
    person: Somebody, many: ServingSettings, query: str
) -> None:
    answer = person("collections").opens(f"/desk?topic=review&{query}")
    assert answer.status_code == 200
    assert shown(answer.text)[0] == 249


def test_what_costs_more_than_it_saves_is_said_so(
    person: Somebody, many: ServingSettings
) -> None:
    database = open_desk(many.home)
    with database.transaction():
        put_waiting(database, [waiting(400, -70_000, "pause")])
    page = person("collections").opens("/desk?topic=pause").text
    row = page.split(">w-00400")[1].split("</tr>")[0]
    with database.transaction():
        put_waiting(database, [waiting(400, 0, "")._replace(as_of=NOW + 1)])
    database.close()
    assert "costs €7" in row
    assert "-" not in row.split("costs")[1].split("<")[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_measure_stands_beside_the_action_before_it_is_planned(
    person: Somebody, many: ServingSettings, lang: str
) -> None:
    recommended = waiting(401, 345_000, "measure")._replace(measure="limit_spending")
    with closing(open_desk(many.home)) as database:
        with database.transaction():
            put_waiting(database, [recommended])
        wanted = {"accept-language": lang}
        page = person("collections").opens("/desk?topic=measure", headers=wanted).text
        with database.transaction():
            over = recommended._replace(topic="", as_of=NOW + 1)
            put_waiting(database, [over])
    row = unescape(page.split(">w-00401")[1].split("</tr>")[0])
    assert str(messages(lang)["measures.limit_spending"]) in row
    assert str(messages(lang)["desk.topic.measure"]) in row


def test_whoever_is_put_off_waits_for_nobody_until_then(
    person: Somebody, many: ServingSettings
) -> None:
    database = open_desk(many.home)
    off = WaitingList(database)
    off.snooze(Snooze("w-00249", NOW, NOW + DAY, "Ada", "on leave"))
    assert 249 not in shown(person("collections").opens("/desk").text)
    off.snooze(Snooze("w-00249", NOW + 1, NOW + 2, "Ada", "is back"))
    assert 249 in shown(person("collections").opens("/desk").text)
    database.close()


def test_a_later_decision_replaces_an_earlier_one_and_never_the_other_way(
    many: ServingSettings,
) -> None:
    database = open_desk(many.home)
    later = waiting(300, 5)._replace(as_of=NOW + 2, topic="approval")
    with database.transaction():
        put_waiting(database, [later, waiting(300, 7)])
    listed = WaitingList(database)
    kept = listed.of_customer("w-00300")
    assert kept == later
    with database.transaction():
        put_waiting(database, [later._replace(as_of=NOW + 3, topic="")])
    assert listed.of_customer("w-00300") is None
    database.close()


def test_a_decision_of_now_puts_its_customer_on_the_list(
    person: Somebody, stored: dict[str, str]
) -> None:
    one = person("admin")
    pages = pages_from(one, "/desk")
    assert any(customer_path(LATE) in page for page in pages)


def test_acts_that_wait_are_checked_in_one_query_off_the_event_loop(
    person: Somebody,
    desk_settings: ServingSettings,
    stored: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, asked_in_a_loop = person("approver"), []
    with closing(open_acts(desk_settings.home)) as acts:
        acts.plan([an_act(who, n_approvals=1) for who in stored])
    rows = SqliteDatabase.rows

    def counted(self: SqliteDatabase, query: str, *values: object) -> list[Any]:
        if "sealed" in query:
            asked_in_a_loop.append(_get_running_loop() is not None)
        return rows(self, query, *values)

    monkeypatch.setattr(SqliteDatabase, "rows", counted)
    page = unescape(one.opens("/desk").text.split('id="acts"')[1])
    assert len(stored) > 1
    assert all(f">{who}<" in page for who in stored)
    assert asked_in_a_loop == [False]
