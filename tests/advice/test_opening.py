"""What a list that is made at night says of the next opening."""

from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import typer

from advice.advised import AdvisedParts
from advice.opening import next_working_hour, permitted_soon
from cli.moments import working_hour
from cli.score_summary import show_permitted_soon
from decisions import Case, default_policy, recommend
from features.moments import microseconds
from features.portfolio import Portfolio
from tests.decisions.decision_cases import overdue_facts

BRUSSELS = ZoneInfo("Europe/Brussels")
MONDAY_NIGHT = datetime(2026, 6, 8, 22, 0, tzinfo=UTC)  # midnight in Brussels
OPENING = datetime(2026, 6, 9, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        pytest.param(MONDAY_NIGHT, OPENING, id="at night"),
        pytest.param(OPENING, OPENING, id="at the opening"),
        pytest.param(
            datetime(2026, 6, 12, 10, 0, tzinfo=UTC),  # a Friday, eve of a day off
            datetime(2026, 6, 15, 6, 0, tzinfo=UTC),
            id="over a weekend",
        ),
    ],
)
def test_the_next_working_hour(moment: datetime, opens: datetime) -> None:
    assert next_working_hour(default_policy(), moment) == opens


def test_what_waits_for_the_opening_is_counted_and_then_permitted() -> None:
    def answer(at: datetime) -> dict[str, object]:
        case = Case(overdue_facts(days=40, at=at), 0.0, 0.6)
        found = recommend(case, default_policy(), at)
        return {
            "action": found.action,
            "proposed_action": found.proposed_action,
            "permitted_from": found.permission.permitted_from,
        }

    by_night, by_day = answer(MONDAY_NIGHT), answer(OPENING)
    assert permitted_soon([by_night, by_night]) == {OPENING: Counter(suspend=2)}
    assert by_day["action"] == "suspend"
    assert permitted_soon([by_day]) == {}


@pytest.mark.parametrize(
    ("as_of", "moment"),
    [
        pytest.param("next-working-hour", OPENING.isoformat(), id="the opening"),
        pytest.param("2026-06-08", "2026-06-08", id="anything else stays"),
        pytest.param(None, None, id="nothing said"),
    ],
)
def test_a_batch_at_night_may_ask_for_the_next_working_hour(
    as_of: str | None, moment: str | None
) -> None:
    at_night = SimpleNamespace(latest_moment=microseconds(MONDAY_NIGHT))
    read = cast("Portfolio", at_night)
    assert working_hour(default_policy(), read, as_of) == moment


def test_an_opening_at_which_the_data_would_be_stale_is_refused() -> None:
    thursday_night = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)  # before an eve
    at_night = SimpleNamespace(latest_moment=microseconds(thursday_night))
    why = r"2026-06-15 08:00.*80 hours after the data end.*stale_hours: 48.*--as-of out"
    with pytest.raises(typer.BadParameter, match=why):
        working_hour(default_policy(), cast("Portfolio", at_night), "next-working-hour")


def test_the_screen_says_it_in_local_time(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "action": "review",
        "proposed_action": "suspend",
        "permitted_from": OPENING,
    }
    show_permitted_soon(AdvisedParts.of(pa.Table.from_pylist([row])), BRUSSELS)
    said = capsys.readouterr().out
    assert said == "if nothing changes, permitted from 2026-06-09 08:00: 1 × suspend\n"
