"""Nothing that stands in a policy file ends in a traceback: it is refused by place."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from decisions.errors import PolicyFileError
from decisions.policy.calendar import Calendar
from decisions.policy.holds import StandingKind
from decisions.policy.people import SubjectKind
from decisions.policy.retries import PaymentMethod
from decisions.policy.ways import Sign
from decisions.policy_file.check import check
from decisions.policy_file.lines import Lines
from decisions.policy_file.load import (
    SHIPPED,
    Policy,
    load_policy,
    parse_document,
    parse_policy,
)
from decisions.policy_file.reading import plain_values
from decisions.rules.calendar import WorkingCalendar
from decisions.rules.catalogue import RULE_BY_CODE
from features.contract import TABLES
from wording.publication import publish

TEXT = (SHIPPED / "plain-timeline.yaml").read_text()
VALUES = parse_policy(TEXT).document.model_dump(mode="json", by_alias=True)
EXAMPLE = {"name": "a", "p": [0.0, 0.3], "open": 200, "expect": "none"}
LATER = {"from": "2026-09-01", "because": "x"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("effective_from: 2026-02-30", 1, id="no date"),
        pytest.param(f"version: {'9' * 5000}", None, id="too many digits"),
        pytest.param("version: !!int many", None, id="no number"),
        pytest.param("version: !!timestamp soon", None, id="no moment"),
        pytest.param("version: !!bool maybe", None, id="neither true nor false"),
        pytest.param("? [1, 2]\n: 3", None, id="a key that is a list"),
        pytest.param("a: " + "[" * 5000, None, id="too deep"),
        pytest.param('owner: "\\ud800"', 1, id="half a character"),
        pytest.param("a: 1\nb:\n  c: 1\n  c: 2\n", 4, id="a key twice"),
        pytest.param("a: 1\nb: 2\na: 2\n", 3, id="twice, far away"),
    ],
)
def test_what_is_no_yaml_of_ours_is_refused(text: str, line: int | None) -> None:
    with pytest.raises(PolicyFileError) as refused:
        parse_policy(text)
    [found] = refused.value.findings
    assert (refused.value.source, found.where, found.line) == ("policy", "", line)
    place = "policy" if line is None else f"policy: line {line}"
    assert str(refused.value) == f"{place}: {found.message}"


def test_a_row_with_a_key_that_is_a_list_has_a_line_all_the_same() -> None:
    lines = Lines("a: {x: 1}\nladder: [{[1]: 2}]\n")
    assert lines.of("ladder.first") == 2
    assert Lines("ladder:\n- {[1]: 2, state: first}").of("ladder.first") == 2


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"owner: Andr\xe9\n")
    with pytest.raises(PolicyFileError, match="UTF-8") as refused:
        load_policy(path)
    assert (refused.value.code, refused.value.source) == ("policy_file", str(path))


def test_a_merged_key_may_be_overridden() -> None:
    text = "a: &a {b: 1}\nc: {<<: *a, b: 2}\n"
    assert plain_values(text, "test") == {"a": {"b": 1}, "c": {"b": 2}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("calendar.timezone", "Europe"),
        ("calendar.timezone", "x" * 5000),
        ("calendar.country", "XX"),
        ("calendar.country", "Belgium"),
        ("calendar", {"subdivision": "BY"}),
        ("calendar", {"country": "BE", "subdivision": "ZZ"}),
        ("calendar.cut_off", 17),
        ("calendar.cut_off", "17:30Z"),
        ("calendar", {"from_time": "17:00", "cut_off": "08:00"}),
        ("calendar", {"working_days": [1, 3], "not_before_day_off": True}),
        ("effective_from", 2026),
        ("effective_to", "1990-01-01"),
        ("language", "xx"),
        ("language", "en-ZQ"),
        ("horizon_days", 10**9),
        ("materiality", {"EUR": 1e300}),
        ("budget.per_day", 10**400),
        ("holdout.epoch_days", 10**30),
        ("amendments", [LATER | {"set": {"calendar": {"timezone": "Mars/X"}}}]),
        ("amendments", [LATER | {"set": {"effective_to": "2026-12-31"}}]),
        ("amendments", [LATER | {"set": {"currency": "USD"}}]),
        ("cases", [EXAMPLE | {"days_overdue": 10**9}]),
        ("cases", [EXAMPLE | {"days_overdue": -1}]),
        ("cases", [EXAMPLE | {"open": 1e308}]),
        ("cases", [EXAMPLE | {"at": "soon"}]),
        ("cases", [EXAMPLE | {"at": "2026-06-09T10:00:00"}]),
        ("cases", [EXAMPLE | {"at": "0001-01-01T00:00:00Z"}]),
        ("cases", [EXAMPLE | {"stale_hours": float("inf")}]),
        ("cases", [EXAMPLE | {"notices": {"reminder": 10**9}}]),
        ("notices.kinds", {}),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(path: str, value: Any) -> None:  # noqa: ANN401
    *sections, key = path.split(".")
    values = dict(VALUES)
    place = values
    for name in sections:
        place[name] = dict(place[name])
        place = place[name]
    place[key] = value
    with pytest.raises(PolicyFileError) as refused:
        Policy(parse_document(values, "test"))
    said = str(refused.value)
    assert path.split(".", maxsplit=1)[0] in said or "2026-09-01" in said


def found_in(example: dict[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a policy that has this example: where, and why."""
    try:
        policy = Policy(parse_document(VALUES | {"cases": [EXAMPLE | example]}, "test"))
    except PolicyFileError as error:
        return [(one.where, one.message) for one in error.findings]
    return [
        (one.where, one.message) for one in check(policy) if one.severity == "error"
    ]


