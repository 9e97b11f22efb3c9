"""Alarms of monitoring: raised once, standing until a person releases them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from store.backup import back_up, restore
from store.errors import NoReleaserError, NothingToReleaseError
from store.monitoring import RELEASED_FOR_US, Cause, Monitoring
from store.opening import open_decision_reader, open_monitoring, standing_alarm
from tests.store.conftest import Place

FEED = Cause("inputs", "feed_stopped", "payments", "no payments for 5 days")
WAVE = Cause("early_outcomes", "more_than_expected", "fraud", "12 seen, 4.0 expected")


@pytest.fixture
def monitoring(place: Place) -> Iterator[Monitoring]:
    opened = open_monitoring(*place)
    yield opened
    opened.close()


def ran(monitoring: Monitoring, at: int, *causes: Cause) -> list[str]:
    """Codes of the alarms that a run raises."""
    return [alarm.code for alarm in monitoring.record(at, at, "shop", "{}", causes)]


def test_an_alarm_is_raised_once_and_stands(
    monitoring: Monitoring, place: Place
) -> None:
    assert ran(monitoring, 1) == []
    assert standing_alarm(*place) is None
    assert ran(monitoring, 2, WAVE, FEED) == ["more_than_expected", "feed_stopped"]
    assert ran(monitoring, 3, FEED) == []
    assert standing_alarm(*place) == "inputs"  # what shows first
    assert ran(monitoring, 4) == []
    assert len(monitoring.standing()) == 2  # a quiet run releases nothing
    reader = open_decision_reader(*place)
    assert reader.standing_alarm() == "inputs"
    reader.close()


def test_a_person_releases_one_or_all(monitoring: Monitoring, place: Place) -> None:
    ran(monitoring, 1, FEED, WAVE)
    feed = next(a for a in monitoring.standing() if a.code == FEED.code)
    monitoring.release("ana", "the feed runs again", 2, feed.alarm_id)
    assert standing_alarm(*place) == "early_outcomes"
    [released] = monitoring.release("ana", "looked at", 3)
    assert released.clock == "early_outcomes"
    assert standing_alarm(*place) is None
    with pytest.raises(NothingToReleaseError):
        monitoring.release("ana", "again", 4)
    assert {(a.released_by, a.reason) for a in monitoring.alarms(10)} == {
        ("ana", "the feed runs again"),
        ("ana", "looked at"),
    }


@pytest.mark.parametrize(("by", "reason"), [("", "fine"), ("ana", " ")])
def test_nobody_releases_without_a_name_and_a_reason(
    monitoring: Monitoring, by: str, reason: str
) -> None:
    ran(monitoring, 1, FEED)
    with pytest.raises(NoReleaserError):
        monitoring.release(by, reason, 2)
    assert len(monitoring.standing()) == 1


def test_what_was_released_rings_again_once_it_went_away(
    monitoring: Monitoring,
) -> None:
    ran(monitoring, 1, FEED)
    monitoring.release("ana", "known", 2)
    assert ran(monitoring, 3, FEED) == []  # it is as the person saw it
    assert ran(monitoring, 4) == []
    assert ran(monitoring, 5, FEED) == ["feed_stopped"]


def test_what_came_about_after_a_release_was_not_released(
    monitoring: Monitoring,
) -> None:
    ran(monitoring, 1, FEED)
    monitoring.release("ana", "known", 3)
    assert [a.subject for a in monitoring.released_since("shop", 3)] == ["payments"]
    assert monitoring.released_since("shop", 4) == []
    assert monitoring.released_since("other", 0) == []
    assert ran(monitoring, 5, replace(FEED, is_new=True)) == ["feed_stopped"]


def test_what_was_released_rings_again_after_a_month(monitoring: Monitoring) -> None:
    ran(monitoring, 1, FEED)
    monitoring.release("ana", "known", 2)
    assert ran(monitoring, RELEASED_FOR_US + 2, FEED) == []
    assert ran(monitoring, RELEASED_FOR_US + 3, FEED) == ["feed_stopped"]


def test_runs_are_kept_the_latest_first(monitoring: Monitoring) -> None:
    ran(monitoring, 1)
    ran(monitoring, 2)
    assert [run.at for run in monitoring.latest_runs(5)] == [2, 1]
    assert [run.at for run in monitoring.latest_runs(1)] == [2]


def test_a_backup_holds_runs_and_alarms(
    monitoring: Monitoring, place: Place, tmp_path: Path
) -> None:
    ran(monitoring, 1, FEED)
    file, again = tmp_path / "kept.sqlite", tmp_path / "again"
    back_up(*place, file)
    restore(again, None, file)
    assert standing_alarm(again) == "inputs"


def test_where_nothing_was_recorded_nothing_stands_and_nothing_is_made(
    tmp_path: Path,
) -> None:
    assert standing_alarm(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_portfolios_that_share_a_store_ring_each_for_itself(
    monitoring: Monitoring,
) -> None:
    [shop] = monitoring.record(1, 1, "shop", "{}", [FEED])
    [other] = monitoring.record(2, 2, "other", "{}", [FEED])
    assert (shop.portfolio, other.portfolio) == ("shop", "other")
    monitoring.release("ana", "known", 3, shop.alarm_id)
    assert [alarm.portfolio for alarm in monitoring.standing()] == ["other"]
    monitoring.record(4, 4, "other", "{}", [])
    # its own last run saw the cause still
    assert monitoring.record(5, 5, "shop", "{}", [FEED]) == []
    assert [run.portfolio for run in monitoring.runs_of("other", 5)] == ["other"] * 2


def test_one_state_of_the_data_counts_once(monitoring: Monitoring) -> None:
    for at, as_of in ((1, 10), (2, 20), (3, 20), (4, 20)):
        monitoring.record(at, as_of, "shop", "{}", [])
    assert [(run.at, run.as_of) for run in monitoring.runs_of("shop", 5)] == [
        (4, 20),
        (1, 10),
    ]
