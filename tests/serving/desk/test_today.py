"""Today: who waits, in which order, and on how many pages."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from features.moments import microseconds
from serving.desk.addresses import customer_path
from serving.desk.today import ON_A_PAGE
from serving.settings import ServingSettings
from store.opening import open_desk
from store.waiting import Snooze, WaitingCustomer, WaitingList, put_waiting
from tests.serving.desk.conftest import LATE, Person

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


def test_what_gains_most_comes_first_and_the_unknown_last(
    person: Somebody, many: ServingSettings
) -> None:
    one = person("collections")
    pages = [shown(one.opens(f"/desk?topic=review&page={n}").text) for n in (1, 2, 3)]
    assert [len(page) for page in pages][:2] == [ON_A_PAGE, ON_A_PAGE]
    assert [n for page in pages for n in page] == [*range(249, 1, -1), 0, 1]


def test_a_page_beyond_the_last_is_empty(
    person: Somebody, many: ServingSettings
) -> None:
    answer = person("collections").opens("/desk?page=99")
    assert answer.status_code == 200
    assert not shown(answer.text)


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
    pages = [one.opens(f"/desk?page={n}").text for n in (1, 2, 3)]
    assert any(customer_path(LATE) in page for page in pages)
