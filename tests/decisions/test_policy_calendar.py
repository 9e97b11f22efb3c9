"""Days off: of a region, of further kinds, and of years that nobody knows yet."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from decisions import default_policy, recommend
from decisions.case import Case
from decisions.errors import PolicyFileError
from decisions.policy.calendar import Calendar
from decisions.policy.public_holidays import kinds_of_holidays
from decisions.policy_file.linter import lint
from decisions.policy_file.load import Policy, parse_document
from decisions.policy_file.reading import plain_values
from decisions.rules.calendar import WorkingCalendar
from tests.decisions.decision_cases import overdue_facts
from wording.messages import LANGUAGES
from wording.publication import publish

Values: TypeAlias = dict[str, Any]


def _policy(calendar: Values, **more: object) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values |= {"calendar": {"timezone": "Europe/Brussels"} | calendar} | more
    return Policy(parse_document(values, "test"))


def _codes(policy: Policy) -> dict[str, str]:
    return {f.code: f.severity for f in lint(policy.document, None)}


def _works(day: date, **calendar: Any) -> bool:  # noqa: ANN401
    working = WorkingCalendar(Calendar(**calendar), ZoneInfo("UTC"))
    return working.is_business_day(day)


@pytest.mark.parametrize(
    ("day", "plain", "kinds"),
    [
        pytest.param(
            date(2025, 8, 15),
            {"country": "DE", "subdivision": "BY"},
            ["catholic"],
            id="Assumption in a Catholic part of Bavaria",
        ),
        pytest.param(
            date(2026, 2, 17), {"country": "BR"}, ["optional"], id="Carnival in Brazil"
        ),
        pytest.param(
            date(2026, 4, 14),
            {"country": "CY"},
            ["bank"],
            id="Easter Tuesday in Cyprus",
        ),
    ],
)
def test_further_kinds_of_holidays_are_days_off_beside_the_public_ones(
    day: date, plain: Values, kinds: list[str]
) -> None:
    assert _works(day, **plain)
    assert not _works(day, **plain, categories=kinds)
    assert not _works(date(2026, 1, 1), **plain, categories=kinds)


def test_an_unknown_kind_is_answered_with_those_there_are() -> None:
    with pytest.raises(PolicyFileError, match=r"CY has no holidays.*bank, optional"):
        _policy({"country": "CY", "categories": ["carnival"]})
    with pytest.raises(PolicyFileError, match=r"NO has no holidays.*leave"):
        _policy({"country": "NO", "categories": ["bank"]})
    with pytest.raises(PolicyFileError, match="categories needs a country"):
        _policy({"categories": ["bank"]})


def test_holidays_on_which_people_work_are_no_days_off() -> None:
    assert kinds_of_holidays("LA") == ("bank", "school")
    with pytest.raises(PolicyFileError, match="it has bank, school"):
        _policy({"country": "LA", "categories": ["workday"]})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_tells_customers_of_further_kinds(lang: str) -> None:
    plain = _policy({"country": "CY"})
    more = _policy({"country": "CY", "categories": ["bank", "optional"]})
    assert len(publish(more, lang, "md")) > len(publish(plain, lang, "md"))
    if lang == "en":
        assert "bank holidays and optional holidays" in publish(more, lang, "md")


@pytest.mark.parametrize(
    ("calendar", "is_warned"),
    [
        pytest.param({"country": "CH"}, True, id="cantons differ"),
        pytest.param({"country": "CH", "subdivision": "ZH"}, False, id="a canton"),
        pytest.param({"country": "BE"}, False, id="regions do not differ"),
        pytest.param({}, False, id="no country"),
    ],
)
def test_a_country_whose_regions_differ_asks_for_one(
    calendar: Values, *, is_warned: bool
) -> None:
    found = _codes(_policy(calendar))
    assert found.get("subdivision_missing") == ("warning" if is_warned else None)


@pytest.mark.parametrize(
    ("calendar", "more", "severity"),
    [
        pytest.param(
            {"country": "BE"}, {"effective_from": "2101-01-01"}, "error", id="begins"
        ),
        pytest.param(
            {"country": "BE"}, {"effective_to": "2101-01-01"}, "warning", id="ends"
        ),
        pytest.param(
            {"country": "BE"}, {"effective_to": "9999-12-31"}, None, id="has no end"
        ),
        pytest.param({"country": "JP"}, {}, None, id="far enough"),
        pytest.param({}, {"effective_from": "2101-01-01"}, None, id="no country"),
    ],
)
def test_years_without_known_holidays_are_found(
    calendar: Values, more: Values, severity: str | None
) -> None:
    policy = _policy(calendar, amendments=[], **more)
    assert _codes(policy).get("holidays_unknown") == severity


def test_nobody_is_stopped_in_a_year_without_known_holidays() -> None:
    policy = _policy({"country": "BE"})
    at = datetime(2101, 3, 3, 10, tzinfo=UTC)
    assert policy.latest.calendar.may_stop_from(at) == (None, "holidays_unknown")
    found = recommend(Case(overdue_facts(at=at), 0.0, 0.9), policy, at)
    assert "holidays_unknown" in {reason.code for reason in found.permission.withheld}
    assert found.action != "suspend"
    saturday = datetime(2100, 12, 25, 10, tzinfo=UTC)
    opens, code = policy.latest.calendar.may_stop_from(saturday)
    assert code == "day_off"
    assert opens is not None
    last = datetime(2100, 12, 31, 23, 30, tzinfo=UTC)  # in Brussels the next year
    assert policy.latest.calendar.may_stop_from(last) == (None, "holidays_unknown")


def test_a_stop_that_only_an_unknown_year_would_permit_has_no_date() -> None:
    calendar = Calendar(country="BE", working_days=(5,), cut_off="12:00")
    working = WorkingCalendar(calendar, ZoneInfo("UTC"))
    late = datetime(2100, 12, 31, 13, tzinfo=UTC)  # the last Friday of 2100
    assert working.may_stop_from(late) == (None, "outside_hours")


@pytest.mark.parametrize(
    ("written", "country", "subdivision"),
    [
        pytest.param("country: AT, subdivision: 9", "AT", "9", id="Vienna"),
        pytest.param("country: FR, subdivision: 57", "FR", "57", id="Moselle"),
        pytest.param("country: PT, subdivision: 01", "PT", "01", id="Aveiro"),
        pytest.param("country: NO", "NO", None, id="Norway"),
        pytest.param("country: IT, subdivision: NO", "IT", "NO", id="Novara"),
    ],
)
def test_regions_that_are_numbers_need_no_quotes(
    written: str, country: str, subdivision: str | None
) -> None:
    calendar = Calendar.model_validate(plain_values(f"{{{written}}}", "test"))
    assert (calendar.country, calendar.subdivision) == (country, subdivision)


@pytest.mark.parametrize(
    "calendar",
    [{"country": False}, {"country": "BE", "subdivision": True}, {"country": 32}],
)
def test_what_is_no_region_is_refused_with_what_to_write(calendar: Values) -> None:
    with pytest.raises(PolicyFileError, match="calendar"):
        _policy(calendar)


ONE_COUNTRY = """
import sys
from decisions.policy.public_holidays import public_holidays
n_days = len(public_holidays("BE", None, (), 2026))
n = sum(name.startswith("holidays.countries.") for name in sys.modules)
from holidays.countries import France
import holidays
print(n_days, n, len(France(years=2026)), holidays.countries.Belgium.__name__)
"""


def test_a_policy_loads_its_own_country_alone() -> None:
    """What else asks for the package of all countries still gets it."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", ONE_COUNTRY]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    n_days, n, n_french, name = done.stdout.split()
    assert (int(n_days), int(n_french), name) == (12, 11, "Belgium")
    assert int(n) < 10
