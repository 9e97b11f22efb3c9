"""`forbear act restore`: looks once, and says what is late."""

from pathlib import Path

import pytest

from store.opening import open_acts, open_event_store
from tests.cli.conftest import Run
from tests.cli.test_act_more import at, fake, service
from tests.execution.conftest import an_act
from tests.execution.test_plan import an_answer, record

__all__ = ["at", "fake", "service"]
LONG_AGO = "2026-06-21T04:00:00+00:00"
BACK = {"cure": "paid", "by": "person", "reasons": ["nonpayment"]}


@pytest.fixture
def events(at: list[str], home: Path) -> None:
    open_event_store(home).close()  # beside the decisions that `at` made


@pytest.mark.usefixtures("events", "service")
def test_where_nobody_is_stopped_nothing_is_said(forbear: Run, at: list[str]) -> None:
    ran = forbear("act", "restore", *at)
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.usefixtures("events", "service")
def test_a_restoration_that_is_late_is_named(
    forbear: Run, at: list[str], home: Path
) -> None:
    back = {**BACK, "restore_by": LONG_AGO}
    answer = an_answer(follow_up={"reactivation": back, "pause": None})
    record(home, ("acme", answer))
    acts = open_acts(home)
    acts.plan([an_act(kind="restore", decision_id="d0", n_approvals=1)])
    acts.close()
    ran = forbear("act", "restore", *at)
    assert ran.code == 1
    assert "LATE: acme s1 was to have access by 2026-06-21 04:00 UTC" in ran.out
    assert "(planned)" in ran.out
