"""Who was cleared by a person, and what is new since: on Today and on their page."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from features.moments import microseconds
from serving.desk.addresses import customer_path
from serving.desk.clearances import Clearance, latest_clearances, paragraph
from serving.settings import ServingSettings
from serving.timeline import TimelineEntry
from store.opening import open_event_reader
from tests.serving.desk.conftest import LATE, Person
from wording.messages import LANGUAGES, Wording

Somebody = Callable[..., Person]
ZONE = ZoneInfo("UTC")
DAY = datetime(2026, 6, 1, 10, tzinfo=UTC)


def test_who_was_cleared_is_named_on_today_with_who_said_so(
    desk_settings: ServingSettings, person: Somebody, stored: dict[str, str]
) -> None:
    one, path = person("risk_analyst"), customer_path(LATE)
    assert "cleared of suspicion" not in one.opens("/desk").text
    assert "Cleared of suspicion" not in one.opens(path).text
    sent = one.sends(f"{path}/finding", page=path, kind="fraud_cleared")
    assert sent.status_code == 303
    assert "cleared of suspicion by one risk_analyst, " in one.opens("/desk").text
    shown = one.opens(path).text
    assert "Cleared of suspicion by one risk_analyst, " in shown
    assert "Nothing new has been recorded since." in shown
    with closing(open_event_reader(desk_settings.home)) as events:
        appeal = Clearance(2**62, "appeal", "Ben")
        found = latest_clearances(events, [LATE, "nobody"], {}, ZONE)
        assert {name: one.kind for name, one in found.items()} == {LATE: "finding"}
        found = latest_clearances(events, [LATE], {LATE: appeal}, ZONE)
        assert found == {LATE: appeal}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_happened_since_is_counted_and_our_own_words_are_not(lang: str) -> None:
    words = Wording(lang, "EUR", ZONE)
    said = Clearance(microseconds(DAY), "dispute", "")
    entries = [
        entry("payments", -1),
        entry("payments", 1),
        entry("payments", 2),
        entry("alerts", 3),
        entry("outcomes", 4),
        entry("payments", None),
    ]
    told = paragraph(said, "2026-06-01 10:00", entries, words)
    payments, alerts = (
        words.say(f"desk.lane.{name}") for name in ("payments", "alerts")
    )
    assert told.endswith(f"{payments} 2, {alerts} 1.")
    assert "2026-06-01 10:00" in told


def entry(table: str, days_later: int | None) -> TimelineEntry:
    """A row that happened so long after the day, or at no moment that can be read."""
    at = None if days_later is None else DAY + timedelta(days=days_later)
    return TimelineEntry(at=at, table=table, is_rejected=False, reject_id=None)
