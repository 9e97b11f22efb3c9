"""Who was cleared by a person, and what is new since: on Today and on their page."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from features.contract import TABLES
from features.moments import microseconds
from features.settings import PortfolioSettings
from serving.desk.addresses import customer_path
from serving.desk.clearances import Clearance, latest_clearances, paragraph
from serving.settings import ServingSettings
from serving.timeline import TimelineEntry
from store.events import EventReader, NumberedEvent
from store.opening import open_event_reader
from tests.serving.desk.conftest import LATE, Person
from wording.messages import LANGUAGES, Wording

Somebody = Callable[..., Person]
ZONE = ZoneInfo("UTC")
PORTFOLIO = PortfolioSettings(tables=frozenset(TABLES))
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
        now = microseconds(datetime.now(UTC))
        found = latest_clearances(events, [LATE, "nobody"], {}, PORTFOLIO, now)
        assert {name: one.kind for name, one in found.items()} == {LATE: "finding"}
        found = latest_clearances(events, [LATE], {LATE: appeal}, PORTFOLIO, now)
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
        entry("outcomes", 4, kind="fraud_cleared"),
        entry("holds", 4),
        entry("actions", 4),
        entry("contacts", 4, kind="notice_sent"),
        entry("payments", None),
        entry("outcomes", 5, kind="account_takeover"),
        entry("disputes", -2, known_at=(DAY + timedelta(days=3)).isoformat()),
    ]
    told = paragraph(said, "2026-06-01 10:00", entries, words)
    payments, alerts, people, disputes = (
        words.say(f"desk.lane.{name}")
        for name in ("payments", "alerts", "people", "disputes")
    )
    expected = f"{payments} 2, {alerts} 1, {people} 1, {disputes} 1."
    assert told.endswith(expected)
    assert "2026-06-01 10:00" in told


def day(later: int) -> str:
    return (DAY + timedelta(days=later)).isoformat()


FINDING: dict[str, object] = {"kind": "fraud_cleared", "source": "Ann"}
CLEARED = ("outcomes", FINDING, 0)
LOST = {"dispute_id": "d", "kind": "billing", "status": "lost", "invoice_id": "i"}


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        pytest.param([CLEARED], "finding", id="cleared"),
        pytest.param(
            [CLEARED, ("outcomes", {"kind": "fraud"}, 1)], None, id="a fraud after all"
        ),
        pytest.param(
            [CLEARED, ("outcomes", {"kind": "account_takeover"}, 1)],
            None,
            id="taken over",
        ),
        pytest.param(
            [CLEARED, ("outcomes", {"kind": "fraud", "strength": "weak"}, 1)],
            "finding",
            id="a weak sign",
        ),
        pytest.param(
            [CLEARED, ("outcomes", {"kind": "fraud"}, -1)], "finding", id="taken back"
        ),
        pytest.param(
            [
                CLEARED,
                ("outcomes", {**FINDING, "retracted": True, "known_at": day(1)}, 0),
            ],
            None,
            id="retracted",
        ),
        pytest.param(
            [("outcomes", {**FINDING, "strength": "nonsense"}, 0)],
            None,
            id="rejected",
        ),
        pytest.param([("outcomes", FINDING, 30)], None, id="not yet known"),
        pytest.param(
            [("disputes", {**LOST, "status": ["won"]}, 0)], None, id="no status"
        ),
        pytest.param([("disputes", LOST, 0)], "dispute", id="customer was right"),
        pytest.param(
            [("disputes", {**LOST, "status": "won"}, 0)], None, id="reseller was right"
        ),
    ],
)
def test_only_what_stands_clears(
    rows: list[tuple[str, dict[str, object], int]], kind: str | None
) -> None:
    kept = [
        NumberedEvent("a", table, n, b"", json.dumps(row | {"event_at": day(after)}))
        for n, (table, row, after) in enumerate(rows)
    ]
    events = cast("EventReader", SimpleNamespace(of_tables=lambda *_: kept))
    now = microseconds(DAY + timedelta(days=20))
    found = latest_clearances(events, ["a"], {}, PORTFOLIO, now).get("a")
    assert (None if found is None else found.kind) == kind


def entry(table: str, days_later: int | None, **row: object) -> TimelineEntry:
    """A row that happened so long after the day, or at no moment that can be read."""
    at = None if days_later is None else DAY + timedelta(days=days_later)
    return TimelineEntry(at=at, table=table, row=row, is_rejected=False, reject_id=None)
