"""`forbear monitor`: what rang, who gave automation back."""

from pathlib import Path

from store.monitoring import Cause
from store.opening import open_monitoring
from tests.cli.conftest import Run

FEED = Cause("inputs", "feed_stopped", "payments", "no payments for 5 days")


def ring(home: Path) -> str:
    """The id of the alarm."""
    monitoring = open_monitoring(home)
    [alarm] = monitoring.record(1, 1, "shop", "{}", [FEED])
    monitoring.close()
    return alarm.alarm_id


def test_a_person_lists_and_releases(forbear: Run, home: Path) -> None:
    assert forbear("monitor", "alarms").code == 0
    alarm_id = ring(home)
    listed = forbear("monitor", "alarms")
    assert listed.code == 1
    assert f"{alarm_id} since 1970-01-01: {FEED.why} [feed_stopped]" in listed.out
    why = ("--by", "ana", "--reason", "the feed runs again")
    released = forbear("monitor", "release", *why)
    assert (released.code, FEED.why in released.out) == (0, True)
    every = forbear("monitor", "alarms", "--all")
    assert every.code == 0
    assert "by ana: the feed runs again" in every.out


def test_nothing_is_released_that_does_not_stand(forbear: Run, home: Path) -> None:
    ring(home)
    why = ("--by", "ana", "--reason", "seen")
    ran = forbear("monitor", "release", "nothing", *why)
    assert (ran.code, "[nothing_to_release]" in ran.err) == (2, True)
    unnamed = forbear("monitor", "release", "--by", " ", "--reason", "seen")
    assert (unnamed.code, "[no_releaser]" in unnamed.err) == (2, True)
