"""What a letter says of the next step is never earlier than the ladder permits it."""

from datetime import UTC, date, datetime

import pytest

from decisions.follow_up.next_step import next_step
from decisions.policy.document import PolicyDocument
from decisions.policy_file.load import default_policy
from decisions.terms import compile_terms

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("state", "due_on", "expected"),
    [
        # reminder_2: ten days after the due date, and five full days after the letter
        pytest.param("reminder_1", date(2026, 11, 27), ("remind", 7), id="by due date"),
        pytest.param("reminder_1", date(2026, 10, 1), ("remind", 6), id="by letter"),
        # seven working days after Monday are over with Wednesday of the week after
        pytest.param("final_notice", date(2026, 10, 1), ("suspend", 10), id="a stop"),
    ],
)
def test_the_next_step_of_the_shipped_policy(
    state: str, due_on: date, expected: tuple[str, int]
) -> None:
    found = next_step(default_policy().latest, state, due_on, NOON)
    assert found is not None
    assert (found.action, found.day) == (expected[0], date(2026, 12, expected[1]))


@pytest.mark.parametrize("state", ["suspension", "termination", "unheard_of"])
def test_where_days_alone_do_not_say_it_nothing_is_said(state: str) -> None:
    assert next_step(default_policy().latest, state, date(2026, 10, 1), NOON) is None


def test_another_clock_names_no_day() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["clock"]["anchor"] = "payment_failed"
    values["ladder"][1]["when"]["days_since"] = {}
    terms = compile_terms(PolicyDocument.model_validate(values), "p@1", "h")
    assert next_step(terms, "reminder_1", date(2026, 10, 1), NOON) is None