def test_an_example_speaks_of_what_there_is() -> None:
    exist = "there are " + ", ".join(VALUES["notices"]["kinds"])
    assert found_in({"notices": {"misspelt": 3}, "bounced": {"x": 1}}) == [
        (
            "cases.a.notices.misspelt",
            f"notices.kinds does not describe 'misspelt'; {exist}",
        ),
        ("cases.a.bounced.x", f"notices.kinds does not describe 'x'; {exist}"),
    ]
    assert found_in({"withheld": "promis"}) == [
        ("cases.a", "there is no reason 'promis'; did you mean 'promise'?")
    ]
    [(_, said)] = found_in({"withheld": "zzz"})
    assert all(code in said for code in RULE_BY_CODE)


@pytest.mark.parametrize(
    ("key", "value", "known"),
    [
        ("holds", ["exemptions"], "'exemption'"),
        ("subject_kind", "person", "'natural_person'"),
        ("failed", [{"days_ago": 1, "method": "crd"}], "'card'"),
        ("evidence", ["crypto_minning:high"], "'crypto_mining'"),
        ("evidence", ["crypto_mining:sure"], "low, medium, high"),
        ("evidence", ["crypto_mining:"], "low, medium, high"),
        ("measure", "restricted", "'restrict'"),
        ("no_retry", "never", "'hard_decline'"),
        ("expect", "stop", "'suspend'"),
    ],
)
def test_what_an_example_names_is_refused_with_what_exists(
    key: str, value: object, known: str
) -> None:
    [(where, said)] = found_in({key: value})
    assert where.startswith(f"cases.a.{key}")
    assert known in said


def test_what_a_policy_may_name_is_what_the_contract_knows() -> None:
    def choices(table: str, column: str) -> tuple[str, ...]:
        return TABLES[table].column(column).choices

    assert get_args(PaymentMethod) == choices("payments", "method")
    assert get_args(StandingKind) == choices("holds", "kind")
    assert get_args(SubjectKind) == choices("customers", "subject_kind")
    alerts = (*choices("alerts", "kind"), "other")  # what an open list keeps
    assert get_args(Sign)[: len(alerts)] == alerts


def test_a_policy_may_be_in_force_since_ever() -> None:
    policy = Policy(parse_document(VALUES | {"effective_from": "0001-01-01"}, "test"))
    assert policy.in_force(datetime(1970, 1, 1, tzinfo=UTC)) is policy.latest
    [(start, _)] = policy.versions[:1]
    assert start.date() == date.min


def test_a_policy_may_be_in_force_for_ever() -> None:
    policy = Policy(parse_document(VALUES | {"effective_to": "9999-12-31"}, "test"))
    assert policy.in_force(datetime(2300, 1, 1, tzinfo=UTC)) is not None


def test_a_long_wait_on_few_working_days_ends_one_day() -> None:
    calendar = Calendar(working_days=(3,))
    working = WorkingCalendar(calendar, ZoneInfo("UTC"))
    first = working.after_business_days(datetime(2026, 6, 9, 12, tzinfo=UTC), 520)
    assert first.date() > date(2036, 5, 1)


def test_a_language_without_rules_of_its_own_is_named() -> None:
    kinds = {"r": {"channels": ["email"], "languages": ["fon"]}}
    values = VALUES | {"notices": {"kinds": VALUES["notices"]["kinds"] | kinds}}
    assert "Fon" in publish(Policy(parse_document(values, "test")), "en", "md")


def test_an_empty_table_of_four_eyes_is_no_limit() -> None:
    values = VALUES | {"approvals": {"four_eyes_over": {}}}
    assert Policy(parse_document(values, "test")).latest.four_eyes_over == float("inf")
