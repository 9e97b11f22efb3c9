"""`forbear act restore`: looks once, and says what is late."""

from pathlib import Path

import pytest

from cli.act_options import Stores
from cli.act_restore import _Looking
from execution.errors import ServiceUnusableError
from execution.restoring import RestorationResult
from store.acts import Acts
from store.errors import StoreUnavailableError
from store.opening import open_acts, open_event_store
from tests.cli.conftest import Run
from tests.cli.test_act_more import at, fake, service
from tests.execution.conftest import acts, an_act
from tests.execution.test_plan import an_answer, record

__all__ = ["acts", "at", "fake", "service"]
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


class Down:
    """Cannot be asked, and counts how often what is due was carried out."""

    def __init__(self, error: Exception) -> None:
        self.error, self.n_carried_out = error, 0

    def look(self) -> None:
        raise self.error

    def carry_out(self, _: object) -> None:
        self.n_carried_out += 1


@pytest.mark.parametrize(
    "error", [ServiceUnusableError("ConnectError"), StoreUnavailableError("busy")]
)
def test_what_cannot_be_asked_is_said_once_and_ends_no_loop(
    capsys: pytest.CaptureFixture[str], acts: Acts, error: Exception
) -> None:
    down = Down(error)
    stores = Stores(acts, None)  # type: ignore[arg-type]  # nothing is late
    looking = _Looking(down, stores, "partner-center")  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        looking.once()
    looking.again()
    looking.again()
    assert capsys.readouterr().out == f"{error}\n"
    assert down.n_carried_out == 3


class Asked:
    """Answers looks from a list."""

    def __init__(self, *looks: RestorationResult) -> None:
        self.looks = list(looks)

    def look(self) -> RestorationResult:
        return self.looks.pop(0)

    def carry_out(self, _: object) -> None:
        """Nothing is due."""


def test_all_steps_are_looked_at_and_who_cannot_be_asked_about_is_named(
    capsys: pytest.CaptureFixture[str], acts: Acts
) -> None:
    asked = Asked(
        RestorationResult(20, [], {"acme": "internal_error"}, 0, n_left=1),
        RestorationResult(1, [], {}, 2, n_left=0),
    )
    stores = Stores(acts, None)  # type: ignore[arg-type]  # nothing is late
    looking = _Looking(asked, stores, "partner-center")  # type: ignore[arg-type]
    assert looking.once()
    assert asked.looks == []
    assert capsys.readouterr().out == (
        "acme: access is not given back (internal_error)\n"
        "2 subscriptions that others suspended, left alone\n"
    )
